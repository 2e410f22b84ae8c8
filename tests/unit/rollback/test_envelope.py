"""The request against its published schema, CloudEvents and its size limit, also for hostile names."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.drift.categories import quoted
from sentinel.drift.scores import score
from sentinel.judge.judge import Judge
from sentinel.rollback.envelope import MOST_BYTES, SCHEMA
from sentinel.rollback.interlocks import Comparison
from sentinel.rollback.past import Past, Request
from sentinel.rollback.planning import plan
from tests.support import judge_world as world
from tests.support.rollback_cases import NOW, finding, incident, policy, surroundings, verdict, versions

PUBLISHED = json.loads((Path(__file__).parents[3] / "docs/schemas/rollback-requested.v1.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(PUBLISHED)


def body_of(**values: Any) -> bytes:
    values.setdefault("verdict", verdict())
    made = plan(
        values["verdict"],
        values.get("policy", policy()),
        values.get("past", Past()),
        NOW,
        values.get("surroundings", surroundings()),
    )
    return made.intents[0].body


def event_of(**values: Any) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(body_of(**values))
    VALIDATOR.validate(event)
    return event


def test_the_schema_is_one_and_is_the_one_named() -> None:
    jsonschema.Draft202012Validator.check_schema(PUBLISHED)
    assert PUBLISHED["$id"] == SCHEMA


def test_a_request_says_what_why_and_until_when() -> None:
    event = event_of(policy=policy(dashboard_url="https://g/d?m={model}&v={version}", runbook_url="https://r/{cause}"))
    data = event["data"]
    assert event["subject"] == "models/fraud/versions/2"
    assert event["time"] == event["timestamp"] == "2026-11-21T22:26:40.000Z"
    assert (data["from_version"], data["to_version"], data["expires_at"]) == ("2", "1", "2026-11-21T22:36:40.000Z")
    assert data["reason"]["features"][0]["change"] == "mean +0.8 sd"
    assert data["evidence"]["dashboard_url"] == "https://g/d?m=fraud&v=2"
    assert data["evidence"]["runbook_url"] == "https://r/prediction_drift"
    assert "ref" not in event  # GitLab reads a top-level `ref` as the branch


def test_baseline_previous_rollback_and_infinite_evidence() -> None:
    past = Past((Request("old", "fraud", "0.9", "0.8", NOW - 50_000),))
    comparison = Comparison("worse", float("inf"), 4000)
    event = event_of(
        past=past,
        verdict=verdict(incident(evidence=float("inf"))),
        surroundings=surroundings(comparisons={"prediction_drift": comparison}),
    )
    assert event["data"]["previous_rollback_at"] == "2026-11-21T08:33:20.000Z"
    assert event["data"]["reason"]["baseline"] == {"result": "worse", "value": None, "observations": 4000}
    assert event["data"]["reason"]["evidence"] is None


def test_the_features_of_the_cause_come_first_and_at_most_ten() -> None:
    findings = tuple(finding(f"f{i}", evidence=float(i)) for i in range(30))
    others = (finding("elsewhere", cause="latency", evidence=99.0),)
    event = event_of(verdict=verdict(findings=findings + others))
    assert [feature["name"] for feature in event["data"]["reason"]["features"]] == [f"f{i}" for i in range(29, 19, -1)]


@given(st.text(st.characters(), min_size=1, max_size=50))
def test_no_category_leaves_with_a_request(category: str) -> None:
    """As the judge's words name them, in its explanation and in its findings; what stands between them stays."""
    change = f"share of {quoted(category)} 30 → 60 %, {quoted(category)} 70 → 40 %"
    standing = incident(explanation=f"prediction {change}; evidence 3 of 1 needed")
    event = event_of(verdict=verdict(standing, findings=(finding(change=change),)))
    reason, told = event["data"]["reason"], "share of a category 30 → 60 %, a category 70 → 40 %"
    assert reason["features"][0]["change"] == told
    assert reason["explanation"] == f"prediction {told}; evidence 3 of 1 needed"


@pytest.mark.parametrize("scored", [False, True])
def test_the_judges_words_are_the_ones_that_are_cut(scored: bool) -> None:
    """A categorical drift as the judge tells it, by its own counts and by the words of the scores."""
    frozen = world.reference(20_000)
    judge, rng = Judge(frozen), np.random.default_rng(1)
    for number in range(20):
        window = world.window(frozen, world.columns(rng, 500, approved=0.8), number)
        drifted = judge.observe(window, score(frozen, window) if scored else None)
    told = event_of(verdict=verdict(replace(drifted.open[0], version="2"), findings=drifted.findings))
    assert re.search(r"“(yes|no)”", drifted.open[0].explanation)
    words = json.dumps(told["data"]["reason"], ensure_ascii=False)
    assert "a category" in words
    assert not re.search(r"“|\byes\b", words)


@given(
    st.text(st.characters(), min_size=1, max_size=5000),
    st.text(st.characters(), min_size=1, max_size=5000),
    st.text(st.characters(), max_size=10_000),
)
def test_hostile_names_stay_small_and_valid(model: str, name: str, text: str) -> None:
    standing = incident(model=model, version=name, explanation=text)
    findings = tuple(finding(name + str(i), change=text, evidence=float(i)) for i in range(40))
    body = body_of(
        verdict=verdict(standing, findings=findings),
        surroundings=surroundings(versions=versions(("older" + name, NOW - 900), (name, NOW - 100))),
    )
    assert len(body) <= MOST_BYTES
    VALIDATOR.validate(json.loads(body))
