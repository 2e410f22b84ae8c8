"""HTTP to configured targets and nowhere else.

Every request: https unless the target allows http; the host on the allow-list where there is one; its name resolved
once, every address checked, and the connection made to exactly those addresses (no second look-up that could be
rebound); no redirects, no proxies or credentials from the environment, no cookies; answers read up to a limit.
Cluster-internal addresses are allowed, since deployment systems live there; metadata services never are.
Source: Standard Webhooks 1.0 on SSRF; OWASP SSRF prevention.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from sentinel.rollback.retries import FAILURES

MOST_ANSWER_BYTES = 65_536
"""Read of an answer; receivers have little to say, and we do not trust them with our memory."""

METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "169.254.170.2", "fd00:ec2::254", "100.100.100.200", "192.0.0.192")
)
"""Instance metadata services of AWS (two), AWS over IPv6, Alibaba and Oracle; GCP and Azure use the first."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class EgressError(Exception):
    """An attempt without a usable answer. word: a key of `retries.FAILURES`."""

    def __init__(self, word: str, detail: str) -> None:
        assert word in FAILURES, word
        self.word, self.detail = word, detail
        super().__init__(f"{word}: {detail}")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: body as far as it was wanted, empty when it could not be read (the status counts all the same).

    headers: found whatever the case of their letters.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request to be made; of the answer at most `most_answer_bytes` are read."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    most_answer_bytes: int = MOST_ANSWER_BYTES


def refused(address: Address, *, allow_loopback: bool) -> str | None:
    """Why an address may not be connected to, or None."""
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    if address in METADATA or address.is_link_local:
        return "is a metadata or link-local address"
    if address.is_unspecified or address.is_multicast:
        return "is no address of one host"
    if address.is_loopback and not allow_loopback:
        return "is loopback, allowed only with allow_http"
    return None


async def resolve(host: str, port: int) -> Sequence[str]:
    """Addresses of a host by the system's resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _Pinned(AbstractResolver):
    """Answers with the addresses that were checked, whatever is asked."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET6 if address.version == 6 else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Holds nothing."""


@dataclass(frozen=True, slots=True)
class Egress:
    """Where one target may be reached. Nothing else makes a connection for this package."""

    allow_http: bool = False
    ca_file: str = ""
    allowed_hosts: tuple[str, ...] = ()
    resolve: Resolve = resolve

    async def send(self, call: Call) -> Reply:
        """Make the call. Raises EgressError; a status, whatever it is, is a Reply. The caller bounds the time."""
        async with await self.session(call.url) as session:
            return await exchange(session, call)

    async def session(self, url: str, kept_connections: int = 0) -> aiohttp.ClientSession:
        """A session that reaches the host of `url` at the addresses checked now, and nothing else. Raises EgressError.

        kept_connections: most of them, kept open between calls; 0: a fresh one for each call.
        """
        addresses = await self._checked(url)
        connector = aiohttp.TCPConnector(
            resolver=_Pinned(addresses),
            use_dns_cache=False,
            force_close=not kept_connections,
            limit=kept_connections,
            ssl=self._tls(url),
        )
        return aiohttp.ClientSession(
            connector=connector, trust_env=False, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        )

    async def connect(self, url: str, protocol: str) -> Connection:
        """A connection to the host of `url` at one of the addresses checked now, for another protocol than HTTP/1.1.

        protocol: what TLS must agree on (ALPN); clear text speaks it without asking. Raises EgressError.
        """
        parts, secure = urlsplit(url), url.startswith("https:")
        addresses, tls = await self._checked(url), self._context(protocol) if secure else None
        port, problem = parts.port or (443 if secure else 80), "no address"
        for address in addresses:
            try:
                found = await asyncio.open_connection(
                    str(address), port, ssl=tls, server_hostname=parts.hostname if secure else None
                )
            except ssl.SSLError as error:
                raise EgressError("tls", f"no TLS: {error}") from error
            except OSError as error:
                problem = error.strerror or type(error).__name__
                continue
            agreed = found[1].get_extra_info("ssl_object")
            if agreed is not None and agreed.selected_alpn_protocol() != protocol:
                found[1].close()
                raise EgressError("tls", f"the server does not speak {protocol}")
            return found
        raise EgressError("unreachable", f"no connection: {problem}")

    async def _checked(self, url: str) -> list[Address]:
        """The addresses the call may go to, or EgressError."""
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and self.allow_http):
            raise EgressError("forbidden", f"{parts.scheme or 'no'} scheme; use https or set allow_http")
        host = parts.hostname or ""
        if not host or parts.username is not None:
            raise EgressError("forbidden", "the address needs a host and may carry no credentials")
        if self.allowed_hosts and host not in self.allowed_hosts:
            raise EgressError("forbidden", f"{host} is not among rollback.allowed_hosts")
        try:
            found = await self.resolve(host, parts.port or (443 if parts.scheme == "https" else 80))
        except OSError as error:
            raise EgressError("unreachable", f"{host} does not resolve: {error.strerror}") from error
        addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in found]
        for address in addresses:
            if (why := refused(address, allow_loopback=self.allow_http)) is not None:
                raise EgressError("forbidden", f"{host} resolves to {address}, which {why}")
        return addresses

    def _tls(self, url: str) -> Any:
        """TLS as the target wants it; True is aiohttp's word for the system's authorities."""
        return self._context() if self.ca_file and url.startswith("https:") else True

    def _context(self, protocol: str = "") -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
        except (OSError, ssl.SSLError) as error:
            raise EgressError("tls", f"cannot read the authorities in {self.ca_file}: {error}") from error
        if protocol:
            context.set_alpn_protocols([protocol])
        return context


async def exchange(session: aiohttp.ClientSession, call: Call) -> Reply:
    """Make a call in a session of `Egress.session` for the same host. Raises EgressError."""
    try:
        async with session.request(
            call.method,
            call.url,
            headers=call.headers,
            data=call.body,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None),
        ) as response:
            return Reply(response.status, response.headers, await _read(response, call.most_answer_bytes))
    except aiohttp.ClientConnectorCertificateError as error:
        raise EgressError("tls", f"certificate refused: {error.certificate_error}") from error
    except (aiohttp.ClientSSLError, ssl.SSLError) as error:
        raise EgressError("tls", f"no TLS: {error}") from error
    except aiohttp.ClientConnectorError as error:
        raise EgressError("unreachable", f"no connection: {error.strerror}") from error
    except (aiohttp.ClientError, OSError) as error:
        raise EgressError("cut", f"connection lost before an answer: {type(error).__name__}") from error


async def _read(response: aiohttp.ClientResponse, room: int) -> bytes:
    """The body as far as it is wanted; an answer whose body breaks off has still been given."""
    chunks: list[bytes] = []
    try:
        while room > 0 and (chunk := await response.content.read(room)):
            chunks.append(chunk)
            room -= len(chunk)
    except (aiohttp.ClientError, OSError):
        return b""
    return b"".join(chunks)
