"""`sentinel intake`: configuration for proxies that hand their traffic over."""

from argparse import Namespace

from sentinel.cli.problems import CommandError
from sentinel.cli.settings import settings_of
from sentinel.config import split_address
from sentinel.intake import snippets

ENVOY_LISTENS = "127.0.0.1:9110"
"""Where the sidecar takes Envoy's telling, if the settings do not say."""
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


def envoy(arguments: Namespace) -> int:
    listen = settings_of(arguments).envoy.listen or ENVOY_LISTENS
    host, port = _split(arguments.address or _reachable(listen))
    print(snippets.envoy(host, port, _ratio(arguments), f'sentinel.yaml: envoy: {{listen: "{listen}"}}'), end="")
    return 0


def nginx(arguments: Namespace) -> int:
    settings = settings_of(arguments)
    address = arguments.address or _reachable(settings.telemetry.listen)
    upstream = arguments.upstream or f"http://{settings.relay[0].upstream}"
    print(snippets.nginx(address, _ratio(arguments), upstream), end="")
    return 0


def _ratio(arguments: Namespace) -> float:
    ratio: float = arguments.ratio
    if not 0 < ratio <= 1:
        raise CommandError(f"--ratio {ratio:g}: a share of requests is more than 0 and at most 1")
    return ratio


def _split(address: str) -> tuple[str, int]:
    try:
        return split_address(address)
    except ValueError as error:
        raise CommandError(f"--address {address}: write host:port, such as {ENVOY_LISTENS}") from error


def _reachable(listen: str) -> str:
    """The address under which a proxy in the same pod finds it."""
    host, port = split_address(listen)
    return f"127.0.0.1:{port}" if host in _EVERYWHERE else listen
