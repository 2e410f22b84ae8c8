"""Who asked: what tells the clients of exchanges apart. Names stay in memory; windows count their hashes. Pure.

A proxy that is trusted tells for whom it asks (X-Forwarded-For); the right-most hop that is no trusted proxy itself is
the client, since what stands left of it is only said by that client.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from sentinel.traffic import Exchange

FORWARDED = "x-forwarded-for"
MOST_HOPS = 32
"""Of one header that are looked at, from the right."""
MOST_ADDRESSES = 4_096
"""Whose trust is remembered; reading an address takes longer than the rest."""


class Clients:
    """header: lower-case name of the request header that alone tells clients apart; of a list its first entry counts.
    "": the address that connected and, where that is a trusted proxy, whom it names. trusted: networks of proxies.
    """

    def __init__(self, header: str = "", trusted: Sequence[str] = ()) -> None:
        self._header = header
        self._trusted = _remembered(trusted)

    def of(self, exchange: Exchange) -> str:
        """The client; "" where nobody knows."""
        headers = exchange.request.headers
        if self._header:
            return headers.get(self._header, "").partition(",")[0].strip()
        if exchange.peer and not self._trusted(exchange.peer):
            return exchange.peer
        hops = [hop.strip() for hop in headers.get(FORWARDED, "").rsplit(",", MOST_HOPS)[-MOST_HOPS:]]
        named = [hop for hop in hops if hop]
        strangers = (hop for hop in reversed(named) if not self._trusted(hop))
        return next(strangers, named[0] if named else exchange.peer)


def _remembered(trusted: Sequence[str]) -> Callable[[str], bool]:
    networks = [ip_network(network) for network in trusted]

    @lru_cache(MOST_ADDRESSES)
    def trusts(name: str) -> bool:
        try:
            address = ip_address(_host(name))
        except ValueError:
            return False
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return any((mapped or address) in network for network in networks)

    return trusts


def _host(hop: str) -> str:
    """A hop without its port: 10.0.0.1:4711, [::1]:4711."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
