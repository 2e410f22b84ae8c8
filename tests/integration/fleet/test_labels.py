"""Labels in a fleet: every sidecar keeps its predictions and takes any label; the leader joins, scores and judges."""

import dataclasses
import time

from sentinel.app.fleet import FleetProcess
from sentinel.config.settings import LabelSettings
from sentinel.labels.values import KeptPrediction, Label
from sentinel.store import WindowRecord, open_store
from tests.integration.fleet.test_process import running, settings_for, until_said
from tests.support import store_values as some

ROWS = 200


async def test_the_leader_joins_scores_and_judges_the_labels_of_all_replicas(sqlite_url: str) -> None:
    labels = LabelSettings(enabled=True, accepted_wrong_ratio=0.1, score_seconds=0.1)
    settings = dataclasses.replace(settings_for(sqlite_url), labels=labels)
    store = open_store(sqlite_url)
    last = int(time.time() // 60) - 3
    start = last * 60.0
    for replica in "ab":
        store.commit_window(WindowRecord(some.window(last, replica=replica, reference_id="")))
        ids = [f"{replica}-{n}" for n in range(ROWS)]
        store.labels.keep(
            [
                KeptPrediction("fraud", "1", i, 0, start, start, start + 60, predicted="1", scores={"1": 0.9})
                for i in ids
            ]
        )
        store.labels.put([Label("", i, 0, "0") for i in ids], time.time())
    process = FleetProcess(settings)
    async with running(process):
        said = await until_said(
            settings, "/metrics", 'sentinel_realised_quality_rows{model="fraud",model_version="1"} 400.0'
        )
        assert 'sentinel_realised_quality{bound="value",metric="accuracy",model="fraud",model_version="1"} 0.0' in said
        assert 'sentinel_labels_total{model="model",outcome="late"} 400.0' in said
        assert "sentinel_accepted_wrong_ratio 0.1" in said
        for replica in "ab":
            store.commit_window(WindowRecord(some.window(last + 1, replica=replica, reference_id="")))
        paged = 'sentinel_incidents_open{cause="realised_quality",model="fraud",model_version="1"} 1.0'
        await until_said(settings, "/metrics", paged)
    assert store.labels.labelled("fraud", "1") == (2 * ROWS, 2 * ROWS)
    store.close()
