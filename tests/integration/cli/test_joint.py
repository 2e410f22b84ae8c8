"""A reference built with --joint is judged in groups: replay finds a correlation that vanished, by its pair."""

import json
from pathlib import Path

import numpy as np

from tests.support.cli import sentinel

ROWS = 6000


def write(path: Path, rng: np.random.Generator, correlation: float) -> None:
    a, b = rng.standard_normal((2, ROWS))
    rows = np.stack([a, correlation * a + np.sqrt(1 - correlation**2) * b], axis=1)
    np.savetxt(path, rows, delimiter=",", header="a,b", comments="")


def test_a_correlation_that_vanished_is_paged_by_its_pair(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    write(tmp_path / "training.csv", rng, 0.8)
    write(tmp_path / "served.csv", rng, 0.0)
    for options, expected in (((), set()), (("--joint",), {"a × b"})):
        built = sentinel("reference", "build", "training.csv", "--name", "pair", *options, cwd=tmp_path)
        assert built.returncode == 0, built.stderr
        done = sentinel("replay", "served.csv", "--reference", "reference.sentinel", "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        opened = [incident for line in done.stdout.splitlines() for incident in json.loads(line)["opened"]]
        assert {feature for incident in opened for feature in incident["features"]} == expected
