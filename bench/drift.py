"""The drift engine beside evidently, nannyml and whylogs: `python -m bench.drift [--rounds 5] [--peers FOLDER]`.

Makes an environment for each peer (once, in FOLDER), runs each beside sentinel on the same data frame in one process,
then measures what has no peer there. Writes docs/benchmarks/drift.{md,json}. CPU seconds of the process, medians.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.drift_frames import CATEGORICAL, NUMERIC, columns
from sentinel import Reference
from sentinel.reference.values import Coded
from sentinel.traffic import bucket_of
from sentinel.windows import ClosedWindow, Window, WindowKey

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/benchmarks/drift.md"
PEERS = {
    "evidently": ("evidently==0.7.23", "pandas<3"),
    "nannyml": ("nannyml==0.13.1", "statsmodels", "pandas<3"),
    "whylogs": ("whylogs[viz]==1.6.4", "ipython", "setuptools<81", "pandas<3"),
}
SILENT = {
    **os.environ,
    "NML_DISABLE_USAGE_LOGGING": "1",
    "DO_NOT_TRACK": "1",
    "WHYLOGS_NO_ANALYTICS": "True",
    "PYTHONPATH": str(ROOT),
}
"""What a peer's process finds in its environment: it reports its use to nobody."""
OURS = ("numpy", "scipy", "msgspec", "brotli", "zstandard", "protobuf")
REPEATS = 20
BATCHED_ROWS = 512 * REPEATS
GOALS = {
    "evidently, default drift report": 500.0,
    "evidently, its tests alone": 50.0,
    "whylogs, profile and drift": 60.0,
    "nannyml univariate (js), 1,000 rows": 8.0,
    "nannyml univariate (js), 10,000 rows": 5.0,
    "nannyml univariate (js), 100,000 rows": 5.0,
}


def interpreter(folder: Path, peer: str) -> Path:
    """The peer's own interpreter, made where it is not there yet."""
    python = folder / peer / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / peer)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PEERS[peer], *OURS], check=True)
    return python


