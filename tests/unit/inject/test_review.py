"""Whatever is asked, the answer allows it; a patch gives an object that the API server takes."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.inject.review import Malformed, answered
from tests.support.helm_schemas import check
from tests.support.inject_reviews import INJECTED, NAMES, PLAN, again, patched, review

OUTCOMES = {
    "pod-that-did-not-ask": ("not_asked", ""),
    "pod-without-ports": ("refused", "no container declares a port"),
    "pod-with-a-port-taken": ("refused", "port 8081 is taken by container mlserver"),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize("name", NAMES)
def test_a_review_has_its_outcome_and_the_object_stays_valid(name: str) -> None:
    asked = review(name)
    answer = answered(asked, PLAN)
    outcome, reason = OUTCOMES.get(name, ("injected", ""))
    assert answer.outcome == outcome
    assert answer.reason.startswith(reason)
    assert bool(answer.review["response"].get("warnings")) is bool(reason)
    check(patched(asked, answer.review))


@pytest.mark.parametrize("name", INJECTED)
def test_a_second_pass_changes_nothing(name: str) -> None:
    asked = review(name)
    second = answered(again(asked, patched(asked, answered(asked, PLAN).review)), PLAN)
    assert second.outcome == "unchanged"
    assert "patch" not in second.review["response"]


def test_a_service_leads_to_the_sidecar_and_its_other_ports_stay() -> None:
    asked = review("service-updated")
    ports = patched(asked, answered(asked, PLAN).review)["spec"]["ports"]
    assert [port["targetPort"] for port in ports] == [8081, 9001]


def test_a_service_that_does_not_name_the_models_port_is_left_as_it_is() -> None:
    asked = review("service-created")
    asked["request"]["object"]["metadata"]["annotations"] = {}
    answer = answered(asked, PLAN)
    assert answer.outcome == "refused"
    assert "name the port" in answer.review["response"]["warnings"][0]


def test_what_is_written_in_a_label_decides() -> None:
    for word in ("false", "yes", ""):
        asked = review("pod-of-a-deployment")
        asked["request"]["object"]["metadata"]["labels"]["sentinel-sidecar.github.io/inject"] = word
        assert answered(asked, PLAN).outcome == "not_asked"


@pytest.mark.parametrize("damage", [None, [], "x", 0, {}, {"metadata": None}, {"metadata": {"labels": []}}])
@pytest.mark.parametrize("place", ["object", "spec", "containers", "container", "ports", "annotations"])
def test_a_damaged_object_is_allowed_unchanged(place: str, damage: Any) -> None:
    asked = review("pod-of-a-deployment")
    found = asked["request"]["object"]
    places = {
        "object": (asked["request"], "object"),
        "spec": (found, "spec"),
        "containers": (found["spec"], "containers"),
        "container": (found["spec"]["containers"], 0),
        "ports": (found["spec"]["containers"][0], "ports"),
        "annotations": (found["metadata"], "annotations"),
    }
    holder, key = places[place]
    holder[key] = damage  # type: ignore[index]
    answer = answered(asked, PLAN)
    assert answer.review["response"]["allowed"] is True
    assert answer.outcome != "injected" or place in ("annotations", "ports")


@settings(max_examples=200)
@given(JSON)
def test_any_object_is_allowed(found: Any) -> None:
    asked = review("pod-of-a-deployment")
    asked["request"]["object"] = found
    assert answered(asked, PLAN).review["response"]["allowed"] is True


@given(JSON)
def test_what_is_no_review_is_said_to_be_none(found: Any) -> None:
    with pytest.raises(Malformed):
        answered(found, PLAN)


def test_other_versions_of_the_review_are_not_answered() -> None:
    asked = copy.deepcopy(review("pod-of-a-deployment"))
    asked["apiVersion"] = "admission.k8s.io/v1beta1"
    with pytest.raises(Malformed, match=r"admission\.k8s\.io/v1"):
        answered(asked, PLAN)


def test_an_object_nested_without_end_is_allowed_unchanged() -> None:
    asked = review("pod-of-a-deployment")
    deep: Any = {}
    for _ in range(900):
        deep = {"a": deep}
    asked["request"]["object"]["spec"]["x"] = deep
    answer = answered(asked, PLAN)
    assert answer.outcome == "failed"
    assert answer.review["response"]["allowed"] is True
