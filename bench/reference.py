"""Building references from tables larger than memory: `python -m bench.reference [--rows 8000000]`.

Parquet files of 20 columns, each four times as long as the one before; `sentinel reference build` reads each in a
process of its own, of which the time and the highest resident memory are taken, beside a bare pass over the same file
with pyarrow. The longest is built again by two workers of a Dask cluster. Writes docs/benchmarks/reference.{md,json}.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from distributed import LocalCluster
from pyarrow import Table, csv, parquet

from bench.sections import machine, publish

NUMERIC, CATEGORICAL = 16, 4
GROUP_ROWS = 250_000
STEPS = 3
CSV_ROWS = 500_000
MEASURE = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)
BARE = (
    "import sys; from pyarrow import parquet;"
    "[None for _ in range(2) for _ in parquet.ParquetFile(sys.argv[1]).iter_batches(batch_size=20_000)]"
)


def group(rng: np.random.Generator, rows: int) -> Table:
    letters = np.array([f"c{i}" for i in range(12)])
    columns: dict[str, Any] = {f"n{i:02}": rng.normal(i, 1 + i / 10, rows) for i in range(NUMERIC)}
    return Table.from_pydict(columns | {f"k{i}": letters[rng.integers(0, 12, rows)] for i in range(CATEGORICAL)})


def write(path: Path, rows: int) -> None:
    rng = np.random.default_rng(rows)
    first = group(rng, GROUP_ROWS)
    with parquet.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for _ in range(rows // GROUP_ROWS - 1):
            writer.write_table(group(rng, GROUP_ROWS))


def run(*command: str) -> dict[str, float]:
    """Seconds and megabytes of a command."""
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", MEASURE, *command], check=True, capture_output=True, text=True)
    return {"seconds": time.perf_counter() - begun, "megabytes": int(done.stdout) * 1024 / 1e6}


def build(table: Path, *options: str) -> dict[str, float]:
    output = table.with_suffix(".sentinel" + "".join(options[:1]))
    return run(
        sys.executable, "-m", "sentinel.cli", "reference", "build", str(table), "--output", str(output), *options
    )


def measure(folder: Path, rows: int) -> list[dict[str, Any]]:
    found = []
    for size in [rows // 4**step for step in reversed(range(STEPS))]:
        table = folder / f"{size}.parquet"
        write(table, size)
        bare = run(sys.executable, "-c", BARE, str(table))
        raw = size * (NUMERIC * 8 + CATEGORICAL * 2)
        found.append({"table": "Parquet", "rows": size, "raw_bytes": raw, "bare": bare, **build(table)})
    text = folder / "table.csv"
    csv.write_csv(group(np.random.default_rng(1), CSV_ROWS), text)
    found.append({"table": "CSV", "rows": CSV_ROWS, "raw_bytes": text.stat().st_size, **build(text)})
    longest = folder / f"{rows}.parquet"
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster:
        on_dask = build(longest, "--dask", cluster.scheduler_address)
    same = longest.with_suffix(".sentinel").read_bytes() == longest.with_suffix(".sentinel--dask").read_bytes()
    assert same
    found.append({**found[STEPS - 1], "table": "Parquet, Dask with two workers", **on_dask, "megabytes": None})
    return found


def page(figures: dict[str, Any]) -> str:
    lines = []
    for one in figures["tables"]:
        values = one["rows"] * (NUMERIC + CATEGORICAL)
        bare = f"{one['bare']['seconds']:.1f} s" if "bare" in one else ""
        memory = f"{one['megabytes']:,.0f} MB" if one["megabytes"] else ""
        rate = f"{values / one['seconds'] / 1e6:.1f}"
        size = f"{one['rows']:,} | {one['raw_bytes'] / 1e6:,.0f} MB"
        lines.append(f"| {one['table']} | {size} | {one['seconds']:.1f} s | {bare} | {rate} | {memory} |")
    return f"""# Building references

{figures["date"]}, Python {figures["python"]}, {figures["cores"]} shared cores (`make bench-reference`). Tables of
{NUMERIC} numeric and {CATEGORICAL} categorical columns, each read twice; a bare pass is the same two readings with
pyarrow alone. Memory is the highest resident set of the building process. The reference that two Dask workers built is
that of one process to the last bit.

| table | rows | as plain arrays | build | bare passes | million values/s | memory |
|---|---|---|---|---|---|---|
{chr(10).join(lines)}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Building references from long tables.")
    parser.add_argument("--rows", type=int, default=8_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sentinel-bench-") as folder:
        tables = measure(Path(folder), arguments.rows)
    figures = {
        **machine(),
        "tables": tables,
    }
    publish("reference", page(figures), figures)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
