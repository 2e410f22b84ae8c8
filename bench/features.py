"""What each feature extractor costs a row: `python -m bench.features [--rounds 7]` (`make bench-features`).

Each extractor is measured beside the least work that reads the same value (a split of the text, one mean of the pixels,
the norm of a vector), interleaved in one run, in processor time. Writes docs/benchmarks/features.{md,json}.
"""

import argparse
import datetime
import io
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image

from sentinel.features import text
from sentinel.features.derived import said_of
from sentinel.features.vocabulary import Learning

PAGE = Path(__file__).parent.parent / "docs/benchmarks/features.md"
ROWS = 32
LEAST_SECONDS = 0.05  # of one round of one case
SENTENCE = "Could you please tell me how the tides of the harbour follow the moon, and who wrote it down first? "


@dataclass(frozen=True)
class Case:
    name: str
    features: str
    work: Callable[[], object]
    bare: Callable[[], object]


def texts(characters: int) -> Case:
    values = [(SENTENCE * (characters // len(SENTENCE) + 1))[:characters] for _ in range(ROWS)]
    learning = Learning()
    learning.learn(map(text.tokens, values))
    vocabulary = learning.vocabulary()
    name = f"text, {characters:,} characters"
    return Case(
        name, "all eight", lambda: said_of(values, "text", vocabulary), lambda: [len(v.split()) for v in values]
    )


def languages(characters: int) -> Case:
    values = [(SENTENCE * (characters // len(SENTENCE) + 1))[:characters] for _ in range(ROWS)]
    return Case(
        f"text, {characters:,} characters",
        "language alone (CLD2)",
        lambda: [text.language(v) for v in values],
        lambda: [len(v.split()) for v in values],
    )


def dates() -> Case:
    values = [f"2026-11-22T{row % 24:02}:30:00+00:00" for row in range(ROWS)]
    work = lambda: said_of(values, "datetime")  # noqa: E731
    return Case("datetime", "hour, weekday", work, lambda: [datetime.datetime.fromisoformat(v) for v in values])


def picture(side: int) -> Image.Image:
    return Image.fromarray(load_sample_image("china.jpg")).resize((side, side))


def tensors(side: int, dtype: str) -> Case:
    values = np.stack([np.asarray(picture(side), dtype=dtype)] * ROWS)
    work = lambda: said_of(values, "image")  # noqa: E731
    return Case(f"image, {side} × {side} × 3 {dtype}", "all seven", work, lambda: [one.mean() for one in values])


def files(side: int, kind: str) -> Case:
    buffer = io.BytesIO()
    picture(side).save(buffer, kind)
    values = [buffer.getvalue()] * ROWS
    decode = lambda: [np.asarray(Image.open(io.BytesIO(v)).convert("RGB")) for v in values]  # noqa: E731
    return Case(f"image, {side} × {side} {kind}", "all seven", lambda: said_of(values, "image"), decode)


def embeddings(dimensions: int) -> Case:
    values = np.random.default_rng(7).normal(size=(ROWS, dimensions)).astype(np.float32)
    name = f"embedding, {dimensions:,} dimensions"
    bare = lambda: np.linalg.norm(values, axis=1)  # noqa: E731
    return Case(name, "norm, four projections", lambda: said_of(values, "embedding"), bare)


def cases() -> list[Case]:
    return [
        *map(texts, (100, 1_000, 10_000)),
        *map(languages, (100, 1_000)),
        dates(),
        tensors(224, "uint8"),
        tensors(224, "float32"),
        tensors(640, "uint8"),
        files(224, "JPEG"),
        files(224, "PNG"),
        *map(embeddings, (384, 1_536)),
    ]


def seconds(work: Callable[[], object], times: int) -> float:
    """Processor time of one call: other programs on the machine do not count."""
    begun = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - begun) / times


def measured(case: Case, rounds: int) -> dict[str, float | str]:
    times = max(1, int(LEAST_SECONDS / max(1e-6, seconds(case.work, 2))))
    ours, bare = [], []
    for _ in range(rounds):
        ours.append(seconds(case.work, times))
        bare.append(seconds(case.bare, times))
    took, floor = statistics.median(ours) / ROWS, statistics.median(bare) / ROWS
    return {
        "value": case.name,
        "features": case.features,
        "us_per_row": took * 1e6,
        "bare_us": floor * 1e6,
        "rows_per_second": 1 / took,
    }


def page(results: list[dict[str, float | str]], rounds: int) -> str:
    lines = "\n".join(
        f"| {r['value']} | {r['features']} | {r['us_per_row']:.1f} | {r['bare_us']:.1f} | {r['rows_per_second']:,.0f} |"
        for r in results
    )
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pillow", "pycld2"))
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    return f"""# What features cost a row

{datetime.datetime.now(datetime.UTC).date()}, Python {platform.python_version()}, {versions}, {os.cpu_count()} shared
cores at load {load:.1f} per core, median of {rounds} rounds (`make bench-features`). Processor time of one core. "Bare"
is the least work that reads the same value: a split of the text, the parse of the date, one mean of the pixels, the
decoded file, the norm of the vector. At the default sampling of at most 200 exchanges a second one core has 5,000 µs
for each.

| value | features | µs a row | bare µs | rows a second |
|---|---|---|---|---|
{lines}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of feature extraction.")
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    results = [measured(case, rounds) for case in cases()]
    told = page(results, rounds)
    PAGE.write_text(told)
    PAGE.with_suffix(".json").write_text(json.dumps(results, indent=2) + "\n")
    print(told)


if __name__ == "__main__":
    main()
