"""JSON pointers (RFC 6901): from a document to the value that a path names."""

from typing import Any

from sentinel.decode.reasons import Reason, Refused


def resolve(document: Any, pointer: str) -> Any:
    """The value at `pointer`; "" is the whole document. Refused: pointer_missed."""
    value = document
    for token in tokens(pointer):
        value = _step(value, token)
    return value


def tokens(pointer: str) -> list[str]:
    """The unescaped steps of a pointer. ValueError: it neither is empty nor begins with /."""
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise ValueError(f"a JSON pointer begins with /: {pointer!r}; write /data/rows for the rows inside data")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/")]


def _step(value: Any, token: str) -> Any:
    if isinstance(value, dict) and token in value:
        return value[token]
    if (
        isinstance(value, list)
        and token.isdecimal()
        and token.isascii()
        and (len(token) == 1 or not token.startswith("0"))
    ):
        index = int(token) if len(token) < 10 else len(value)
        if index < len(value):
            return value[index]
    raise Refused(Reason.POINTER_MISSED)
