"""Values of categorical features as text, the same for JSON numbers, tensors, files and truth values."""

import numpy as np

from sentinel.decode.rows import Column

MAX_CATEGORY_CHARACTERS = 64
"""Longer categories are cut: they are kept in references and windows."""


def texts(values: Column) -> list[str | None]:
    """One text per value: 3 and 3.0 are "3", True is "true", NaN and None are missing; long text is cut."""
    items = values.tolist() if isinstance(values, np.ndarray) else values
    return [_text(item) for item in items]


def _text(value: object) -> str | None:
    if type(value) is str:
        return value if len(value) <= MAX_CATEGORY_CHARACTERS else value[:MAX_CATEGORY_CHARACTERS]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value != value:  # NaN differs from itself
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return text[:MAX_CATEGORY_CHARACTERS]
