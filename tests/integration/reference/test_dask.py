"""The same reference, to the last bit, from one process and from the workers of a real Dask cluster."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster
from pyarrow import Table, parquet

from sentinel.cli import main
from sentinel.labels.kept import AnswerSpec
from sentinel.library import Derivation
from sentinel.reference.codec import to_bytes
from sentinel.reference.engines import on_dask
from sentinel.reference.files import build_from_file, load
from sentinel.reference.sample import SAMPLE_VALUES
from sentinel.reference.truths import TruthColumns

PROBABILITY = AnswerSpec(scores={"1": "score"})
FILES, ROWS = 5, 27_000  # more in all than the survey keeps


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as started:
        yield started


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of Parquet files and a CSV file, with texts and missing values."""
    folder = tmp_path_factory.mktemp("tables")
    rng = np.random.default_rng(3)
    assert FILES * ROWS > SAMPLE_VALUES
    for number in range(FILES):
        parquet.write_table(table(rng, ROWS), folder / f"part-{number}.parquet", row_group_size=7_000)
    rest = table(rng, 500).to_pydict()
    lines = [",".join(map(str, row)) for row in zip(*rest.values(), strict=True)]
    (folder / "rest.csv").write_text("\n".join([",".join(rest), *lines]) + "\n")
    return folder


def table(rng: np.random.Generator, rows: int) -> Table:
    amount = rng.lognormal(size=rows)
    amount[rng.random(rows) < 0.01] = np.nan
    columns: dict[str, Any] = {
        "amount": amount,
        "country": rng.choice(["NL", "DE", "FR"], rows),
        "words": [
            f"{word} and a few more" if word % 20 == 0 else None for word in rng.integers(0, 10**6, rows).tolist()
        ],
        "score": rng.random(rows),
        "label": rng.integers(0, 2, rows),
    }
    return Table.from_pydict(columns)


def test_a_cluster_builds_what_one_process_builds(tables: Path, cluster: LocalCluster) -> None:
    told: dict[str, Any] = {"name": "fraud", "version": "1", "predictions": ["score"], "derive": Derivation()}
    told |= {
        "joint": True,
        "labels": ["label"],
        "segments": ["country"],
        "truths": TruthColumns("label", ("score",), PROBABILITY),
    }
    one = build_from_file(tables, **told)
    with Client(cluster) as client:
        many = build_from_file(tables, **told, fold=on_dask(client))
    assert one.rows == FILES * ROWS + 500
    assert one.standard is not None
    assert sorted(one.segments[0].values) == ["DE", "FR", "NL"]
    assert many.fingerprint == one.fingerprint
    assert to_bytes(many) == to_bytes(one)


def test_the_command(tables: Path, cluster: LocalCluster, tmp_path: Path) -> None:
    files = [str(tables / name) for name in ("rest.csv", "part-0.parquet")]
    common = ["reference", "build", *files, "--name", "fraud", "--prediction", "score", "--output"]
    assert main([*common, str(tmp_path / "one")]) == 0
    assert main([*common, str(tmp_path / "many"), "--dask", cluster.scheduler_address]) == 0
    assert (tmp_path / "many").read_bytes() == (tmp_path / "one").read_bytes()
    assert len(load(tmp_path / "many").names) > 4  # texts became what is said of them


def test_a_scheduler_that_is_not_there(
    tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sentinel.cli.reference.SCHEDULER_SECONDS", 0.5)
    output = tmp_path / "none"
    assert main(["reference", "build", str(tables), "--output", str(output), "--dask", "tcp://127.0.0.1:1"]) == 1
    assert "no Dask scheduler answers at tcp://127.0.0.1:1" in capsys.readouterr().err
    assert not output.exists()


def test_what_is_wrong_with_a_table_is_told_from_the_workers(tmp_path: Path, cluster: LocalCluster) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "b.csv").write_text("x,z\n1,2\n")
    with Client(cluster) as client, pytest.raises(ValueError, match="'y' is in some chunks only"):
        build_from_file(tmp_path, name="m", version="1", fold=on_dask(client))