def beside(python: Path, peer: str, rounds: int) -> dict[str, Any]:
    """What the peer's process printed."""
    command = [str(python), "bench/drift_peers.py", peer, str(rounds)]
    done = subprocess.run(command, cwd=ROOT, env=SILENT, stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def median_cpu(work: Callable[[], object], rounds: int) -> float:
    work()
    taken = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return statistics.median(taken)


def alone(rounds: int) -> list[tuple[str, str, str]]:
    """(measure, goal, figure) of what is measured without a peer."""
    reference = Reference.build(columns(100_000, seed=1), name="bench", version="1")
    data = columns(10_000, seed=2, shift=0.1)
    prepared = {name: column if name.startswith("n") else _coded(column) for name, column in data.items()}
    lists = {name: column.tolist() for name, column in data.items()}
    few = [{name: column[i : i + 16] for name, column in lists.items()} for i in range(0, 512, 16)]
    batches = few * REPEATS  # few enough to be in cache, as values that were just decoded are
    numeric = Reference.build({n: c for n, c in columns(100_000, seed=1).items() if n[0] == "n"}, name="b", version="1")
    numeric_batches = [{name: column for name, column in batch.items() if name[0] == "n"} for batch in batches]

    def counted(frozen: Reference, pieces: list[dict[str, Any]]) -> ClosedWindow:
        window = Window(WindowKey("bench", "1", ""), 0.0, 60.0, frozen)
        for piece in pieces:
            window.add(piece)
        return window.close()

    closed = counted(reference, [prepared])
    matrix = np.stack([data[f"n{i}"] for i in range(NUMERIC)])
    seconds = {
        "all": median_cpu(lambda: reference.score(counted(reference, [prepared])), rounds),
        "score": median_cpu(lambda: reference.score(closed), rounds),
        "pass": median_cpu(lambda: matrix.sum(), rounds),
        "texts": median_cpu(lambda: counted(reference, [data]), rounds),
        "numbers in 16s": median_cpu(lambda: counted(numeric, numeric_batches), rounds),
        "all in 16s": median_cpu(lambda: counted(reference, batches), rounds),
        "merge": median_cpu(lambda: [closed.features | closed.features for _ in range(1000)], rounds),
        "latency": median_cpu(lambda: [bucket_of(0.0123) for _ in range(100_000)], rounds),
    }
    features = NUMERIC + CATEGORICAL
    values = BATCHED_ROWS * features
    return [
        ("prepared arrays, 10,000 × 60, scores out", "≤ 5 ms", f"{seconds['all'] * 1e3:.1f} ms"),
        ("of which scores", "", f"{seconds['score'] * 1e3:.2f} ms"),
        ("counting 10,000 × 60 with text columns", "", f"{seconds['texts'] * 1e3:.1f} ms"),
        ("one pass over the numbers (sum)", "", f"{seconds['pass'] * 1e3:.2f} ms"),
        (
            "batches of 16 rows, numeric",
            "≤ 20 ns a value",
            f"{seconds['numbers in 16s'] / BATCHED_ROWS / NUMERIC * 1e9:.0f} ns",
        ),
        ("batches of 16 rows, all 60 columns", "", f"{seconds['all in 16s'] / values * 1e9:.0f} ns a value"),
        ("a feature in a stored window", "≤ 128 bytes", f"{len(closed.to_bytes()) / features:.0f} bytes"),
        ("merge of two windows, 60 features", "≤ 5 µs", f"{seconds['merge'] * 1e3:.1f} µs"),
        ("latency observation (bucket)", "≤ 100 ns", f"{seconds['latency'] * 1e4:.0f} ns"),
    ]


def _coded(column: Any) -> Coded:
    names, codes = np.unique(column.astype(str), return_inverse=True)
    return Coded(codes, names.tolist())


def page(peers: dict[str, Any], own: list[tuple[str, str, str]], rounds: int) -> str:
    versions = ", ".join(f"{peer} {found['version']}" for peer, found in peers.items())
    lines = [
        _line(case, *(1e3 * statistics.median(taken[side]) for side in ("sentinel", "peer")))
        for found in peers.values()
        for case, taken in found["cases"].items()
    ]
    apart = peers["evidently"]["agreement"]
    today = datetime.datetime.now(datetime.UTC).date()
    return f"""# Drift engine

{today}, Python {platform.python_version()}, numpy {np.__version__}, {versions}; {os.cpu_count()} cores,
load average {os.getloadavg()[1]:.0f} (other work slows both sides of a ratio, and the figures without a peer).
Reference of 100,000 rows × 50 numeric and 10 text columns; a window comes in as a pandas data frame, all scores come
out. CPU time of one process that runs both in turn, medians of {rounds} rounds (`make bench-drift`).

| peer | sentinel | peer | goal | ratio |
|---|---|---|---|---|
{chr(10).join(lines)}

Sentinel gives five distances and the change in words for every feature; nannyml was asked for Jensen-Shannon only.
evidently's tests alone are its default tests for this many rows, called directly: normed Wasserstein and
Jensen-Shannon. Defined alike in sentinel, they differ over all columns by at most {apart["wasserstein"]:.4f} standard
deviations (Wasserstein, of binned values) and {apart["jensen_shannon"]:.4f} (Jensen-Shannon, of texts).

| alone | goal | measured |
|---|---|---|
{chr(10).join(f"| {measure} | {goal} | {figure} |" for measure, goal, figure in own)}
"""


def _line(case: str, ours: float, theirs: float) -> str:
    ratio = theirs / ours
    return f"| {case} | {ours:.1f} ms | {theirs:,.0f} ms | ≥ {GOALS[case]:g}× | {ratio:,.{0 if ratio >= 20 else 1}f}× |"


def main() -> None:
    parser = argparse.ArgumentParser(description="The drift engine beside its peers.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--peers", type=Path, default=ROOT / ".venv" / "peers", help="folder of the peers' environments"
    )
    arguments = parser.parse_args()
    peers = {}
    for peer in PEERS:
        print(f"{peer} …", file=sys.stderr, flush=True)
        peers[peer] = beside(interpreter(arguments.peers, peer), peer, arguments.rounds)
    own = alone(max(9, arguments.rounds))
    text = page(peers, own, arguments.rounds)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text)
    PAGE.with_suffix(".json").write_text(json.dumps({"peers": peers, "alone": own}, indent=1) + "\n")
    print(text)


if __name__ == "__main__":
    main()
