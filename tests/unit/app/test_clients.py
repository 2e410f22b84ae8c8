"""Which client asked: the address that connected, or whom trusted proxies name. Nobody can name himself another."""

import pytest

from sentinel.app.checks import problems
from sentinel.app.clients import Clients
from sentinel.config.groups.analysis import PRIVATE_NETWORKS
from sentinel.config.settings import FeatureSettings, Settings
from sentinel.traffic import Exchange
from sentinel.traffic.exchange import Message

CLIENTS = Clients("", PRIVATE_NETWORKS)


def asked(peer: str, forwarded: str = "", **headers: str) -> Exchange:
    known = {**headers, **({"x-forwarded-for": forwarded} if forwarded else {})}
    return Exchange("http/1.1", "POST", "/", 200, Message(known), Message(), 0.0, 0.0, 0.0, peer=peer)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.7", "", "10.0.0.7"),  # nobody in between
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # a stranger may say what it likes
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9, 192.168.3.4", "203.0.113.9"),  # what stands left of it is hearsay
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9:4711"),
        ("10.0.0.1", "10.2.0.5, 10.9.9.9", "10.2.0.5"),  # all of the house: where it came from
        ("::ffff:10.0.0.1", "203.0.113.9, [fc00::1]:80", "203.0.113.9"),
        ("fe80::1%eth0", "2001:db8::5", "2001:db8::5"),
        ("10.0.0.1", "unknown", "unknown"),
        ("10.0.0.1", " , ,", "10.0.0.1"),
        ("", "203.0.113.9", "203.0.113.9"),  # pushed by a mirror, or through a Unix socket
        ("", "", ""),
    ],
)
def test_the_client_is_the_nearest_that_is_no_trusted_proxy(peer: str, forwarded: str, client: str) -> None:
    assert CLIENTS.of(asked(peer, forwarded)) == client


def test_a_header_that_is_named_says_all() -> None:
    by_key = Clients("x-api-key", PRIVATE_NETWORKS)
    assert by_key.of(asked("203.0.113.9", **{"x-api-key": "blue, red"})) == "blue"
    assert by_key.of(asked("203.0.113.9")) == ""


def test_without_trusted_proxies_nobody_is_believed() -> None:
    assert Clients().of(asked("10.0.0.1", "203.0.113.9")) == "10.0.0.1"


def test_a_header_of_thousands_of_hops_costs_a_few() -> None:
    assert CLIENTS.of(asked("10.0.0.1", ", ".join(["203.0.113.9", *["10.0.0.1"] * 5000]))) == "10.0.0.1"


def test_a_network_that_is_none_is_refused() -> None:
    (problem,) = problems(Settings(features=FeatureSettings(trusted_proxies=("10.0.0.0/8", "10.0.0.1/8"))))
    assert problem.path == "features.trusted_proxies[1]"
    assert "is no network such as 10.0.0.0/8" in problem.message
