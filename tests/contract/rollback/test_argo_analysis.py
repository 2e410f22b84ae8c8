"""Argo Rollouts' web metric against the telemetry server, as its controller measures, with the template of the docs."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema
import pytest
import yaml

from sentinel.judge.verdict import State, Verdict
from sentinel.telemetry.recorder import Recorder
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.window import WindowKey
from tests.support.telemetry_served import served
from tests.support.telemetry_story import story_settings

ROOT = Path(__file__).parents[3]
NOW = 1_790_000_000.0


def documented() -> dict[str, Any]:
    """The metric that docs/rollback.md tells people to use."""
    page = (ROOT / "docs/rollback.md").read_text()
    (block,) = [text for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "successCondition" in text]
    metric: dict[str, Any] = yaml.safe_load(block)
    return metric


@dataclass(frozen=True)
class Controller:
    """How Argo Rollouts measures: a status outside 2xx or no JSON is Error; both conditions unmet is Inconclusive."""

    address: str
    metric: dict[str, Any]

    async def measure(self, version: str) -> str:
        web = self.metric["provider"]["web"]
        url = web["url"].replace("http://fraud.serving:9108", self.address).replace("{{args.version}}", version)
        async with aiohttp.ClientSession() as session, session.get(url) as answered:
            if not 200 <= answered.status < 300:
                return "Error"
            document = json.loads(await answered.read())
        assert web["jsonPath"] == "{$.data}"
        result = document["data"]
        if holds(self.metric["failureCondition"], result):
            return "Failed"
        return "Successful" if holds(self.metric["successCondition"], result) else "Inconclusive"


def holds(condition: str, result: dict[str, Any]) -> bool:
    """A condition of the form result.NAME == "TEXT"."""
    name, text = re.fullmatch(r'result\.(\w+) == "(\w+)"', condition).groups()  # type: ignore[union-attr]
    return bool(result[name] == text)


def recorded(state: State | None, age_seconds: float = 0.0) -> Recorder:
    recorder = Recorder(story_settings(), started_at=NOW - 3600)
    if state is not None:
        end = NOW - age_seconds
        closed = ClosedWindow(WindowKey("fraud", "7", "a"), end - 60, end, 100, "ref")
        recorder.window(closed, {}, Verdict("fraud", "7", end - 60, end, state, "A sentence."))
    return recorder


@pytest.mark.parametrize(
    ("state", "age_seconds", "phase"),
    [
        (State.OK, 0, "Successful"),
        (State.BREACH, 0, "Failed"),
        (State.INSUFFICIENT, 0, "Inconclusive"),
        (State.BLIND, 0, "Inconclusive"),
        (None, 0, "Inconclusive"),
        (State.OK, 3000, "Inconclusive"),  # silent since
        (State.BREACH, 3000, "Inconclusive"),
    ],
)
async def test_what_a_rollout_makes_of_it(state: State | None, age_seconds: float, phase: str) -> None:
    async with served(recorded(state, age_seconds), lambda: NOW) as address:
        controller = Controller(address, documented())
        assert await controller.measure("7") == phase
        assert await controller.measure("8") == "Inconclusive"


def test_the_documented_metric_is_one() -> None:
    schema = json.loads((ROOT / "tests/data/rollback/argo-web-metric.schema.json").read_text())
    jsonschema.validate({"name": "sentinel", **documented()}, schema)
