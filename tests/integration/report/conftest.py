"""Two stored lives: one drifts from its 36th window on, version 2 comes beside it; in the other nothing happens."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sentinel.app.assembly import pipeline_options
from sentinel.app.pipeline import Pipeline
from sentinel.app.verdicts import policy_options
from sentinel.config import Settings
from sentinel.reference.files import save
from sentinel.store import open_store
from tests.support import lived
from tests.support.lived import START, Lived

Living = Callable[[int], Lived]


def lived_in(folder: Path, windows: int, drifts_at: int) -> Lived:
    reference, url = lived.reference(), f"sqlite:///{folder}/sentinel.db"
    save(reference, folder / "reference.sentinel")
    (folder / "sentinel.yaml").write_text("reference: {path: reference.sentinel}\nslo: {error_ratio: 0.01}\n")
    exchanges = lived.exchanges(START, windows, drifts_at=drifts_at, new_version_at=drifts_at + 5)
    with closing(open_store(url)) as store:
        pipeline = Pipeline(reference, pipeline_options(Settings(), "pod-0"))
        judged = list(lived.live(store, pipeline, policy_options(Settings()), exchanges, restart_every=50))
    return Lived(folder, url, reference, judged)


@pytest.fixture(scope="module")
def drifting(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return lived_in(tmp_path_factory.mktemp("drifting"), 61, drifts_at=35)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return lived_in(tmp_path_factory.mktemp("healthy"), 31, drifts_at=1000)
