"""Reading of HTTP/2 and gRPC samples: the relay has walked the frames, so only headers and bodies are put together
here.

A side's first chunk is its headers as JSON, the rest is DATA in order: for gRPC, its length-prefixed messages. Pure.
"""

import json
from itertools import accumulate

from sentinel.intake.http1 import EVENT_STREAM, Unreadable
from sentinel.traffic.channel import Sample, Side
from sentinel.traffic.exchange import Exchange, Message

_PSEUDO = ":"


def read(sample: Sample, max_body_bytes: int) -> list[Exchange] | Unreadable:
    """The exchange of a stream. Reasons: no_response (reset before an answer), incomplete (reset in the middle of
    one).
    """
    if not sample.status:
        return Unreadable("no_response")
    asked, request = _message(sample.request, max_body_bytes)
    _, response = _message(sample.response, max_body_bytes)
    if sample.closed and EVENT_STREAM not in response.headers.get("content-type", ""):
        return Unreadable("incomplete")
    grpc_status = response.headers.get("grpc-status", "")
    return [
        Exchange(
            protocol=sample.protocol,
            method=asked.get(":method", ""),
            target=asked.get(":path", ""),
            status=sample.status,
            request=request,
            response=response,
            started_at=sample.started_at,
            duration_seconds=sample.duration_seconds,
            first_byte_seconds=sample.first_byte_seconds,
            grpc_status=int(grpc_status) if grpc_status.isdigit() else None,
            chunk_seconds=tuple(sample.response.seconds[1:]),
            listener=sample.listener,
            chunk_bytes=tuple(accumulate(map(len, sample.response.chunks[1:]))),
            aborted=sample.closed,
            peer=sample.peer,
        )
    ]


def _message(side: Side, max_body_bytes: int) -> tuple[dict[str, str], Message]:
    """Pseudo headers, and the message with the others."""
    pseudo: dict[str, str] = {}
    headers: dict[str, str] = {}
    for name, value in json.loads(side.chunks[0]):
        kept = pseudo if name.startswith(_PSEUDO) else headers
        kept[name] = f"{kept[name]}, {value}" if name in kept else value
    body = b"".join(side.chunks[1:])
    truncated = side.cut or len(body) > max_body_bytes
    return pseudo, Message(headers, b"" if truncated else body, truncated)
