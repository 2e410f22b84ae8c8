"""The example Alertmanager configuration: its routes, and a drift page followed to a real webhook receiver."""

import asyncio
import re
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import ClientSession, web

from sentinel.judge.verdict import State
from sentinel.observability import build_alerts, write
from sentinel.observability.alerts import DRIFT, OPTIONAL, ROLLBACK, SERVING, sidecar
from sentinel.telemetry.recorder import Recorder
from tests.support.prometheus import running_alertmanager, running_prometheus
from tests.support.telemetry_served import served
from tests.support.telemetry_story import Story, incident, story_settings
from tests.support.tools import need

EXAMPLE = Path(__file__).parents[3] / "alerts" / "alertmanager.example.yml"
ALERTS = (*SERVING, *DRIFT, *ROLLBACK, *sidecar("sentinel"), *OPTIONAL.values())
RECEIVERS = {"critical": "on-call", "warning": "tickets", "info": "channel"}
WAIT_SECONDS = 120.0
SEVERITIES = {alert.name: alert.severity for alert in ALERTS}
FRAUD = {"namespace": "prod", "model": "fraud", "model_version": "7"}
SPAM = {**FRAUD, "model": "spam"}
A, B = ({"namespace": "prod", "job": "sentinel", "instance": f"{name}:9108", "pod": name} for name in "ab")
INHIBITIONS = (
    # source, target, whether the source silences the target
    (("SentinelInputDrift", FRAUD), ("SentinelFeatureDrift", FRAUD), True),
    (("SentinelInputDrift", FRAUD), ("SentinelFeatureDrift", SPAM), False),
    (("SentinelErrorBudgetBurnFast", {"namespace": "prod", "model": "fraud"}), ("SentinelInputDrift", FRAUD), True),
    (("SentinelErrorBudgetBurnFast", {"namespace": "prod", "model": "fraud"}), ("SentinelInputDrift", SPAM), False),
    (("SentinelDown", A), ("SentinelStoreDown", A), True),
    (("SentinelDown", A), ("SentinelStoreDown", B), False),
    (("SentinelDown", A), ("SentinelInputDrift", FRAUD), False),
    (("SentinelDown", A), ("SentinelMissingOnPod", {"namespace": "prod", "pod": "a"}), True),
    (("SentinelSpoolLost", A), ("SentinelExchangesDropped", B), False),
    (("SentinelAbsent", {"namespace": "prod", "job": "sentinel"}), ("SentinelInputDrift", FRAUD), True),
    (("SentinelAbsent", {"namespace": "dev", "job": "sentinel"}), ("SentinelInputDrift", FRAUD), False),
)


