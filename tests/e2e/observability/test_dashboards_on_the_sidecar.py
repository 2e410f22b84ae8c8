"""The whole story over real processes, scraped each second by a real Prometheus: every query and rule has a result.

The relay, the observer, the model server and the deployment stand-in are those of `make run`, in short windows.
"""

import io
import json
import shutil
import time
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from sentinel.demo.driver import Pace
from sentinel.demo.place import Place
from sentinel.demo.sidecar import Timing
from sentinel.demo.staging import Plan
from sentinel.demo.story import tell
from sentinel.demo.telling import Teller
from sentinel.observability import build_alerts, build_dashboards, write
from sentinel.observability.alerts import FLEETS, INJECTOR
from sentinel.observability.dashboards.generation import language_model_panels
from tests.support.dashboards import filled, panels, sides
from tests.support.demo_artifacts import session_artifacts
from tests.support.ports import demo_ports
from tests.support.prometheus import Prometheus, running_prometheus

NOT_IN_THE_STORY = (
    "GPU",
    "Second model",
    "Quality by late labels",
    "Leader of the fleet",
)  # each panel says so (noValue)
WITHOUT_SERIES = {"SentinelAbsent", *(alert.name for alert in (*FLEETS, *INJECTOR))}
LANGUAGE_MODEL = {panel.title for panel in language_model_panels()}
MAY_BE_EMPTY = {*LANGUAGE_MODEL, "Rows by segment", "Time to commit a window"}  # each says why, in its noValue


@pytest.fixture
def demo_folder(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    trained = session_artifacts(tmp_path_factory, worker_id).folder
    shutil.copytree(trained, tmp_path / "demo" / trained.name)
    return tmp_path / "demo"


async def unanswered_panels(prometheus: Prometheus, started: float, ended: float) -> list[str]:
    empty = []
    for name, text in build_dashboards().items():
        dashboard = json.loads(text)
        optional = [
            panel for row in dashboard["panels"] if row.get("title") in NOT_IN_THE_STORY for panel in row["panels"]
        ]
        for panel in panels(dashboard):
            for target in panel["targets"]:
                expr = filled(target["expr"])
                if target["instant"]:
                    result = await prometheus.query(expr, ended)
                else:
                    result = await prometheus.query_range(expr, started, ended, 1)
                if not result and panel not in optional and panel["title"] not in MAY_BE_EMPTY:
                    empty.append(f"{name}: {panel['title']} {target['refId']}")
                assert result or panel["fieldConfig"]["defaults"].get("noValue"), panel["title"]
    return empty


async def rules_without_series(prometheus: Prometheus, ended: float) -> list[str]:
    rules = [
        rule for text in build_alerts().values() for group in yaml.safe_load(text)["groups"] for rule in group["rules"]
    ]
    asked = [
        (rule.get("alert", rule.get("record")), rule["expr"])
        for rule in rules
        if rule.get("alert") not in WITHOUT_SERIES
    ]
    return [
        f"{name}: {part}" for name, expr in asked for part in sides(expr) if not await prometheus.query(part, ended)
    ]


async def test_every_query_has_a_result_while_the_story_runs(demo_folder: Path, tmp_path: Path) -> None:
    plan = Plan(Place(demo_folder), demo_ports(), Timing(window_seconds=1.0), Pace())
    quick = {name: text.replace("interval: 30s", "interval: 1s") for name, text in build_alerts().items()}
    rules = write(quick, tmp_path / "rules")
    started = time.time()
    async with running_prometheus(tmp_path, [plan.ports.address("telemetry")], rules) as prometheus:
        outcome = await tell(plan, Teller(Console(file=io.StringIO())))
        told = time.time()
        ended = float((await prometheus.query("max(timestamp(sentinel_ready offset 2s))", time.time()))[0]["value"][1])
        assert await unanswered_panels(prometheus, started, ended) == []
        assert await rules_without_series(prometheus, ended) == []
        paged = await prometheus.query_range('ALERTS{alertstate="firing", severity="critical"}', started, told, 1)
    assert outcome.tally.failed == 0
    assert {"SentinelPredictionDrift", "SentinelInputDrift"} <= {alert["metric"]["alertname"] for alert in paged}
    assert "SentinelUnaccounted" not in {alert["metric"]["alertname"] for alert in paged}
