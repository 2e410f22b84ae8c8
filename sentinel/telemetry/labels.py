"""Label values made safe: what comes from traffic may be hostile, and one bad value must not fail a whole scrape."""

import re
from hashlib import blake2s

LONGEST_LABEL = 128  # characters; a usual label_value_length_limit of scrapers
OTHER = "__other__"
UNKNOWN = "unknown"  # an empty label is an absent label to Prometheus, and absent labels break joins and variables

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_TRACE_ID = re.compile(r"[0-9A-Za-z_-]{1,64}\Z")
_DIGEST_BYTES = 4


def label(value: str) -> str:
    """`value` as a label: printable UTF-8, not empty, at most 128 characters; cut ones keep apart by a digest."""
    safe = _UNSAFE.sub("\ufffd", value)
    if len(safe) <= LONGEST_LABEL:
        return safe or UNKNOWN
    digest = blake2s(safe.encode(), digest_size=_DIGEST_BYTES).hexdigest()
    return f"{safe[: LONGEST_LABEL - len(digest) - 1]}~{digest}"


def trace_id(value: str) -> str | None:
    """`value` if it looks like a trace or request id that fits an exemplar, else None."""
    return value if _TRACE_ID.match(value) else None
