"""Privacy before the first queue: fields dropped or hashed, secrets in text redacted. Every decoder's last step."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b

import numpy as np

from sentinel.decode.options import DecodeOptions
from sentinel.decode.redaction import redacted
from sentinel.decode.rows import Column, Decoded

HASH_BYTES = 8
"""Enough that different values of one field stay different, too few to be of use elsewhere."""


def kept(decoded: Decoded, options: DecodeOptions) -> Decoded:
    """The same rows without what must not be kept. Names are searched for secrets too: JSON keys are payload."""
    return replace(
        decoded,
        inputs=_columns(decoded.inputs, options),
        predictions=_columns(decoded.predictions, options),
        request_id=redacted(decoded.request_id),
    )


def _columns(columns: Mapping[str, Column], options: DecodeOptions) -> Mapping[str, Column]:
    if not options.drop and not options.hash and not (options.redact and _may_hold_secrets(columns)):
        return columns
    found: dict[str, Column] = {}
    for name, values in columns.items():
        if options.drop and names(name, options.drop):
            continue
        if options.hash and names(name, options.hash):
            found[name] = [_hashed(value, options.hash_key) for value in _listed(values)]
        elif isinstance(values, list) and options.redact:
            found[redacted(name)] = [redacted(value) if type(value) is str else value for value in values]
        else:
            found[redacted(name) if options.redact else name] = values
    return found


def _may_hold_secrets(columns: Mapping[str, Column]) -> bool:
    return not _harmless(tuple(columns)) or any(type(values) is list for values in columns.values())


@lru_cache(maxsize=256)
def _harmless(names: tuple[str, ...]) -> bool:
    """Whether redaction leaves all names as they are; the same names come with every call of a model."""
    return all(redacted(name) == name for name in names)


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
