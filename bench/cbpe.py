"""The estimate of quality before labels, beside NannyML's CBPE, on the data sets that NannyML bundles.

    python -m bench.cbpe            writes docs/benchmarks/labels.md and labels.json

Both calibrate on the same reference rows and estimate the same chunks of later rows; what both are held to is the
quality by the labels of these chunks. NannyML is installed apart, in an environment of its own.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from bench.cbpe_data import METRICS, SETS, Data
from bench.drift import ROOT, interpreter
from sentinel import Reference
from sentinel.app.scoring import outside
from sentinel.labels.estimate import estimated
from sentinel.labels.realised import qualities
from sentinel.labels.standard import standard
from sentinel.labels.values import Answered, Quality, word

PAGE = ROOT / "docs/benchmarks/labels.md"
CHUNKS = (5_000, 1_000)
Rows = list[dict[str, float]]
NOTES = (
    "The two are the same method and are as near. Our intervals count the doubt about the calibration in, and hold "
    "about as often as they say where scores keep their meaning.",
    "",
    "In the second half of the credit card set the same scores mean other truths (concept drift). No estimate from "
    "scores can see that: both err by the same points, inputs stay within the reference, and so ours says `trusted`. "
    "That is why an estimate never opens an incident, and why labels are worth their trouble.",
)


def peer(python: Path, folder: Path, rows: int) -> dict[str, Any]:
    command = [str(python), "bench/cbpe_peer.py", str(folder), str(rows)]
    silent = {**os.environ, "NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=silent, stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def answered(table: Any, data: Data) -> list[Answered]:
    """The rows of a data set as predictions with truths."""
    truths, answers = (table[name].to_pylist() for name in (data.truth, data.predicted))
    columns = {of: table[name].to_pylist() for of, name in data.scores.items()}
    if len(columns) == 1:
        columns["0"] = [1 - score for score in columns["1"]]
    names = sorted(columns)
    return [
        Answered(word(answer), None, dict(zip(names, scores, strict=True)), word(truth))
        for answer, truth, scores in zip(answers, truths, zip(*(columns[n] for n in names), strict=True), strict=True)
    ]


def ours(folder: Path, at: int, data: Data, rows: int) -> tuple[dict[str, Rows], list[bool], float]:
    """metric -> one estimate a chunk; whether each chunk is trusted; and milliseconds of CPU an estimate takes."""
    before, after = (pq.read_table(folder / f"{at}-{period}.parquet") for period in ("reference", "analysis"))
    calibration = standard(answered(before, data)).calibration
    assert calibration is not None
    apart = [data.truth, data.predicted, *data.scores.values()]
    inputs = Reference.build(before.drop_columns(apart), name="bench", version="1")
    found: dict[str, Rows] = {metric: [] for metric in METRICS}
    trusted, taken = [], 0.0
    for start in range(0, after.num_rows, rows):
        chunk = after.slice(start, rows)
        window = inputs.window()
        window.add(chunk.drop_columns(apart))
        trusted.append(not outside(inputs, window.close()))
        known = answered(chunk, data)
        begun = time.process_time()
        said = _named(estimated(calibration, known))
        taken += time.process_time() - begun
        actual = _named(qualities(known))
        for metric in METRICS:
            quality = said[metric]
            found[metric].append(
                {"value": quality.value, "low": quality.low, "high": quality.high, "realised": actual[metric].value}
            )
    return found, trusted, 1e3 * taken / len(trusted)


def _named(found: tuple[Quality, ...]) -> dict[str, Quality]:
    return {quality.metric: quality for quality in found if not quality.of}


def compared(own: Rows, theirs: list[list[float]], binary_f1: bool) -> dict[str, float]:
    """Mean absolute errors against each one's realised quality, and how often the intervals held it."""
    mine = np.array([[row[name] for name in ("value", "low", "high", "realised")] for row in own])
    other = np.array(theirs, dtype=float)
    if not binary_f1 and np.abs(mine[:, 3] - other[:, 3]).max() > 1e-9:
        raise SystemExit("the two do not agree on the realised quality: they did not see the same rows")
    held = [np.mean((rows[:, 1] <= rows[:, 3]) & (rows[:, 3] <= rows[:, 2])) for rows in (mine, other)]
    errors = [float(np.abs(rows[:, 0] - rows[:, 3]).mean()) for rows in (mine, other)]
    widths = [float(np.mean(rows[:, 2] - rows[:, 1])) for rows in (mine, other)]
    return {
        "error": errors[0],
        "peer_error": errors[1],
        "held": float(held[0]),
        "peer_held": float(held[1]),
        "width": widths[0],
        "peer_width": widths[1],
        "chunks": len(mine),
    }