def test_amtool_accepts_the_example() -> None:
    done = subprocess.run([need("amtool"), "check-config", EXAMPLE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("severity", RECEIVERS)
def test_alerts_go_where_their_severity_says(severity: str) -> None:
    labels = ["component=sentinel", f"severity={severity}", "alertname=SentinelInputDrift", "model=fraud"]
    command = [need("amtool"), "config", "routes", "test", f"--config.file={EXAMPLE}", *labels]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == RECEIVERS[severity]


def test_the_watchdog_goes_to_the_heartbeat_alone() -> None:
    labels = ["component=sentinel", "severity=none", "alertname=SentinelWatchdog"]
    command = [need("amtool"), "config", "routes", "test", f"--config.file={EXAMPLE}", *labels]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "heartbeat"


def test_alerts_of_others_stay_out() -> None:
    command = [need("amtool"), "config", "routes", "test", f"--config.file={EXAMPLE}", "alertname=Other"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "nobody"


def test_inhibitions_name_alerts_that_exist() -> None:
    names = {alert.name for alert in ALERTS}
    text = EXAMPLE.read_text()
    for pattern in re.findall(r'alertname=~?"([^"]+)"', text):
        for one in pattern.split("|"):
            assert any(re.fullmatch(one, name) for name in names), one


class Receiver:
    """Takes Alertmanager's webhooks (version 4) and remembers them."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self._more = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        self.told.append(await request.json())
        self._more.set()
        return web.Response()

    def alerts(self, status: str) -> list[dict[str, Any]]:
        return [alert for message in self.told for alert in message["alerts"] if alert["status"] == status]

    async def wait_for(self, name: str, status: str) -> dict[str, Any]:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                for alert in self.alerts(status):
                    if alert["labels"]["alertname"] == name:
                        return alert
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def listening(receiver: Receiver) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/{receiver}", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def quick(folder: Path, receiver: str) -> Path:
    """The example with this receiver, and without its waiting times."""
    config = yaml.safe_load(EXAMPLE.read_text())
    for one in config["receivers"]:
        for hook in one.get("webhook_configs", ()):
            hook["url"] = f"{receiver}/{one['name']}"
    config["route"]["routes"][0].update(group_wait="0s", group_interval="1s")
    path = folder / "alertmanager.yml"
    path.write_text(yaml.safe_dump(config))
    return path


async def inhibited(client: ClientSession, alertmanager: str, name: str) -> None:
    """Wait until Alertmanager says that this alert is inhibited."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            async with client.get(f"http://{alertmanager}/api/v2/alerts") as answer:
                for alert in await answer.json():
                    if alert["labels"]["alertname"] == name and alert["status"]["inhibitedBy"]:
                        return
            await asyncio.sleep(0.1)


def posted(name: str, labels: dict[str, str], case: int) -> dict[str, Any]:
    """An alert as Prometheus sends it; cases are kept apart by their namespace."""
    told = {**labels, "namespace": f"{labels['namespace']}-{case}"}
    return {"labels": {"alertname": name, "severity": SEVERITIES[name], "component": "sentinel", **told}}


async def test_only_consequences_are_inhibited(tmp_path: Path) -> None:
    alerts, expected = [], set()
    for case, (source, target, silences) in enumerate(INHIBITIONS):
        alerts += [posted(*source, case), posted(*target, case)]
        if silences:
            expected.add(frozenset(alerts[-1]["labels"].items()))
    async with running_alertmanager(tmp_path, EXAMPLE) as alertmanager, ClientSession() as client:
        async with client.post(f"http://{alertmanager}/api/v2/alerts", json=alerts) as answer:
            assert answer.status == 200, await answer.text()
        known, silenced = 0, set()
        deadline = time.monotonic() + WAIT_SECONDS
        while (known < len(alerts) or silenced != expected) and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
            async with client.get(f"http://{alertmanager}/api/v2/alerts") as answer:
                told = await answer.json()
            known = len(told)
            silenced = {frozenset(alert["labels"].items()) for alert in told if alert["status"]["inhibitedBy"]}
    assert silenced == expected


async def test_a_drift_page_reaches_its_receiver_and_silences_the_tickets(tmp_path: Path) -> None:
    receiver = Receiver()
    recorder = Recorder(story_settings(), started_at=time.time())
    story = Story(recorder)
    story.start(time.time())
    opened = incident(time.time())
    at_once = {name: re.sub(r"for: \w+", "for: 0s", text) for name, text in build_alerts().items()}
    at_once = {name: re.sub(r"keep_firing_for: \w+", "keep_firing_for: 0s", text) for name, text in at_once.items()}
    rules = write({"sentinel-drift.yml": at_once["sentinel-drift.yml"]}, tmp_path)

    def close(drift: float, **verdict: object) -> None:
        now = time.time()
        story.window(now, story.second(now, rate=300), drift, **verdict)

    async with (
        listening(receiver) as address,
        running_alertmanager(tmp_path, quick(tmp_path, address)) as alertmanager,
        served(recorder) as telemetry,
        running_prometheus(tmp_path, [telemetry.removeprefix("http://")], rules, alertmanager) as prometheus,
    ):
        close(0.05, state=State.BREACH, opened=(opened,), open=(opened,))
        page = await receiver.wait_for("SentinelInputDrift", "firing")
        assert page["labels"] | {"severity": "critical", "model": "fraud", "model_version": "7"} == page["labels"]
        assert "The inputs of fraud 7 drifted beyond tolerance" in page["annotations"]["description"]
        assert "Features with most evidence now: amount" in page["annotations"]["description"]
        assert page["annotations"]["runbook_url"].endswith("/SentinelInputDrift.md")

        close(0.8, open=(opened,))  # scores above their notice level, during the incident
        await inhibited(prometheus.client, alertmanager, "SentinelFeatureDrift")
        assert "SentinelFeatureDrift" not in {alert["labels"]["alertname"] for alert in receiver.alerts("firing")}

        close(0.0, resolved=(opened,))
        await receiver.wait_for("SentinelInputDrift", "resolved")
    assert all(message["version"] == "4" for message in receiver.told)
