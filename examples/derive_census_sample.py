"""How sentinel/demo/data/census_ma.csv.gz was made; run again only to change the sample.

    pip download --no-deps nannyml==0.13.1 && unzip nannyml-*.whl 'nannyml/datasets/data/employment_MA_*'
    python examples/derive_census_sample.py nannyml/datasets/data

Reads the Massachusetts employment tables (American Community Survey public use microdata, 2015-2018) that ship in the
nannyml wheel, keeps adults and ten columns, writes codes as words and draws a seeded random sample: the source is
ordered by kind of household, and order is not drift. Needs pyarrow (extra `parquet`).
"""

import csv
import gzip
import io
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

TARGET = Path(__file__).parent.parent / "sentinel" / "demo" / "data" / "census_ma.csv.gz"
SEED = 2015
ADULT_AGE = 16  # the labour statistics' own limit

# Years of school behind each SCHL code (1 = none … 24 = doctorate), after the survey's data dictionary.
SCHOOLING_YEARS = [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 11, 12, 12, 12.5, 13.5, 14, 16, 18, 19, 21]

CATEGORIES: dict[str, tuple[str, dict[str, str]]] = {
    "marital_status": (
        "MAR",
        {"1": "married", "2": "widowed", "3": "divorced", "4": "separated", "5": "never_married"},
    ),
    "citizenship": (
        "CIT",
        {"1": "born_us", "2": "born_territory", "3": "born_abroad", "4": "naturalized", "5": "not_citizen"},
    ),
    "home_a_year_ago": ("MIG", {"1": "same_house", "2": "abroad", "3": "moved"}),
    "military_service": (
        "MIL",
        {"0": "too_young", "1": "active", "2": "past", "3": "training_only", "4": "never"},
    ),
    "disability": ("DIS", {"1": "yes", "2": "no"}),
    "hearing_difficulty": ("DEAR", {"1": "yes", "2": "no"}),
    "cognitive_difficulty": ("DREM", {"1": "yes", "2": "no"}),
}

GROUP_QUARTERS = "17"  # RELP: college dormitories, shelters and the like
INSTITUTION = "16"  # RELP: nursing homes, prisons; left out

Row = dict[str, Any]
POPULATIONS = {  # name -> (rows drawn, which rows of the source)
    "household_2015": (24_000, lambda row: row["year"] == 2015 and row["RELP"] not in (GROUP_QUARTERS, INSTITUTION)),
    "household_2016": (12_000, lambda row: row["year"] == 2016 and row["RELP"] not in (GROUP_QUARTERS, INSTITUTION)),
    "group_quarters": (6_000, lambda row: row["year"] > 2015 and row["RELP"] == GROUP_QUARTERS),
}


def adults(folder: Path) -> Iterator[Row]:
    """Rows of all years aged 16 or more, the outcome joined."""
    targets = pq.read_table(folder / "employment_MA_analysis_target.pq").to_pylist()
    employed = {row["id"]: row["employed"] for row in targets}
    for name in ("employment_MA_reference.pq", "employment_MA_analysis.pq"):
        for row in pq.read_table(folder / name).to_pylist():
            if row["AGEP"] >= ADULT_AGE:
                yield row | {"employed": row.get("employed", employed.get(row["id"]))}


def written(population: str, row: Row) -> list[Any]:
    words = [meanings[row[code]] for code, meanings in CATEGORIES.values()]
    return [population, int(row["AGEP"]), SCHOOLING_YEARS[int(row["SCHL"])], *words, row["employed"]]


def main(folder: Path) -> None:
    source = list(adults(folder))
    generator = random.Random(SEED)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["population", "age", "schooling_years", *CATEGORIES, "employed"])
    for population, (rows, belongs) in POPULATIONS.items():
        drawn = generator.sample([row for row in source if belongs(row)], rows)
        writer.writerows(written(population, row) for row in drawn)
    with TARGET.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as packed:
        packed.write(text.getvalue().encode())
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
