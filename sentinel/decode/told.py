"""What model servers say of their own time on a call: queueing hints, in headers and in answers. Pure.

Each server has its own words and units; who says nothing is left at None, never guessed.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sentinel.decode.loosely import mapping
from sentinel.decode.usage import ServerTimes

NANOSECOND, MILLISECOND, SECOND = 1e-9, 1e-3, 1.0
LONGEST_SECONDS = 86_400.0
"""Longer or negative times are no times."""

HEADERS: Mapping[str, Sequence[tuple[str, float]]] = {
    "queue": (("x-queue-time", MILLISECOND),),  # text-generation-inference
    "prompt": (),
    "output": (("x-inference-time", MILLISECOND),),
}
"""Header -> unit, per time."""

FIELDS: Mapping[str, Sequence[tuple[str, str, float]]] = {
    "queue": (("usage", "queue_time", SECOND),),  # Groq
    "prompt": (
        ("timings", "prompt_ms", MILLISECOND),  # llama.cpp
        ("", "prompt_eval_duration", NANOSECOND),  # Ollama
        ("usage", "prompt_time", SECOND),
    ),
    "output": (
        ("timings", "predicted_ms", MILLISECOND),
        ("", "eval_duration", NANOSECOND),
        ("usage", "completion_time", SECOND),
    ),
}
"""(object, field, unit) of an answer's JSON, per time; the object "" is the answer itself."""

_SERVER_TIMING = re.compile(r"\bqueue(?:[\w-]*)\s*;[^,]*?\bdur=\"?([\d.]+)", re.IGNORECASE)
"""W3C Server Timing: `queue;dur=12.3`, in milliseconds."""


def server_times(headers: Mapping[str, str], answer: Mapping[str, Any]) -> ServerTimes:
    """The times in an answer's headers and in its JSON (of a stream: its last object)."""
    return ServerTimes(*(_headed(headers, name) or _written(answer, name) for name in ("queue", "prompt", "output")))


def _headed(headers: Mapping[str, str], name: str) -> float | None:
    found = [_seconds(headers.get(header), unit) for header, unit in HEADERS[name]]
    if name == "queue" and (timing := _SERVER_TIMING.search(headers.get("server-timing", ""))):
        found.append(_seconds(timing[1], MILLISECOND))
    return next((seconds for seconds in found if seconds is not None), None)


def _written(answer: Mapping[str, Any], name: str) -> float | None:
    for outer, field, unit in FIELDS[name]:
        within = mapping(answer.get(outer)) if outer else answer
        if (seconds := _seconds(within.get(field), unit)) is not None:
            return seconds
    return None


def _seconds(value: object, unit: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        seconds = float(value) * unit
    except ValueError:
        return None
    return seconds if 0 <= seconds <= LONGEST_SECONDS else None
