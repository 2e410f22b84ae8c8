"""A real Prometheus scrapes a live telemetry server: every panel query and every rule expression has a result.

The server is fed through the recorder's methods, one window a second, by a story in which a model drifts and is rolled
back. All queries run on one Prometheus, started once.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
import yaml

from sentinel.config import split_address
from sentinel.config.settings import LabelSettings
from sentinel.fleet import Progress
from sentinel.fleet.metrics import FleetMetrics
from sentinel.inject.server import Metrics, listening, telemetry
from sentinel.labels.values import Kind, Quality, Report, Span
from sentinel.observability import build_alerts, build_dashboards, write
from sentinel.telemetry.catalogue import CATALOGUE, INJECTOR, Metric, gpu, injector, labels
from sentinel.telemetry.readings import GpuReadings
from sentinel.telemetry.recorder import Recorder
from tests.support.dashboards import filled, panels, sides
from tests.support.prometheus import Prometheus, free_port, running_prometheus
from tests.support.telemetry_served import served
from tests.support.telemetry_story import TRACE, Story, incident, shadow_standing, story_settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECONDS = 12
MIX = {("country", "AU"): 0.2, ("country", "DE"): 0.8}


@dataclass
class Live:
    prometheus: Prometheus
    started: float
    ended: float


def gpu_readings() -> GpuReadings:
    """Two devices, a value for every metric of the catalogue."""
    samples: dict[Metric, dict[tuple[str, ...], float]] = {}
    for metric in (m for m in CATALOGUE if m.name.startswith("sentinel_gpu_") and m is not gpu.COLLECTOR_UP):
        for device in ("0", "1"):
            rest = tuple(
                metric.values[name][-1] if name in metric.values else f"{name}-{device}" for name in metric.labels[1:]
            )
            samples.setdefault(metric, {})[(device, *rest)] = 0.5
    return GpuReadings(up=True, samples=samples)


def quality_reports(at: float) -> list[Report]:
    """Each measure of the catalogue, by labels and as an estimate."""
    span = Span("fraud", "7", at - 1, at)
    of: list[tuple[Kind, Metric]] = [("realised", labels.REALISED), ("estimate", labels.ESTIMATED)]
    return [
        Report(span, kind, 100, 90, tuple(Quality(name, 0.8, 0.7, 0.9) for name in metric.values["metric"]))
        for kind, metric in of
    ]


async def tell(recorder: Recorder, started: float) -> None:
    """The story: a window a second, drift from the fourth on, an incident, a rollback."""
    story = Story(recorder)
    story.start(started)
    leader = FleetMetrics(recorder.series)
    recorder.labels.accepted(0.2)
    opened = None
    for i in range(SECONDS):
        at = time.time()
        drift = max(0.0, (i - 3) / 8)
        counts = story.second(at, failing=0.05 if drift else 0.0)
        recorder.gpu(gpu_readings())
        recorder.exchange("dropped", "fraud", "7", reason="channel_full")
        recorder.received("fraud", "7")
        recorder.sidecar.spool(i, 0)
        recorder.shadow.mirrored("compared", "fraud", "7", rows=20, differing=1)
        recorder.shadow.standings([shadow_standing()], at)
        leader.report(Progress(leading=True, replicas={"fraud": 3}, missing={"fraud": 0}))
        recorder.buffered(4096, 1)
        recorder.labels.kept(10, "kept")
        recorder.labels.labels({("fraud", "received"): 5, ("fraud", "joined"): 5})
        for report in quality_reports(at):
            recorder.quality(report)
        if opened is None and drift * 4 >= 1:
            opened = incident(at)
            story.window(at, counts, drift, opened=(opened,), open=(opened,), mix=MIX)
            recorder.rollbacks.decision("triggered", "fraud", "7", at)
            recorder.rollbacks.delivery("deployer", "delivered", 0.2, at)
        else:
            story.window(at, counts, drift, open=(opened,) if opened else (), mix=MIX)
        await asyncio.sleep(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    folder = tmp_path_factory.mktemp("live")
    quick = {name: text.replace("interval: 30s", "interval: 1s") for name, text in build_alerts().items()}
    rules = write(quick, folder / "rules")
    started = time.time()
    recorder = Recorder(story_settings(labels=LabelSettings(enabled=True)), started_at=started)
    webhook = f"127.0.0.1:{free_port()}"
    async with (
        served(recorder) as address,
        listening(telemetry(Metrics(), lambda: ""), *split_address(webhook)),
        running_prometheus(
            folder, [address.removeprefix("http://")], rules, others={injector.JOB: [webhook]}
        ) as prometheus,
    ):
        await prometheus.wait_for("sentinel_build_info")
        await tell(recorder, started)
        await prometheus.wait_for("sentinel_incidents_total > 0")
        yield Live(prometheus, started, time.time())


@pytest.mark.parametrize("name", ["fleet.json", "model.json", "internals.json"])
async def test_every_panel_query_has_a_result(live: Live, name: str) -> None:
    dashboard = json.loads(build_dashboards(features=("amount",))[name])
    empty = []
    for panel in panels(dashboard):
        for target in panel["targets"]:
            expr = filled(target["expr"])
            if target["instant"]:
                result = await live.prometheus.query(expr)
            else:
                result = await live.prometheus.query_range(expr, live.started, live.ended, 1)
            if not result:
                empty.append(f"{panel['title']} {target['refId']}: {expr}")
    assert empty == []


@pytest.mark.parametrize("name", ["fleet.json", "model.json", "internals.json"])
async def test_every_variable_and_annotation_has_a_result(live: Live, name: str) -> None:
    dashboard = json.loads(build_dashboards()[name])
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"])
            assert asked is not None
            assert await live.prometheus.series(asked[2], filled(asked[1])), variable["query"]
    for annotation in dashboard["annotations"]["list"]:
        if "expr" in annotation:
            result = await live.prometheus.query_range(filled(annotation["expr"]), live.started, live.ended, 1)
            assert result, annotation["expr"]


async def test_every_rule_expression_has_series_behind_it(live: Live) -> None:
    empty = []
    for text in build_alerts().values():
        for group in yaml.safe_load(text)["groups"]:
            for rule in group["rules"]:
                if rule.get("alert") == "SentinelAbsent":
                    continue
                for part in sides(rule["expr"]):
                    if not await live.prometheus.query(part):
                        empty.append(f"{rule.get('alert', rule.get('record'))}: {part}")
    assert empty == []


async def test_every_rule_is_evaluated_without_an_error(live: Live) -> None:
    async with live.prometheus.client.get(f"{live.prometheus.url}/api/v1/rules") as answer:
        groups = (await answer.json())["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) > 40
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"] == []


async def test_the_drift_page_fires(live: Live) -> None:
    firing = await live.prometheus.wait_for('ALERTS{alertstate="firing", alertname="SentinelInputDrift"}')
    assert firing[0]["metric"]["severity"] == "critical"
    assert firing[0]["metric"]["model"] == "fraud"


async def test_exemplars_reach_prometheus(live: Live) -> None:
    told = await live.prometheus.exemplars(
        "sentinel_request_duration_seconds_bucket", live.started - 60, live.ended + 60
    )
    assert any(exemplar["labels"]["trace_id"] == TRACE for series in told for exemplar in series["exemplars"])


async def test_every_metric_of_the_catalogue_is_scraped(live: Live) -> None:
    names = set(await live.prometheus.series("__name__", '{job="sentinel"}'))
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in names} | names
    assert [metric.name for metric in CATALOGUE if metric.name not in families] == []


async def test_the_webhooks_metrics_are_scraped_under_its_own_job(live: Live) -> None:
    names = await live.prometheus.series("__name__", f'{{job="{injector.JOB}", __name__=~"sentinel_.+"}}')
    assert sorted(names) == sorted(metric.name for metric in INJECTOR)


async def test_nothing_is_scraped_that_the_catalogue_does_not_list(live: Live) -> None:
    names = set(await live.prometheus.series("__name__", '{job="sentinel", __name__=~"sentinel_.+"}'))
    listed = {metric.name + part for metric in CATALOGUE for part in ("", "_bucket", "_sum", "_count")}
    assert names - listed == set()
