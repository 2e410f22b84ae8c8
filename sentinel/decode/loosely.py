"""JSON of unknown care, read without raising: what is not there, or is something else, reads as empty."""

from collections.abc import Mapping
from typing import Any


def objects(value: object) -> list[dict[str, Any]]:
    """The JSON objects of a list; [] for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def text(content: object) -> str:
    """The text of a message's content: a string, or the text parts of a list."""
    if isinstance(content, str):
        return content
    parts = [part.get("text") for part in objects(content)]
    return "\n".join(part for part in parts if isinstance(part, str))
