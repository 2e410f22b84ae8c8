"""Memory of the observer with text, image and embedding features: `python -m bench.memory_features [--seconds 60]`.

Requests of one row (a text of 300 characters, a picture of 224 × 224 × 3 uint8, a vector of 384 numbers, two segment
columns) over binary V2 through the running sidecar, everything sampled, windows of 5 s. Memory as in `bench.memory`.
Writes docs/benchmarks/memory-features.{md,json}.
"""

import argparse
import datetime
import http.client
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image

from bench.memory import GOALS_MB, processes, resident_mb
from sentinel.features.derived import expanded
from sentinel.library import Reference
from tests.support.model_stub import ANSWER, Stub, model_stub
from tests.support.sidecar_process import Sidecar, configuration, running

PAGE = Path(__file__).parent.parent / "docs/benchmarks/memory-features.md"
KNOWN, SIDE, DIMENSIONS, WORDS = 1_000, 224, 384, 45
REQUESTS_PER_SECOND = 40
DIFFERENT = 400
WINDOW_SECONDS = 5.0
SAMPLE = Image.fromarray(load_sample_image("china.jpg"))
VOCABULARY = [f"word{number}" for number in range(3_000)]


def rows(count: int, draw: np.random.Generator) -> dict[str, object]:
    left, top = draw.integers(SAMPLE.width - SIDE, size=count), draw.integers(SAMPLE.height - SIDE, size=count)
    parts = [SAMPLE.crop((x, y, x + SIDE, y + SIDE)) for x, y in zip(left.tolist(), top.tolist(), strict=True)]
    return {
        "comment": [" ".join(draw.choice(VOCABULARY, WORDS)) for _ in range(count)],
        "photo": np.stack([np.asarray(part) for part in parts]),
        "vector": draw.normal(size=(count, DIMENSIONS)).astype(np.float32),
        "country": draw.choice(["NZ", "AU", "FJ", "WS", "TO", "VU"], count).tolist(),
        "device": draw.choice(["phone", "desktop"], count).tolist(),
    }


def build_reference(folder: Path, draw: np.random.Generator) -> Path:
    """Of pictures a hundred at a time, so that building needs little memory itself."""
    chunks = [rows(100, draw) for _ in range(KNOWN // 100)]
    columns: dict[str, object] = {
        name: [value for chunk in chunks for value in chunk[name]]  # type: ignore[attr-defined]
        for name in ("comment", "country", "device")
    }
    for name in ("photo", "vector"):
        said = [expanded({name: chunk[name]}) for chunk in chunks]  # type: ignore[dict-item]
        columns |= {feature: [value for part in said for value in part[feature]] for feature in said[0]}
    reference = Reference.build(columns, name="stub", version="1", segments=["country", "device"])
    reference.save(folder / "rich.sentinel")
    return folder / "rich.sentinel"


def request(columns: dict[str, object], row: int) -> tuple[bytes, dict[str, str]]:
    inputs, raw = [], b""
    for name in ("photo", "vector"):
        value = columns[name][row : row + 1]  # type: ignore[index]
        size = {"binary_data_size": value.nbytes}
        datatype = "UINT8" if name == "photo" else "FP32"
        inputs.append({"name": name, "shape": list(value.shape), "datatype": datatype, "parameters": size})
        raw += value.tobytes()
    for name in ("comment", "country", "device"):
        data = [columns[name][row]]  # type: ignore[index]
        inputs.append({"name": name, "shape": [1], "datatype": "BYTES", "data": data})
    head = json.dumps({"inputs": inputs}).encode()
    return head + raw, {"inference-header-content-length": str(len(head))}


def measure(sidecar: Sidecar, stub: Stub, draw: np.random.Generator, seconds: float) -> dict[str, list[float]]:
    columns = rows(DIFFERENT, draw)
    requests = [request(columns, row) for row in range(DIFFERENT)]
    stub.answer = ANSWER
    seen: dict[str, list[float]] = defaultdict(list)
    connection = http.client.HTTPConnection("127.0.0.1", sidecar.traffic)
    begun = time.monotonic()
    sent = 0
    while (elapsed := time.monotonic() - begun) < seconds:
        time.sleep(max(0.0, sent / REQUESTS_PER_SECOND - elapsed))
        body, headers = requests[sent % DIFFERENT]
        connection.request("POST", "/v2/models/stub/infer", body, headers)
        connection.getresponse().read()
        sent += 1
        if elapsed >= len(seen["observer"]):
            for role, pid in processes(sidecar.process.pid).items():
                seen[role].append(resident_mb(pid))
    return seen


def page(seen: dict[str, list[float]], seconds: float, analysed: float, features: int) -> str:
    lines = []
    for role, values in seen.items():
        steady = statistics.median(values[len(values) * 2 // 3 :])
        goal = f"≤ {GOALS_MB[role]}" if role in GOALS_MB else "–"
        lines.append(f"| {role} | {values[0]:.0f} | {steady:.0f} | {max(values):.0f} | {goal} |")
    return f"""# Memory with text, image and embedding features

{datetime.datetime.now(datetime.UTC).date()}, Python {platform.python_version()}, {os.cpu_count()} cores
(`make bench-memory-features`). Rows of a text of about 300 characters, a picture of {SIDE} × {SIDE} × 3, a vector of
{DIMENSIONS} numbers and two columns of segments: {features} features. {REQUESTS_PER_SECOND} requests a second for
{seconds:.0f} s, all sampled, {analysed:,.0f} analysed; windows of {WINDOW_SECONDS:.0f} s, SQLite. Resident memory in MB
(10⁶ bytes).

| process | first second | steady | most | goal |
|---|---|---|---|---|
{chr(10).join(lines)}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Resident memory with text, image and embedding features.")
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    draw = np.random.default_rng(1)
    with tempfile.TemporaryDirectory(prefix="sentinel-memory-") as name, model_stub() as stub:
        folder = Path(name)
        path = build_reference(folder, draw)
        features = len(Reference.load(path).names)
        reference = {"path": str(path)}
        document = configuration(folder, stub.address, reference=reference, window={"seconds": WINDOW_SECONDS})
        with running(folder, document) as sidecar:
            seen = measure(sidecar, stub, draw, arguments.seconds)
            analysed = sidecar.metrics("sentinel_exchanges_total", "outcome")["analysed"]
    text = page(seen, arguments.seconds, analysed, features)
    PAGE.write_text(text)
    PAGE.with_suffix(".json").write_text(json.dumps(seen, indent=1) + "\n")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
