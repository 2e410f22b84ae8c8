"""Runs in nannyml's own environment: its CBPE on its bundled data, and that data as Parquet for sentinel.

    PEER_PYTHON bench/cbpe_peer.py FOLDER CHUNK_ROWS

Prints JSON: data set -> metric -> [[estimate, lower, upper, realised] of each chunk], and the version.
"""

import importlib.metadata
import json
import sys
import warnings
from pathlib import Path

import nannyml as nml
import pandas as pd

from bench.cbpe_data import METRICS, SETS, Data


def frames(data: Data) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reference and analysis rows, both with truths."""
    reference, analysis, targets = getattr(nml, data.load)()
    if "period" in reference:
        reference, analysis = reference.drop(columns="period"), analysis.drop(columns="period")
    analysis = analysis.merge(targets, on=data.key) if data.key in targets else analysis.join(targets)
    if data.predicted not in reference:
        for frame in (reference, analysis):
            frame[data.predicted] = (frame[data.scores["1"]] >= 0.5).astype(int)
    return reference, analysis


def chunks(data: Data, rows: int, reference: pd.DataFrame, analysis: pd.DataFrame) -> dict[str, list[list[float]]]:
    """metric -> one [estimate, lower, upper, realised] a chunk."""
    told = {
        "y_pred_proba": data.scores if len(data.scores) > 1 else data.scores["1"],
        "y_pred": data.predicted,
        "y_true": data.truth,
        "problem_type": "classification_multiclass" if len(data.scores) > 1 else "classification_binary",
        "metrics": list(METRICS),
        "chunk_size": rows,
    }
    estimate = nml.CBPE(**told).fit(reference).estimate(analysis).filter(period="analysis").to_df()
    known = nml.PerformanceCalculator(**told).fit(reference).calculate(analysis).filter(period="analysis").to_df()
    columns = ("value", "lower_confidence_boundary", "upper_confidence_boundary")
    return {
        metric: [
            [*values, realised]
            for *values, realised in zip(
                *(estimate[(metric, name)].astype(float) for name in columns),
                known[(metric, "value")].astype(float),
                strict=True,
            )
        ]
        for metric in METRICS
    }


def main(folder: Path, rows: int) -> None:
    warnings.simplefilter("ignore")
    found = {}
    for name, data in SETS.items():
        reference, analysis = frames(data)
        found[name] = chunks(data, rows, reference, analysis)
        for period, frame in (("reference", reference), ("analysis", analysis)):
            kept = frame.drop(columns=[column for column in (*data.left_out, data.key) if column in frame])
            kept.to_parquet(folder / f"{list(SETS).index(name)}-{period}.parquet")
    print(json.dumps({"version": importlib.metadata.version("nannyml"), "chunks": found}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
