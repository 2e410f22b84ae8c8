"""Labels as others send them: JSON objects and CloudEvents become `Label`s, or one sentence why not. Pure.

One object: {"id": …, "label": …}, and where needed "row" (place in a batch, from 0), "model" and "time" (when the truth
was established: RFC 3339, or seconds since the epoch). {"id": …, "labels": […]} names all rows of a batch in order.
A CloudEvent (1.0, structured) carries one of these, or a list of them, as `data`; its own `id` is the event's.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sentinel.labels.keys import KeyOptions, clean, stored
from sentinel.labels.values import Label, word

MOST_ROWS = 10_000
"""Labels of one body."""
MOST_PROBLEMS = 100
"""Rows named in an answer; the rest are counted."""
HIGHEST_ROW = 1_000_000
LONGEST_MODEL = 200
LATEST = 1e11
"""Seconds since the epoch beyond which a number is no time: milliseconds taken for seconds."""


@dataclass(slots=True)
class Readings:
    """What a body held: labels, and of each other row its place and what is wrong with it."""

    labels: list[Label] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    refused: int = 0

    def refuse(self, place: int, why: str) -> None:
        self.refused += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append((place, why))


def read(documents: Sequence[Any], keys: KeyOptions) -> Readings:
    """The labels of JSON values, each an object as above. ValueError for more than MOST_ROWS labels."""
    found = Readings()
    for place, document in enumerate(documents):
        try:
            found.labels += _labels(document, keys)
        except ValueError as error:
            found.refuse(place, str(error))
        if len(found.labels) + found.refused > MOST_ROWS:
            raise ValueError(f"a body may hold {MOST_ROWS:,} labels; send the rest in further ones")
    return found


def of_event(document: Mapping[str, Any]) -> list[Any]:
    """What a structured CloudEvent carries, with the event's time where it has none. ValueError if nothing fits."""
    data = document.get("data")
    carried = data if isinstance(data, list) else [data]
    at = document.get("time")
    return [{"time": at, **one} if at is not None and isinstance(one, dict) else one for one in carried]


def _labels(document: Any, keys: KeyOptions) -> Iterator[Label] | list[Label]:
    if not isinstance(document, dict):
        raise ValueError("a label is a JSON object with id and label")
    request_id = _id(document.get("id"))
    model = document.get("model", "")
    if not isinstance(model, str):
        raise ValueError("model must be text")
    at = moment(document.get("time"))
    rows = _rows(document)
    key = stored(request_id, keys)
    return [Label(clean(model)[:LONGEST_MODEL], key, row, truth, at) for row, truth in rows]


def _id(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or not clean(str(value)):
        raise ValueError("id is missing: the id of the request, or its x-request-id or traceparent")
    return str(value)


def _rows(document: Mapping[str, Any]) -> list[tuple[int, str]]:
    many = document.get("labels")
    if many is None:
        return [(_row(document.get("row", 0)), _truth(document.get("label")))]
    if not isinstance(many, list) or not many or "label" in document or "row" in document:
        raise ValueError(
            "labels must be a list with one label for each row of the batch, without label and row beside it"
        )
    return [(row, _truth(value)) for row, value in enumerate(many)]


def _row(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= HIGHEST_ROW:
        raise ValueError(f"row must be a whole number from 0 to {HIGHEST_ROW:,}")
    return value


def _truth(value: Any) -> str:
    truth = word(value)
    if truth is None:
        raise ValueError("label is missing: a text, a number, true or false")
    return truth


def moment(value: Any) -> float | None:
    """Seconds since the epoch of a time as JSON has it; None for null. ValueError for what is none."""
    if value is None or value == "":
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and abs(value) < LATEST:
        return float(value)
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("time must be RFC 3339, such as 2026-11-01T12:00:00Z, or seconds since the epoch") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
