"""evidently and NannyML themselves, at their defaults: how often they alert where nothing drifts, and how soon where it
does. Each runs in an environment of its own (`bench.drift.interpreter`), where this file is the program:

    PEER_PYTHON bench/calibration_peers.py evidently|nannyml pages|delays ROWS NUMBER

Traffic is thirty standard normal columns in windows of so many rows, the reference 50,000 rows. It prints JSON.
"""

import json
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
PEERS = ROOT / "build" / "peers"
REFERENCE_ROWS = 50_000
COLUMNS = 30
MOST_ROWS = 300_000
"""Of a delay's run: fewer windows where windows are large."""
SHIFTS = {"mean 0.1 sd": (0.1, 1.0), "mean 0.25 sd": (0.25, 1.0), "mean 0.5 sd": (0.5, 1.0), "sd × 1.2": (0.0, 1.2)}
Alerts = Callable[[np.ndarray], Iterable[dict[str, bool]]]
"""Rows [columns, windows × rows] -> for each window, which of the tool's alerts fired."""


def false_pages(peer: str, rows: int, windows: int) -> dict[str, Any]:
    return _asked(peer, "pages", rows, windows)


def delays(peer: str, rows: int, runs: int) -> dict[str, Any]:
    return _asked(peer, "delays", rows, runs)


def _asked(peer: str, what: str, rows: int, number: int) -> dict[str, Any]:
    from bench.drift import SILENT, interpreter

    command = [str(interpreter(PEERS, peer)), __file__, peer, what, str(rows), str(number)]
    done = subprocess.run(command, cwd=ROOT, env=SILENT, stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def evidently(reference: np.ndarray, rows: int) -> Alerts:
    """The default drift preset: share of drifting columns ≥ 0.5, and any drifting column."""
    import pandas as pd
    from evidently.legacy.calculations.stattests import wasserstein_stat_test
    from evidently.legacy.core import ColumnType

    known = [pd.Series(column) for column in reference]

    def alerts(values: np.ndarray) -> Iterable[dict[str, bool]]:
        for at in range(0, values.shape[1], rows):
            window = [pd.Series(column[at : at + rows]) for column in values]
            drifted = [
                bool(wasserstein_stat_test.func(a, b, ColumnType.Numerical, 0.1)[1])
                for a, b in zip(known, window, strict=True)
            ]
            yield {
                "evidently, default (half of the columns)": np.mean(drifted) >= 0.5,
                "evidently, any column": any(drifted),
            }

    return alerts


def nannyml(reference: np.ndarray, rows: int) -> Alerts:
    """Univariate drift with its default method (Jensen–Shannon) and thresholds (mean ± 3 standard deviations)."""
    import pandas as pd
    from nannyml import UnivariateDriftCalculator

    names = [f"x{i}" for i in range(len(reference))]
    made = UnivariateDriftCalculator(column_names=names, chunk_size=rows)
    made.fit(pd.DataFrame(reference.T, columns=names))

    def alerts(values: np.ndarray) -> Iterable[dict[str, bool]]:
        found = made.calculate(pd.DataFrame(values.T, columns=names)).filter(period="analysis").to_df()
        fired = found.loc[:, [c for c in found.columns if c[-1] == "alert"]].to_numpy(dtype=bool).any(axis=1)
        return [{"NannyML, default, any column": bool(alert)} for alert in fired]

    return alerts


def pages(tool: Any, rows: int, windows: int) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    alerts = tool(rng.standard_normal((COLUMNS, REFERENCE_ROWS)), rows)
    windows = max(20, min(windows, MOST_ROWS // rows))
    paged: dict[str, int] = {}
    for fired in alerts(rng.standard_normal((COLUMNS, windows * rows))):
        for name, alert in fired.items():
            paged[name] = paged.get(name, 0) + bool(alert)
    return {"windows": windows, "paged": paged}


def until_alert(tool: Any, rows: int, runs: int) -> dict[str, Any]:
    """Median windows until the drifting column alone is alerted on; null: not within `MOST_ROWS`."""
    found: dict[str, dict[str, float | None]] = {}
    for drift, (mean, spread) in SHIFTS.items():
        ends: dict[str, list[float]] = {}
        for seed in range(runs):
            rng = np.random.default_rng(seed)
            alerts = tool(rng.standard_normal((1, REFERENCE_ROWS)), rows)
            windows = min(300, MOST_ROWS // rows)
            first: dict[str, float] = {}
            for i, fired in enumerate(alerts(mean + spread * rng.standard_normal((1, windows * rows)))):
                first.update(
                    {name: i + 1 for name, alert in fired.items() if alert and np.isinf(first.setdefault(name, np.inf))}
                )
                if first and all(np.isfinite(at) for at in first.values()):
                    break
            for name, at in first.items():
                ends.setdefault(name, []).append(at)
        middle = {name: median(end) for name, end in ends.items()}
        found[drift] = {name: at if np.isfinite(at) else None for name, at in middle.items()}
    return {"runs": runs, "delays": found}


def main(peer: str, what: str, rows: int, number: int) -> None:
    warnings.simplefilter("ignore")
    tool = {"evidently": evidently, "nannyml": nannyml}[peer]
    print(json.dumps({"pages": pages, "delays": until_alert}[what](tool, rows, number)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
