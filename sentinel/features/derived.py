"""Which columns cannot be judged as they are (texts, dates, pictures, vectors), and what is derived from them.

A derived feature is named after its column and what is said of it: `comment.length`, `photo.brightness`. References
hold derived features under these names, so a name tells which column and which extractor it needs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from sentinel.decode.rows import Column
from sentinel.features import embedding, image, moments, text

Composite = Literal["text", "datetime", "image", "embedding", "binary"]

TEXT_FROM_CHARACTERS = 64
TEXT_FROM_WORDS = 5
"""A column with a value this long is text; categories are shorter."""

ASPECTS: Mapping[str, Composite] = {
    **dict.fromkeys(text.ASPECTS, "text"),
    **dict.fromkeys(moments.ASPECTS, "datetime"),
    **dict.fromkeys(image.ASPECTS, "image"),
    **dict.fromkeys(embedding.ASPECTS, "embedding"),
    "bytes": "binary",
}
"""What may be said of a column -> the kind of column of which it is said."""

COMPOSITES = frozenset(ASPECTS.values())
"""Kinds of columns that are never kept as they are."""

_OF_LISTS: Mapping[Composite, Callable[[Sequence[object]], dict[str, Column]]] = {
    "datetime": moments.columns,
    "image": image.of_files,
    "binary": lambda values: {"bytes": [len(value) if isinstance(value, bytes) else None for value in values]},
}
_OF_ARRAYS: Mapping[Composite, Callable[[np.ndarray[Any, Any]], dict[str, Column]]] = {
    "image": image.of_tensor,
    "embedding": embedding.columns,
}


def kind_of(values: Column) -> Composite | None:
    """The kind of a column that needs an extractor; None for numbers, truth values and categories."""
    if isinstance(values, np.ndarray):
        if values.ndim < 2:
            return None
        return "image" if image.is_image_tensor(values) else "embedding"
    types = set(map(type, values))
    if bytes in types:
        return "image" if any(map(image.is_picture, values)) else "binary"
    if str not in types:
        return None
    texts = [value for value in values if isinstance(value, str)]
    if moments.is_moment(texts[0]):
        return "datetime"
    return "text" if any(map(_is_text, texts)) else None


def _is_text(value: str) -> bool:
    return len(value) >= TEXT_FROM_CHARACTERS or value.count(" ") >= TEXT_FROM_WORDS - 1


def kinds_of(columns: Mapping[str, Column]) -> dict[str, Composite]:
    """The columns that need an extractor, by name."""
    found = {name: kind_of(values) for name, values in columns.items()}
    return {name: kind for name, kind in found.items() if kind is not None}


def said_of(values: Column, kind: Composite, vocabulary: text.Words | None = None) -> dict[str, Column]:
    """Aspect -> column, of one column read as `kind`; empty where its values cannot be read so."""
    if isinstance(values, list):
        if kind == "text":
            return text.columns(values, vocabulary)
        return _OF_LISTS[kind](values) if kind in _OF_LISTS else {}
    if kind not in _OF_ARRAYS or values.ndim < 2 or (kind == "image" and not image.is_image_tensor(values)):
        return {}
    return _OF_ARRAYS[kind](values)


def expanded(
    columns: Mapping[str, Column],
    kinds: Mapping[str, str] | None = None,
    vocabularies: Mapping[str, text.Words] | None = None,
) -> dict[str, Column]:
    """Every column that can be judged: plain ones as they are, the others by what is derived from them.

    kinds: what columns hold where that is known; the rest is told from their values.
    """
    found: dict[str, Column] = {}
    for name, values in columns.items():
        kind = _declared(kinds, name) or kind_of(values)
        if kind is None:
            found[name] = values
        else:
            aspects = said_of(values, kind, (vocabularies or {}).get(name))
            found.update((f"{name}.{aspect}", column) for aspect, column in aspects.items())
    return found


def _declared(kinds: Mapping[str, str] | None, name: str) -> Composite | None:
    given = kinds.get(name) if kinds else None
    return next((kind for kind in COMPOSITES if kind == given), None)


def source_of(feature: str, names: Sequence[str] | Mapping[str, Column]) -> tuple[str, str] | None:
    """(column, aspect) from which a feature is derived, if `names` has such a column."""
    column, dot, aspect = feature.rpartition(".")
    return (column, aspect) if dot and aspect in ASPECTS and column in names else None
