"""Where requests may go: addresses, schemes, hosts; and that what was checked is what is connected to."""

import ipaddress
import os
from collections.abc import Sequence

import pytest

from sentinel.rollback.egress import MOST_ANSWER_BYTES, Call, Egress, EgressError, refused
from tests.support import rollback_receiver as receivers
from tests.support.rollback_receiver import receiving, status


@pytest.mark.parametrize(
    "text",
    [
        "169.254.169.254",
        "169.254.0.1",
        "::ffff:169.254.169.254",
        "fd00:ec2::254",
        "100.100.100.200",
        "192.0.0.192",
        "fe80::1",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "ff02::1",
    ],
)
def test_never_allowed(text: str) -> None:
    assert refused(ipaddress.ip_address(text), allow_loopback=True)


@pytest.mark.parametrize("text", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_loopback_only_where_http_is_allowed(text: str) -> None:
    assert refused(ipaddress.ip_address(text), allow_loopback=False)
    assert refused(ipaddress.ip_address(text), allow_loopback=True) is None


@pytest.mark.parametrize("text", ["10.0.0.7", "192.168.1.1", "fd12::1", "93.184.216.34", "2606:2800:220::1"])
def test_cluster_and_public_addresses_are_allowed(text: str) -> None:
    assert refused(ipaddress.ip_address(text), allow_loopback=False) is None


def resolving(*addresses: str) -> "Resolver":
    return Resolver(addresses)


class Resolver:
    """A resolver that answers as told and counts how often it is asked."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self.addresses, self.asked = addresses, 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self.addresses


@pytest.mark.parametrize(
    ("url", "egress"),
    [
        ("http://deployer.example/", Egress()),
        ("ftp://deployer.example/", Egress(allow_http=True)),
        ("https://user:pass@deployer.example/", Egress()),
        ("https:///nowhere", Egress()),
        ("https://169.254.169.254/latest", Egress(allow_http=True)),
        ("https://[fd00:ec2::254]/", Egress(allow_http=True)),
        ("https://2852039166/", Egress(allow_http=True)),  # 169.254.169.254 as one number
        ("https://localhost/", Egress()),
        ("https://deployer.example/", Egress(allowed_hosts=("other.example",))),
        ("https://deployer.example/", Egress(resolve=resolving("169.254.169.254"))),
        ("https://deployer.example/", Egress(resolve=resolving("93.184.216.34", "127.0.0.1"))),
    ],
)
async def test_forbidden(url: str, egress: Egress) -> None:
    with pytest.raises(EgressError) as raised:
        await egress.send(Call("POST", url))
    assert raised.value.word == "forbidden"


async def test_one_look_up_and_the_connection_goes_there() -> None:
    resolver = resolving("127.0.0.1")
    async with receiving(status(200)) as receiver:
        port = receiver.address.rpartition(":")[2].removesuffix("/rollback")
        receiver.behaviours = [lambda _receiver, _request, writer: receivers.answer(writer, 204)]
        egress = Egress(allow_http=True, resolve=resolver)
        reply = await egress.send(Call("GET", f"http://deployer.example:{port}/x"))
    assert (reply.status, resolver.asked) == (204, 1)
    assert receiver.requests[0].headers["host"] == f"deployer.example:{port}"


async def test_redirects_are_not_followed_and_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setitem(os.environ, name, "http://127.0.0.1:1")
    async with receiving(status(302, "Location: http://169.254.169.254/\r\n")) as receiver:
        reply = await Egress(allow_http=True).send(Call("GET", receiver.address))
    assert reply.status == 302
    assert len(receiver.requests) == 1


async def test_a_long_answer_is_cut() -> None:
    async def talk(_receiver: object, _request: object, writer: receivers.Writer) -> None:
        writer.write(b"HTTP/1.1 500 No\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    async with receiving(talk) as receiver:
        reply = await Egress(allow_http=True).send(Call("GET", receiver.address))
    assert (reply.status, len(reply.body)) == (500, MOST_ANSWER_BYTES)


async def test_a_name_that_does_not_resolve() -> None:
    with pytest.raises(EgressError) as raised:
        await Egress().send(Call("GET", "https://no-such-host.invalid/"))
    assert raised.value.word == "unreachable"
