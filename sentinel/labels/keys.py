"""The ids under which a label names a prediction, in the form in which they are kept.

An id is kept as it is, unless the operator asks for hashes or something in it looks like a secret (an e-mail address
as a request id): then its keyed hash is kept. Predictions and labels go through the same door, so both ends match.
"""

import re
from dataclasses import dataclass
from hashlib import blake2b

from sentinel.decode.redaction import redacted
from sentinel.labels.values import printable

LONGEST_ID = 200
"""Characters of an id; a longer one is kept as its hash."""
HASH_BYTES = 16
"""Two of a billion ids share a hash with a chance of 1e-21."""

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32}-[0-9a-f]{16})-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class KeyOptions:
    """hashed: keep every id as a hash. secret: key of the hashes; without it short ids can be guessed by trying."""

    hashed: bool = False
    secret: str = ""


def stored(request_id: str, options: KeyOptions) -> str:
    """The form in which an id is kept and looked for. A traceparent (W3C) loses its version and flags."""
    plain = clean(request_id)
    if options.hashed or len(plain) > LONGEST_ID or redacted(plain) != plain:
        key = options.secret.encode()[:64]
        return "#" + blake2b(plain.encode("utf-8", "replace"), digest_size=HASH_BYTES, key=key).hexdigest()
    return plain


def clean(request_id: str) -> str:
    """The id without what no database takes."""
    found = _TRACEPARENT.fullmatch(request_id)
    return printable(found[1] if found else request_id)
