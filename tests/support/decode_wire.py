"""Recorded messages as exchanges: what the relay would hand over for them."""

import gzip
import json
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from sentinel.traffic import Exchange, Message

DATA = Path(__file__).parents[1] / "data" / "decode"
STARTED_AT = 1_795_304_000.0


@dataclass(frozen=True)
class Head:
    start: str
    headers: dict[str, str]
    body: bytes


def recorded(name: str) -> bytes:
    path = DATA / name
    return path.read_bytes() if path.exists() else gzip.decompress((DATA / f"{name}.gz").read_bytes())


def names(suffix: str = ".req") -> list[str]:
    """server/name of every recording, without its suffix."""
    found = [str(path.relative_to(DATA)).removesuffix(".gz") for path in DATA.rglob("*")]
    return sorted(name.removesuffix(suffix) for name in found if name.endswith(suffix))


def parsed(raw: bytes) -> Head:
    head, _, body = raw.partition(b"\r\n\r\n")
    start, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        body = _dechunked(body)
    return Head(start, headers, body)


def _dechunked(body: bytes) -> bytes:
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        parts.append(body[:length])
        body = body[length + 2 :]
    return b"".join(parts)


def exchange(name: str) -> Exchange:
    """The recorded HTTP exchange `server/name`."""
    request, response = parsed(recorded(f"{name}.req")), parsed(recorded(f"{name}.resp"))
    method, target, _ = request.start.split(" ")
    chunks: tuple[float, ...] = ()
    sizes: tuple[int, ...] = ()
    if (DATA / f"{name}.timing.json").exists():
        timing = json.loads(recorded(f"{name}.timing.json"))
        chunks = tuple(seconds for seconds, _ in timing)
        sizes = _arrived(recorded(f"{name}.resp"), [size for _, size in timing])
    return made(
        method,
        target,
        request.body,
        response.body,
        status=int(response.start.split(" ")[1]),
        request_headers=request.headers,
        response_headers=response.headers,
        chunk_seconds=chunks,
        chunk_bytes=sizes,
    )


def _arrived(raw: bytes, sizes: list[int]) -> tuple[int, ...]:
    """Bytes of the body that had come with each of the chunks of these sizes on the wire, chunked framing undone."""
    head = raw.index(b"\r\n\r\n") + 4
    found = []
    for end in accumulate(sizes):
        at, body = head, 0
        while at < end:
            line, _, _ = raw[at:].partition(b"\r\n")
            at += len(line) + 2
            body += min(int(line, 16), max(0, end - at))
            at += int(line, 16) + 2
        found.append(body)
    return tuple(found)


def recorded_exchanges() -> dict[str, Exchange]:
    """Every recorded exchange by server/name."""
    found = {name: exchange(name) for name in names()}
    for server in ("mlserver", "kserve", "triton"):
        found[f"{server}/grpc-infer"] = _recorded_grpc(
            f"{server}/grpc-infer", "inference.GRPCInferenceService/ModelInfer"
        )
    name = "tfserving-standin/grpc-predict"
    return {**found, name: _recorded_grpc(name, "tensorflow.serving.PredictionService/Predict")}


def _recorded_grpc(name: str, method: str) -> Exchange:
    return grpc(f"/{method}", recorded(f"{name}.req.pb"), recorded(f"{name}.resp.pb"))


def made(
    method: str,
    target: str,
    request: bytes,
    response: bytes,
    *,
    status: int = 200,
    request_headers: dict[str, str] | None = None,
    response_headers: dict[str, str] | None = None,
    protocol: str = "http/1.1",
    grpc_status: int | None = None,
    chunk_seconds: tuple[float, ...] = (),
    chunk_bytes: tuple[int, ...] = (),
    aborted: bool = False,
) -> Exchange:
    return Exchange(
        protocol=protocol,
        method=method,
        target=target,
        status=status,
        request=Message(request_headers or {}, request),
        response=Message(response_headers or {}, response),
        started_at=STARTED_AT,
        duration_seconds=0.02,
        first_byte_seconds=0.01,
        grpc_status=grpc_status,
        chunk_seconds=chunk_seconds,
        chunk_bytes=chunk_bytes,
        aborted=aborted,
    )


def posted(target: str, request: object, response: object, **more: object) -> Exchange:
    """A JSON call answered with JSON."""
    return made("POST", target, _json(request), _json(response), **more)  # type: ignore[arg-type]


def _json(value: object) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def grpc(path: str, request: bytes, response: bytes, **more: object) -> Exchange:
    """A unary gRPC call: each message behind its five-byte prefix."""
    return made(
        "POST",
        path,
        framed(request),
        framed(response),
        protocol="grpc",
        **{"grpc_status": 0, **more},  # type: ignore[arg-type]
    )


def framed(message: bytes, compressed: int = 0) -> bytes:
    return bytes([compressed]) + len(message).to_bytes(4, "big") + message
