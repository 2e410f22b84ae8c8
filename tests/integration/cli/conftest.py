"""A folder with a store that a sidecar has filled: 30 windows, drift from the 16th, version 2 from the 21st."""

from contextlib import closing

import pytest

from sentinel.app.assembly import pipeline_options
from sentinel.app.pipeline import Pipeline
from sentinel.app.verdicts import policy_options
from sentinel.config import Settings
from sentinel.reference.files import save
from sentinel.store import open_store
from tests.support import lived
from tests.support.lived import START, Lived


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    folder = tmp_path_factory.mktemp("lived")
    reference, url = lived.reference(), f"sqlite:///{folder}/sentinel.db"
    save(reference, folder / "reference.sentinel")
    exchanges = lived.exchanges(START, 31, drifts_at=15, new_version_at=20)
    with closing(open_store(url)) as store:
        pipeline = Pipeline(reference, pipeline_options(Settings(), "pod-0"))
        judged = list(lived.live(store, pipeline, policy_options(Settings()), exchanges, restart_every=7))
    return Lived(folder, url, reference, judged)
