"""Privacy before the first queue: fields dropped or hashed, secrets in text redacted. Every decoder's last step."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from hashlib import blake2b

import numpy as np

from sentinel.decode.options import DecodeOptions
from sentinel.decode.redaction import SHORTEST_SECRET_CHARACTERS, redacted
from sentinel.decode.rows import Column

HASH_BYTES = 8
"""Enough that different values of one field stay different, too few to be of use elsewhere."""


def kept(columns: Mapping[str, Column], options: DecodeOptions, *, numbers: bool = False) -> Mapping[str, Column]:
    """The columns without what must not be kept. Names are searched for secrets too: JSON keys are payload.

    numbers: it is known that no value is text.
    """
    secrets = options.redact and not (_harmless(tuple(columns)) and (numbers or _no_text(columns)))
    if not (secrets or options.drop or options.hash):
        return columns
    found: dict[str, Column] = {}
    for name, values in columns.items():
        if options.drop and names(name, options.drop):
            continue
        title = kept_name(name) if options.redact else name
        if options.hash and names(name, options.hash):
            found[title] = [_hashed(value, options.hash_key) for value in _listed(values)]
        elif options.redact and isinstance(values, list):
            found[title] = [redacted(value) if type(value) is str else value for value in values]
        else:
            found[title] = values
    return found


@lru_cache(maxsize=1024)
def kept_name(name: str) -> str:
    """A name or an id without secrets in it."""
    return redacted(name)


def _no_text(columns: Mapping[str, Column]) -> bool:
    """Whether no value is a text that is long enough to hold a secret."""
    return not any(type(values) is list and _has_text(values) for values in columns.values())


def _has_text(values: list[object]) -> bool:
    return any(type(value) is str and len(value) >= SHORTEST_SECRET_CHARACTERS for value in values)


@lru_cache(maxsize=256)
def _harmless(names: tuple[str, ...]) -> bool:
    """Whether redaction leaves all names as they are; the same names come with every call of a model."""
    return all(redacted(name) == name for name in names)


def hidden(name: str, options: DecodeOptions) -> bool:
    """Whether a column must not be kept as it is."""
    return names(name, options.drop) or names(name, options.hash)


def names(name: str, fields: Collection[str]) -> bool:
    """Whether a column is one of the fields or a part of one: `user` names `user.age` and `user_0` too."""
    if name in fields:
        return True
    return any(
        name.startswith(field)
        and (name[len(field)] == "." or (name[len(field)] == "_" and name[len(field) + 1 :].isdigit()))
        for field in fields
    )


def _hashed(value: object, key: str) -> str | None:
    """A keyed hash (BLAKE2b, RFC 7693): the same value gives the same word, and without the key none can be tried."""
    if value is None:
        return None
    return blake2b(repr(value).encode(errors="replace"), digest_size=HASH_BYTES, key=key.encode()[:64]).hexdigest()


def _listed(values: Column) -> list[object]:
    return values.tolist() if isinstance(values, np.ndarray) else values
