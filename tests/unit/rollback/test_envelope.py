"""The request against its published schema, CloudEvents and its size limit, also for hostile names."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

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
    """As the judge's words name them, in its explanation and in its findings."""
    marked = f"<{category}> share of <{category}> +1.0 points"
    words = f"predictions: country share of {marked} -12.5 points; evidence 3 of 1 needed"
    standing = incident(explanation=words)
    event = event_of(verdict=verdict(standing, findings=(finding(change=f"share of {marked} -12.5 points"),)))
    reason = event["data"]["reason"]
    assert reason["features"][0]["change"] == "share of a category -12.5 points"
    assert reason["explanation"] == "predictions: country share of a category -12.5 points; evidence 3 of 1 needed"


def test_the_judges_words_are_the_ones_that_are_cut() -> None:
    """A categorical drift as the judge tells it."""
    frozen = world.reference(20_000)
    judge, rng = Judge(frozen), np.random.default_rng(1)
    for number in range(20):
        columns = world.columns(rng, 500, approved=0.8)
        drifted = judge.observe(world.window(frozen, columns, number))
    told = event_of(verdict=verdict(replace(drifted.open[0], version="2"), findings=drifted.findings))
    assert "yes" in drifted.open[0].explanation or "no" in drifted.open[0].explanation
    words = json.dumps(told["data"]["reason"]["features"]) + told["data"]["reason"]["explanation"]
    assert "share of a category" in words
    assert not re.search(r"share of (?!a category)", words)


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
