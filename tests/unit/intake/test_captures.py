"""Capture logs of every platform give the exchanges they were written from; what does not fit is refused by name."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.app.pipeline import PipelineOptions
from sentinel.app.replay import windows_of_exchanges
from sentinel.app.sources import SourceError, exchanges, split
from sentinel.decode import DecodeOptions
from sentinel.intake.captures import Captures, kind_of
from sentinel.intake.events import BadEvent
from sentinel.traffic import Exchange
from sentinel.windows.closed import ClosedWindow
from tests.support import captured, lived

REFERENCE = lived.reference()
ORIGINAL = list(lived.exchanges(lived.START, 4, drifts_at=2, new_version_at=100))
Written = Callable[[Iterable[Exchange]], Iterator[dict[str, Any]]]
FORMATS = {
    "exchanges": captured.lines,
    "kserve": captured.kserve,
    "sagemaker": captured.sagemaker,
    "triton": captured.triton,
}


def windows(found: Iterable[Exchange]) -> list[ClosedWindow]:
    options = PipelineOptions("fraud", "1", "replay", decode=DecodeOptions(columns=("amount",)))
    return list(windows_of_exchanges(found, REFERENCE, options))


def through_json(documents: Iterable[Any]) -> Iterator[Any]:
    return (json.loads(json.dumps(document)) for document in documents)


@pytest.mark.parametrize("name", FORMATS)
def test_captures_fill_the_windows_of_the_live_exchanges(name: str) -> None:
    kind, documents = split(through_json(FORMATS[name](ORIGINAL)))
    assert kind == name
    got = windows(exchanges(kind, documents))
    expected = windows(ORIGINAL)
    assert [(w.start, w.rows, w.key) for w in got] == [(w.start, w.rows, w.key) for w in expected]
    assert [w.features for w in got] == [w.features for w in expected]
    assert [w.traffic.codes for w in got] == [w.traffic.codes for w in expected]


def test_a_request_without_its_answer_is_still_counted_and_a_lonely_answer_is_not() -> None:
    requests = [event for event in captured.kserve(ORIGINAL[:3]) if event["type"].endswith(".request")]
    captures = Captures("kserve")
    assert [e for event in requests for e in captures.take(event)] == []
    assert [e.status for e in captures.rest()] == [0, 0, 0]
    assert captures.unanswered_requests == 3
    (lonely,) = [event for event in captured.kserve(ORIGINAL[:1]) if event["type"].endswith(".response")]
    assert list(captures.take(lonely)) == []
    assert list(captures.rest()) == []
    assert captures.lonely_answers == 1


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"amount": 1.5, "country": "DE"}, "rows"),
        ({"id": 7, "amount": 1.5}, "rows"),
        ({"request": 5, "amount": 1}, "rows"),
        ({"request": {"inputs": []}}, "exchanges"),
        ({"id": 1, "timestamps": []}, "triton"),
    ],
)
def test_the_kind_is_told_from_the_keys(document: Any, kind: str) -> None:
    assert kind_of(document) == kind


@pytest.mark.parametrize(
    ("kind", "document", "why"),
    [
        ("sagemaker", {"captureData": 1}, "captureData and eventMetadata"),
        ("sagemaker", {"captureData": {}, "eventMetadata": {}}, "without endpointInput"),
        (
            "sagemaker",
            {"captureData": {"endpointInput": {"data": "?", "encoding": "BASE64"}}, "eventMetadata": {}},
            "is not base64",
        ),
        ("kserve", {"specversion": "1.0"}, "needs an id"),
        ("triton", {"id": 1, "activity": "TENSOR_QUEUE_INPUT", "tensor": {}}, "does not fit together"),
        ("exchanges", {"response": {}}, "at least `request`"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(kind: str, document: Any, why: str) -> None:
    with pytest.raises(SourceError, match=f"document 1: .*{why}"):
        list(exchanges(kind, [document]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("captureData", "eventMetadata", "specversion", "id", "type", "time", "data", "request", "timestamps", "tensor")


@given(st.sampled_from(sorted(FORMATS)), st.dictionaries(st.sampled_from((*KEYS, "activity", "parent_id")), JSON))
def test_no_document_raises_anything_else(kind: str, document: dict[str, Any]) -> None:
    captures = Captures(kind)
    try:
        found = [*captures.take(document), *captures.rest()]
    except BadEvent:
        return
    assert all(isinstance(exchange, Exchange) for exchange in found)
