"""What `GET /v1/windows` answers: query parameters to a JSON value. No HTTP here; ValueError says what is wrong."""

from collections.abc import Callable, Mapping
from typing import Any

from sentinel.store.contract import Selection, Store
from sentinel.store.history import MOST_LISTED, plain

_WORDS = ("model", "version", "replica", "grain")
_TIMES = {"from": "since", "to": "until"}
_KNOWN = (*_WORDS, *_TIMES, "limit", "merge", "features")
_GRAINS = ("", "window", "hour", "day")
DEFAULT_LIMIT = 100


def windows_json(store: Store, parameters: Mapping[str, str], time_of: Callable[[str], float]) -> dict[str, Any]:
    """{"windows": [...]}: plain columns of the newest, oldest first. merge=true adds them up, features=true tells more.

    from, to: times as `time_of` reads them (ValueError for others). Unknown parameters are refused, never ignored.
    """
    unknown = sorted(set(parameters) - set(_KNOWN))
    if unknown:
        raise ValueError(f"unknown parameter {unknown[0]!r}; known are {', '.join(_KNOWN)}")
    chosen = _selection(parameters, time_of)
    limit = _limit(parameters.get("limit", ""))
    if _flag(parameters, "merge"):
        return {"windows": [plain(window) for window in store.merge_windows(chosen)[:limit]]}
    answer: dict[str, Any] = {"windows": store.list_windows(chosen, limit)}
    if _flag(parameters, "features"):
        answer["features"] = store.list_features(chosen, min(limit * 100, MOST_LISTED))
    return answer


def _selection(parameters: Mapping[str, str], time_of: Callable[[str], float]) -> Selection:
    if parameters.get("grain", "") not in _GRAINS:
        raise ValueError(f"grain={parameters['grain']!r}: use window, hour or day")
    words = {name: parameters[name] for name in _WORDS if name in parameters}
    times = {name: time_of(parameters[given]) for given, name in _TIMES.items() if given in parameters}
    return Selection(**words, **times)  # type: ignore[arg-type]


def _limit(text: str) -> int:
    if not text:
        return DEFAULT_LIMIT
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MOST_LISTED:
        raise ValueError(f"limit={text!r}: use a number from 1 to {MOST_LISTED}")
    return int(text)


def _flag(parameters: Mapping[str, str], name: str) -> bool:
    value = parameters.get(name, "false").lower()
    if value not in ("true", "false", "1", "0", ""):
        raise ValueError(f"{name}={value!r}: use true or false")
    return value in ("true", "1", "")
