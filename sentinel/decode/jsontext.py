"""JSON bytes become Python values, bounded in depth and number.

msgspec reads; Python's own reader steps in for the NaN and Infinity that Python servers write, which RFC 8259 lacks.
"""

import json
from typing import Any

import msgspec

from sentinel.decode.reasons import Reason, Refused

MAX_LISTS = 500_000
"""Lists and objects in one body. A list costs ~20 times its two brackets; ten 224×224×3 images are 500,000 lists."""

MAX_VALUES = 4_000_000
"""Values in one body; a number costs 32 bytes."""

COUNTED_FROM_BYTES = 256 << 10
"""Shorter bodies cannot hold enough to matter and are not counted."""

_any = msgspec.json.Decoder()


def parse(body: bytes, decoder: msgspec.json.Decoder[Any] = _any) -> Any:
    """The value of a JSON text; `decoder` may be one of a msgspec type.

    Refused: empty_body, bad_json, too_deep, too_many_values.
    """
    if len(body) > COUNTED_FROM_BYTES:
        _refuse_crowds(body)
    try:
        return decoder.decode(body)
    except RecursionError:
        raise Refused(Reason.TOO_DEEP) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        if not body.strip():
            raise Refused(Reason.EMPTY_BODY) from None
        return _parse_leniently(body, decoder)


def _refuse_crowds(body: bytes) -> None:
    if body.count(b"[") + body.count(b"{") > MAX_LISTS or body.count(b",") > MAX_VALUES:
        raise Refused(Reason.TOO_MANY_VALUES)


def _parse_leniently(body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    """NaN and Infinity read; anything else that msgspec refused stays refused."""
    if b"NaN" not in body and b"Infinity" not in body:
        raise Refused(Reason.BAD_JSON)
    try:
        return msgspec.convert(json.loads(body), decoder.type)
    except RecursionError:
        raise Refused(Reason.TOO_DEEP) from None
    except ValueError:
        raise Refused(Reason.BAD_JSON) from None
