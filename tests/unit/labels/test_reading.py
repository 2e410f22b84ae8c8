"""Labels as others send them: every shape that is documented, and one sentence for each that is none."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.labels.keys import KeyOptions
from sentinel.labels.reading import MOST_PROBLEMS, MOST_ROWS, of_event, read
from sentinel.labels.values import Label

KEYS = KeyOptions()


def labels(*documents: object) -> list[Label]:
    found = read(documents, KEYS)
    assert found.problems == []
    return found.labels


def test_one_label() -> None:
    assert labels({"id": "a", "label": 1}) == [Label("", "a", 0, "1")]
    assert labels({"id": 17, "label": "yes", "row": 3, "model": "fraud"}) == [Label("fraud", "17", 3, "yes")]


def test_all_rows_of_a_batch() -> None:
    assert labels({"id": "a", "labels": [True, 0.5]}) == [Label("", "a", 0, "1"), Label("", "a", 1, "0.5")]


@pytest.mark.parametrize("at", [1767225600, 1767225600.0, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00"])
def test_when_the_truth_was_established(at: object) -> None:
    assert labels({"id": "a", "label": 1, "time": at})[0].truth_at == 1767225600.0


def test_a_cloud_event_lends_its_time() -> None:
    event = {"specversion": "1.0", "id": "e", "time": "2026-01-01T00:00:00Z", "data": [{"id": "a", "label": 1}]}
    assert labels(*of_event(event)) == [Label("", "a", 0, "1", 1767225600.0)]


def test_a_traceparent_is_known_without_its_flags() -> None:
    trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    sampled, unsampled = (labels({"id": f"00-{trace}-{span}-{flags}", "label": 1}) for flags in ("01", "00"))
    assert sampled == unsampled == [Label("", f"{trace}-{span}", 0, "1")]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (7, "a label is a JSON object with id and label"),
        ({"label": 1}, "id is missing"),
        ({"id": "", "label": 1}, "id is missing"),
        ({"id": True, "label": 1}, "id is missing"),
        ({"id": "a"}, "label is missing"),
        ({"id": "a", "label": None}, "label is missing"),
        ({"id": "a", "label": {"b": 1}}, "label is missing"),
        ({"id": "a", "label": math.nan}, "label is missing"),
        ({"id": "a", "labels": []}, "labels must be a list"),
        ({"id": "a", "labels": [1], "row": 1}, "labels must be a list"),
        ({"id": "a", "label": 1, "row": -1}, "row must be a whole number"),
        ({"id": "a", "label": 1, "row": 1.5}, "row must be a whole number"),
        ({"id": "a", "label": 1, "time": "soon"}, "time must be RFC 3339"),
        ({"id": "a", "label": 1, "time": 1767225600000}, "time must be RFC 3339"),
        ({"id": "a", "label": 1, "time": True}, "time must be RFC 3339"),
        ({"id": "a", "label": 1, "model": 5}, "model must be text"),
    ],
)
def test_what_is_wrong_is_said_row_by_row(document: object, why: str) -> None:
    found = read([{"id": "a", "label": 1}, document], KEYS)
    assert len(found.labels) == 1
    [(place, sentence)] = found.problems
    assert place == 1
    assert sentence.startswith(why)


def test_bodies_are_bounded() -> None:
    with pytest.raises(ValueError, match="a body may hold 10,000 labels"):
        read([{"id": "a", "label": 1}] * (MOST_ROWS + 1), KEYS)
    with pytest.raises(ValueError, match="a body may hold 10,000 labels"):
        read([{"id": "a", "labels": [1] * (MOST_ROWS + 1)}], KEYS)
    found = read([{}] * 500, KEYS)
    assert (found.refused, len(found.problems)) == (500, MOST_PROBLEMS)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
documents = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("id", "label", "labels", "row", "time", "model"), json_values)
)


@given(st.lists(documents | json_values, max_size=5))
def test_whatever_comes_is_taken_or_refused_and_fits_a_database(given_documents: list[object]) -> None:
    found = read(given_documents, KEYS)
    assert found.refused == len(found.problems)
    for label in found.labels:
        for text in (label.model, label.request_id, label.truth):
            assert "\0" not in text
            text.encode()
            assert len(text) <= 200
        assert 0 <= label.row <= 1_000_000
