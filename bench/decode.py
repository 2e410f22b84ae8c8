"""What decoding and feature extraction cost: `python -m bench.decode [--rounds 7]`.

Every call is measured beside a bare baseline in the same run, interleaved: the parse of its two bodies alone by the
fastest parser there is for them (msgspec for JSON, protobuf's runtime for gRPC, Pillow for JPEG). Features are those of
a reference that has every column. Writes docs/benchmarks/decode.{md,json}.
"""

import argparse
import datetime
import io
import json
import os
import platform
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from sentinel.decode import Decoded, DecodeOptions, decode
from sentinel.decode.protos import read
from sentinel.features import Extractor, expanded
from sentinel.reference.schema import FeatureSpec
from sentinel.traffic import Exchange
from tests.support.decode_grpc import V2, message
from tests.support.decode_wire import exchange, grpc, made, posted, recorded, recorded_exchanges

PAGE = Path(__file__).parent.parent / "docs/benchmarks/decode.md"
LEAST_SECONDS = 0.05  # of one round of one case: long enough for the clock, short enough to interleave


@dataclass(frozen=True)
class Case:
    name: str
    exchange: Exchange
    bare: Callable[[], object]
    options: DecodeOptions = field(default_factory=DecodeOptions)


def json_bare(sent: Exchange) -> Callable[[], object]:
    return lambda: (msgspec.json.decode(sent.request.body), msgspec.json.decode(sent.response.body))


def v2_json(rows: int, width: int) -> Case:
    draw = random.Random(7)
    data = [round(draw.gauss(0, 3), 4) for _ in range(rows * width)]
    sent = posted(
        "/v2/models/m/infer",
        {"id": "r-1", "inputs": [{"name": "x", "shape": [rows, width], "datatype": "FP32", "data": data}]},
        {
            "model_name": "m",
            "model_version": "1",
            "outputs": [{"name": "y", "shape": [rows], "datatype": "FP32", "data": [0.25] * rows}],
        },
    )
    names = tuple(f"f{i}" for i in range(width))
    return Case(f"V2 JSON, {rows} × {width}", sent, json_bare(sent), DecodeOptions(columns=names))


def v1_json(rows: int, width: int) -> Case:
    draw = random.Random(7)
    body = {"instances": [[round(draw.gauss(0, 3), 4) for _ in range(width)] for _ in range(rows)]}
    sent = posted("/v1/models/m:predict", body, {"predictions": [0.25] * rows})
    return Case(f"V1 JSON rows, {rows} × {width}", sent, json_bare(sent))


def records(rows: int) -> Case:
    body = [{"age": 41, "income": 5.5, "country": "NZ", "note": "a short remark of a few words"} for _ in range(rows)]
    sent = posted("/score", body, {"predictions": [{"label": "yes", "score": 0.75}] * rows})
    return Case(f"plain JSON records with text, {rows} rows", sent, json_bare(sent))


def v2_binary(rows: int, width: int) -> Case:
    raw = np.random.default_rng(7).normal(size=(rows, width)).astype("<f4").tobytes()
    head = json.dumps(
        {
            "inputs": [
                {"name": "x", "shape": [rows, width], "datatype": "FP32", "parameters": {"binary_data_size": len(raw)}}
            ]
        }
    ).encode()
    answer = {"outputs": [{"name": "y", "shape": [rows], "datatype": "FP32", "data": [0.25] * rows}]}
    headers = {"inference-header-content-length": str(len(head))}
    sent = made("POST", "/v2/models/m/infer", head + raw, json.dumps(answer).encode(), request_headers=headers)
    return Case(
        f"V2 binary, {rows} × {width}",
        sent,
        lambda: (msgspec.json.decode(head), msgspec.json.decode(sent.response.body)),
    )


def v2_grpc(rows: int, width: int) -> Case:
    raw = np.random.default_rng(7).normal(size=(rows, width)).astype("<f4").tobytes()
    request = message(
        "ModelInferRequest",
        inputs=[{"name": "x", "datatype": "FP32", "shape": [rows, width]}],
        raw_input_contents=[raw],
    )
    output = {"name": "y", "datatype": "FP32", "shape": [rows], "contents": {"fp32_contents": [0.25] * rows}}
    response = message("ModelInferResponse", outputs=[output])
    bare = lambda: (read("ModelInferRequest", request), read("ModelInferResponse", response))  # noqa: E731
    return Case(f"V2 gRPC raw, {rows} × {width}", grpc(V2, request, response), bare)


def image_grpc() -> Case:
    name = "tfserving-standin/grpc-predict"
    request, response = recorded(f"{name}.req.pb"), recorded(f"{name}.resp.pb")
    bare = lambda: (read("PredictRequest", request), read("PredictResponse", response))  # noqa: E731
    return Case("image 224×224×3, TF Serving gRPC", recorded_exchanges()[name], bare)


