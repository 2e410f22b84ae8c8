"""The difference of two JSON documents as a JSON Patch (RFC 6902): few operations that a person can read."""

from collections.abc import Iterator
from typing import Any

Operation = dict[str, Any]


def difference(before: Any, after: Any, path: str = "") -> list[Operation]:
    """Operations that make `after` out of `before`, in their order; none when they are equal."""
    return list(_difference(before, after, path))


def _difference(before: Any, after: Any, path: str) -> Iterator[Operation]:
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _of_mappings(before, after, path)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(before, after, path)
    elif type(before) is not type(after) or before != after:
        yield {"op": "replace", "path": path, "value": after}


def _of_mappings(before: dict[str, Any], after: dict[str, Any], path: str) -> Iterator[Operation]:
    for key in before:
        if key not in after:
            yield {"op": "remove", "path": f"{path}/{_escaped(key)}"}
    for key, value in after.items():
        place = f"{path}/{_escaped(key)}"
        if key in before:
            yield from _difference(before[key], value, place)
        else:
            yield {"op": "add", "path": place, "value": value}


def _of_lists(before: list[Any], after: list[Any], path: str) -> Iterator[Operation]:
    """What both lists begin and end with stays; between, items are changed in place, then added or removed."""
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    for index, (was, is_now) in enumerate(zip(old, new, strict=False), start):
        yield from _difference(was, is_now, f"{path}/{index}")
    for index in range(start + len(old) - 1, start + len(new) - 1, -1):
        yield {"op": "remove", "path": f"{path}/{index}"}
    for index, value in enumerate(new[len(old) :], start + len(old)):
        yield {"op": "add", "path": f"{path}/{index}", "value": value}


def _common(first: list[Any], second: list[Any]) -> int:
    """How many items both begin with."""
    for index, (left, right) in enumerate(zip(first, second, strict=False)):
        if left != right:
            return index
    return min(len(first), len(second))


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
