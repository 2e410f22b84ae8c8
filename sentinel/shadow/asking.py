"""The same request to another endpoint, and its answer as an exchange that the decoders read. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

from sentinel.rollback.egress import Call
from sentinel.shadow.line import Timed
from sentinel.traffic import Exchange, Message

MARK = "x-sentinel-shadow"
"""Header of every mirrored request; one that carries it is not mirrored again."""
CONTENT_HEADERS = ("content-type", "content-encoding", "accept", "inference-header-content-length", "grpc-encoding")
"""Headers without which a body cannot be read, always sent along; others only where they are named."""
PLAIN_ANSWER: Mapping[str, str] = {"accept-encoding": "identity"}
PLAIN_GRPC_ANSWER: Mapping[str, str] = {"te": "trailers", "grpc-accept-encoding": "identity"}
"""Asks for an answer without compression; `te` says that trailers are understood, which gRPC wants to hear."""
MOST_ANSWER_BYTES = 8 << 20


def address(url: str, target: str) -> str:
    """Where a request for `target` goes at an endpoint: the path in `url`, where it has one, replaces the request's."""
    base, asked = urlsplit(url), urlsplit(target)
    path = base.path if base.path not in ("", "/") else asked.path
    return urlunsplit((base.scheme, base.netloc, path, base.query or asked.query, ""))


def call_of(exchange: Exchange, url: str, forwarded: Sequence[str], added: Mapping[str, str]) -> Call:
    """The request of an exchange, for the endpoint at `url`. forwarded: names of headers that go along."""
    names = (*CONTENT_HEADERS, *(name.lower() for name in forwarded))
    headers = {name: value for name, value in exchange.request.headers.items() if name in names}
    headers |= {MARK: "1", **(PLAIN_GRPC_ANSWER if exchange.protocol == "grpc" else PLAIN_ANSWER), **added}
    return Call(exchange.method, address(url, exchange.target), headers, exchange.request.body, MOST_ANSWER_BYTES)


def answered(exchange: Exchange, timed: Timed, url: str) -> Exchange:
    """The exchange as it would have been with this endpoint."""
    headers = {name.lower(): value for name, value in timed.reply.headers.items()}
    cut = len(timed.reply.body) >= MOST_ANSWER_BYTES
    parts, grpc_status = urlsplit(address(url, exchange.target)), headers.get("grpc-status", "")
    return replace(
        exchange,
        target=urlunsplit(("", "", parts.path, parts.query, "")),
        status=timed.reply.status,
        response=Message(headers, timed.reply.body, truncated=cut),
        duration_seconds=timed.seconds,
        first_byte_seconds=timed.seconds,
        grpc_status=int(grpc_status) if grpc_status.isdigit() else None,
    )


def refused(exchange: Exchange) -> bool:
    """Whether the answer is an error, in the words of its protocol."""
    return not 200 <= exchange.status < 300 or bool(exchange.grpc_status)