def image_json() -> Case:
    sent = exchange("tfserving-standin/predict-row")
    return Case("image 224×224×3, V1 JSON", sent, json_bare(sent))


def image_jpeg() -> Case:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(7).integers(0, 255, (28, 28, 3)).astype(np.uint8)
    Image.fromarray(pixels).resize((224, 224)).save(buffer, "JPEG")
    body = buffer.getvalue()
    sent = made(
        "POST", "/predictions/m", body, b'{"cat": 0.75, "dog": 0.25}', request_headers={"content-type": "image/jpeg"}
    )
    return Case("image 224×224, JPEG", sent, lambda: np.asarray(Image.open(io.BytesIO(body)).convert("RGB")))


def chat(tokens: int) -> Case:
    events = [{"id": "c", "choices": [{"index": 0, "delta": {"content": "word "}}]} for _ in range(tokens)]
    payloads = [json.dumps(event).encode() for event in events]
    body = b"".join(b"data: " + payload + b"\n\n" for payload in payloads) + b"data: [DONE]\n\n"
    request = {"model": "m", "messages": [{"role": "user", "content": "Tell me about the sea and its tides. " * 20}]}
    sent = made(
        "POST",
        "/v1/chat/completions",
        json.dumps(request).encode(),
        body,
        response_headers={"content-type": "text/event-stream"},
    )
    return Case(f"chat, {tokens} streamed tokens", sent, lambda: [msgspec.json.decode(payload) for payload in payloads])


def cases() -> list[Case]:
    return [
        v2_json(1, 110),
        v2_json(10, 11),
        v2_json(1000, 11),
        v2_binary(10, 11),
        v2_binary(1000, 11),
        v2_grpc(10, 11),
        v2_grpc(1000, 11),
        v1_json(10, 11),
        v1_json(1000, 11),
        records(10),
        records(100),
        image_json(),
        image_grpc(),
        image_jpeg(),
        chat(200),
    ]


def seconds(work: Callable[[], object], times: int) -> float:
    """Processor time of one call: other programs on the machine do not count."""
    begun = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - begun) / times


def schema_of(found: Decoded) -> list[FeatureSpec]:
    """All that can be said of these rows, as a reference would list it."""
    inputs, predictions = expanded(found.inputs, found.kinds), expanded(found.predictions, found.kinds)
    return [
        *(FeatureSpec(name, "numeric") for name in inputs),
        *(FeatureSpec(name, "numeric", "prediction") for name in predictions),
    ]


def measured(case: Case, rounds: int) -> dict[str, float | str | int]:
    found = decode(case.exchange, case.options)
    assert isinstance(found, Decoded), found
    extractor = Extractor(schema_of(found))

    def whole() -> object:
        decoded = decode(case.exchange, case.options)
        assert isinstance(decoded, Decoded)
        return extractor.columns(decoded)

    times = max(1, int(LEAST_SECONDS / max(1e-6, seconds(whole, 3))))
    ours, bare = [], []
    for _ in range(rounds):
        ours.append(seconds(whole, times))
        bare.append(seconds(case.bare, times))
    took, floor = statistics.median(ours), statistics.median(bare)
    size = len(case.exchange.request.body) + len(case.exchange.response.body)
    return {
        "case": case.name,
        "bytes": size,
        "us": took * 1e6,
        "us_per_row": took * 1e6 / found.rows,
        "mb_per_s": size / took / 1e6,
        "bare_us": floor * 1e6,
        "ratio": took / floor,
    }


def page(results: list[dict[str, float | str | int]], rounds: int) -> str:
    rows = "\n".join(
        f"| {r['case']} | {r['bytes']:,} | {r['us']:.1f} | {r['us_per_row']:.2f} | {r['mb_per_s']:.0f} "
        f"| {r['bare_us']:.1f} | {r['ratio']:.1f}× |"
        for r in results
    )
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "msgspec", "protobuf", "pillow"))
    today = datetime.datetime.now(datetime.UTC).date()
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    return f"""# Decoding and features

{today}, Python {platform.python_version()}, {versions}.
{os.cpu_count()} shared cores at load {load:.1f} per core, median of {rounds} rounds
(`make bench-decode`). One call is request and
answer, decoded, privacy applied, every feature extracted. "Bare" is the parse of the same bodies alone (msgspec,
protobuf, Pillow), measured in turn with ours. Processor time.

| call | bytes | µs a call | µs a row | MB/s | bare µs | ours / bare |
|---|---|---|---|---|---|---|
{rows}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of decoding and feature extraction.")
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    results = [measured(case, rounds) for case in cases()]
    text = page(results, rounds)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text)
    PAGE.with_suffix(".json").write_text(json.dumps(results, indent=2) + "\n")
    print(text)


if __name__ == "__main__":
    main()