def measure(python: Path) -> dict[str, Any]:
    results: dict[str, Any] = {"sets": {}}
    with tempfile.TemporaryDirectory() as name:
        for rows in CHUNKS:
            theirs = peer(python, Path(name), rows)
            results["nannyml"] = theirs["version"]
            for at, (of, data) in enumerate(SETS.items()):
                found, trusted, milliseconds = ours(Path(name), at, data, rows)
                binary = len(data.scores) == 1
                measures = {
                    metric: compared(found[metric], theirs["chunks"][of][metric], binary and metric == "f1")
                    for metric in METRICS
                }
                results["sets"].setdefault(of, {})[rows] = {
                    "metrics": measures,
                    "trusted": sum(trusted),
                    "chunks": len(trusted),
                    "milliseconds": milliseconds,
                }
    return results


def page(results: dict[str, Any], at: str) -> str:
    lines = [
        "# Estimates before labels, beside NannyML",
        "",
        f"Measured {at} by `make bench-cbpe`; NannyML {results['nannyml']} (its CBPE, isotonic, as it comes), on the "
        "data sets that it bundles. Both calibrate on the same reference and estimate the same chunks.",
        "",
        "**Error**: mean absolute difference between the estimate and the quality by the labels of the chunk, in "
        "points (hundredths). **Held**: chunks whose quality by labels lay within the interval: ours is one of 95 %; "
        "NannyML's band is three standard errors of the sample, so 99.7 % where nothing else errs. F1 of two classes "
        "is the macro mean with us, of class 1 with NannyML; each is held to its own.",
        "",
        "| data, rows a chunk | measure | error | NannyML's | held (width) | NannyML's (width) |",
        "|---|---|---|---|---|---|",
    ]
    for of, sizes in results["sets"].items():
        for rows, found in sizes.items():
            for metric, m in found["metrics"].items():
                own = f"{m['held']:.0%} ({100 * m['width']:.1f})"
                other = f"{m['peer_held']:.0%} ({100 * m['peer_width']:.1f})"
                errors = f"{100 * m['error']:.2f} | {100 * m['peer_error']:.2f}"
                lines.append(f"| {of}, {int(rows):,} | {metric} | {errors} | {own} | {other} |")
    lines += ["", "| data, rows a chunk | chunks trusted | CPU of an estimate with its interval |", "|---|---|---|"]
    for of, sizes in results["sets"].items():
        for rows, found in sizes.items():
            lines.append(
                f"| {of}, {int(rows):,} | {found['trusted']} of {found['chunks']} | {found['milliseconds']:.0f} ms |"
            )
    return "\n".join([*lines, "", *NOTES]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--peers", type=Path, default=ROOT / ".venv" / "peers", help="folder of the peers' environments"
    )
    results = measure(interpreter(parser.parse_args().peers, "nannyml"))
    results["at"] = f"{datetime.now(UTC):%Y-%m-%d}"
    PAGE.write_text(page(results, results["at"]))
    PAGE.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n")
    print(PAGE.read_text())


if __name__ == "__main__":
    main()
