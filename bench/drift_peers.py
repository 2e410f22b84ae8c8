"""Runs in a peer's own environment: sentinel and the peer in turn, on the same data frame, in one process.

    PYTHONPATH=. PEER_PYTHON bench/drift_peers.py evidently|nannyml|whylogs ROUNDS

Prints JSON: case -> {"sentinel": [CPU seconds], "peer": [CPU seconds]}, the peer's version, and for evidently how far
the two are apart where they define a distance alike.
"""

import importlib.metadata
import json
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import pandas as pd

from bench.drift_frames import CATEGORICAL, columns
from sentinel import Reference

REFERENCE_ROWS = 100_000
Work = Callable[[pd.DataFrame], Any]


def cpu_seconds(work: Work, frame: pd.DataFrame) -> float:
    begun = time.process_time()
    work(frame)
    return time.process_time() - begun


def sentinel_on(reference: pd.DataFrame) -> Work:
    frozen = Reference.build(reference, name="bench", version="1")

    def run(frame: pd.DataFrame) -> object:
        window = frozen.window()
        window.add(frame)
        return frozen.score(window.close())

    return run


def evidently_tests(reference: pd.DataFrame, frame: pd.DataFrame) -> dict[str, float]:
    """evidently's default tests for this many rows, called directly: column -> distance."""
    from evidently.legacy.calculations.stattests import jensenshannon_stat_test, wasserstein_stat_test
    from evidently.legacy.core import ColumnType

    text = (jensenshannon_stat_test, ColumnType.Categorical)
    number = (wasserstein_stat_test, ColumnType.Numerical)
    found = {}
    for name in frame:
        test, kind = text if str(name).startswith("c") else number
        found[str(name)] = float(test.func(reference[name], frame[name], kind, 0.1)[0])
    return found


def agreement(reference: pd.DataFrame, frame: pd.DataFrame) -> dict[str, float]:
    """Largest difference over the columns between the two, for the distances that both define alike."""
    ours, theirs = sentinel_on(reference)(frame), evidently_tests(reference, frame)
    methods = {"wasserstein": "n", "jensen_shannon": "c"}
    return {
        method: max(abs(ours[name].distances[method] - theirs[name]) for name in theirs if name.startswith(first))
        for method, first in methods.items()
    }


def evidently(reference: pd.DataFrame) -> dict[str, tuple[int, Work]]:
    from evidently import Report
    from evidently.presets import DataDriftPreset

    def report(frame: pd.DataFrame) -> object:
        return Report([DataDriftPreset()]).run(frame, reference).dict()

    def tests_alone(frame: pd.DataFrame) -> object:
        return evidently_tests(reference, frame)

    return {"evidently, default drift report": (10_000, report), "evidently, its tests alone": (10_000, tests_alone)}


def nannyml(reference: pd.DataFrame) -> dict[str, tuple[int, Work]]:
    import nannyml as nml

    def calculator(rows: int) -> Work:
        made = nml.UnivariateDriftCalculator(
            column_names=list(reference),
            treat_as_categorical=[f"c{i}" for i in range(CATEGORICAL)],
            continuous_methods=["jensen_shannon"],
            categorical_methods=["jensen_shannon"],
            chunk_size=rows,
        )
        made.fit(reference)
        return lambda frame: made.calculate(frame).to_df()

    return {f"nannyml univariate (js), {rows:,} rows": (rows, calculator(rows)) for rows in (1_000, 10_000, 100_000)}


def whylogs(reference: pd.DataFrame) -> dict[str, tuple[int, Work]]:
    import whylogs as why
    from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores

    known = why.log(reference).profile().view()

    def run(frame: pd.DataFrame) -> object:
        view = why.log(frame).profile().view()
        return calculate_drift_scores(target_view=view, reference_view=known, with_thresholds=True)

    return {"whylogs, profile and drift": (10_000, run)}


def main(peer: str, rounds: int) -> None:
    warnings.simplefilter("ignore")
    reference = pd.DataFrame(columns(REFERENCE_ROWS, seed=1))
    ours = sentinel_on(reference)
    cases = {"evidently": evidently, "nannyml": nannyml, "whylogs": whylogs}[peer](reference)
    taken: dict[str, Any] = {}
    for case, (rows, work) in cases.items():
        frame = pd.DataFrame(columns(rows, seed=2, shift=0.1))
        ours(frame), work(frame)  # both warm
        pairs = [(cpu_seconds(ours, frame), cpu_seconds(work, frame)) for _ in range(rounds)]
        taken[case] = {"sentinel": [ours for ours, _ in pairs], "peer": [theirs for _, theirs in pairs]}
    found = {"version": importlib.metadata.version(peer), "cases": taken}
    if peer == "evidently":
        found["agreement"] = agreement(reference, pd.DataFrame(columns(10_000, seed=2, shift=0.1)))
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
