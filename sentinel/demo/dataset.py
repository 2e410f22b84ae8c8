"""The rows that the demo lives on: real people from the American Community Survey (see data/README.md).

Belongs here: reading the packaged sample. Knows nothing of models, servers or traffic.
"""

import csv
import gzip
import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

NUMERIC = ("age", "schooling_years")
CATEGORICAL = (
    "marital_status",
    "citizenship",
    "home_a_year_ago",
    "military_service",
    "disability",
    "hearing_difficulty",
    "cognitive_difficulty",
)
FEATURES = (*NUMERIC, *CATEGORICAL)
TARGET = "employed"

TRAINING = "household_2015"
HEALTHY = "household_2016"
SHIFTED = "group_quarters"

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Population:
    """Rows of one population.

    columns: feature -> [rows], float32 (numeric) or object (categorical). employed: [rows], 0 or 1.
    """

    name: str
    columns: Mapping[str, Array]
    employed: Array

    @property
    def rows(self) -> int:
        return len(self.employed)

    def take(self, positions: Array) -> "Population":
        """The rows at `positions`, in that order."""
        return Population(
            self.name, {name: column[positions] for name, column in self.columns.items()}, self.employed[positions]
        )


def packed() -> bytes:
    """The packaged sample as it lies on disk (gzip CSV)."""
    return resources.files("sentinel.demo").joinpath("data", "census_ma.csv.gz").read_bytes()


def load() -> dict[str, Population]:
    """All populations by name."""
    reader = csv.DictReader(io.StringIO(gzip.decompress(packed()).decode()))
    rows: dict[str, list[dict[str, str]]] = {}
    for row in reader:
        rows.setdefault(row["population"], []).append(row)
    return {name: _population(name, members) for name, members in rows.items()}


def _population(name: str, rows: list[dict[str, str]]) -> Population:
    columns: dict[str, Array] = {c: np.array([row[c] for row in rows], dtype=np.float32) for c in NUMERIC}
    columns |= {c: np.array([row[c] for row in rows], dtype=object) for c in CATEGORICAL}
    return Population(name, columns, np.array([row[TARGET] for row in rows], dtype=np.int64))
