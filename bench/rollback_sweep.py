"""The long kill -9 sweep: `python -m bench.rollback_sweep [--kills 500] [--seed 1]`.

Prints where the kills fell and writes docs/benchmarks/rollback_sweep.{md,json}. Exits 1 when anything was lost or
doubled.
"""

import argparse
import datetime
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from tests.support.rollback_sweep import Sweep, sweep

PAGE = Path(__file__).parent.parent / "docs/benchmarks/rollback_sweep.md"


def page(made: Sweep, seconds: float, seed: int) -> str:
    rows = "\n".join(f"| {left} | {count} |" for left, count in made.kills.most_common())
    today = datetime.datetime.now(datetime.UTC).date()
    return f"""# Kill -9 between breach and delivery

{today}, Python {platform.python_version()}, {os.cpu_count()} cores, SQLite, seed {seed}, {seconds:.0f} s
(`make rollback-sweep`). An observer process is killed at random moments between the breach and the acknowledged
rollback request, and started again; a receiver over TCP accepts, fails first, cuts the connection after acting, or
answers late.

| what the kill left behind | kills |
|---|---|
{rows}
| **all** | **{made.kills.total()}** |

{made.scenarios} breaches, {made.requests} requests sent, exactly one accepted for each breach:
{"yes, and an unbroken audit that says so" if not made.problems else "NO: " + "; ".join(made.problems)}.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill -9 sweep over rollback deliveries.")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sentinel-sweep-") as folder:
        made = sweep(
            Path(folder),
            arguments.kills,
            arguments.seed,
            lambda done: print(f"\r{done} kills", end="", file=sys.stderr),
        )
    print(file=sys.stderr)
    text = page(made, time.monotonic() - begun, arguments.seed)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text)
    figures = {"kills": dict(made.kills), "scenarios": made.scenarios, "requests": made.requests}
    PAGE.with_suffix(".json").write_text(json.dumps(figures | {"problems": made.problems}, indent=2) + "\n")
    print(text)
    return 1 if made.problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
