"""What a decoder makes of an exchange: rows as columns, or the reason why not. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from sentinel.decode.usage import LlmUsage

Column = np.ndarray[Any, Any] | list[Any]
"""One value per row: an array (first axis = rows) or a list in which None means missing."""


@dataclass(frozen=True, slots=True)
class Joinable:
    """What a label that comes later needs of a call.

    request_id, alias, trace: ids of the call in the body, of its headers (x-request-id), and its traceparent; the first
    is never empty where there is any. As they came: not yet fit to be kept. scores: output name -> probabilities
    [rows, classes].
    """

    request_id: str = ""
    alias: str = ""
    trace: str = ""
    scores: Mapping[str, np.ndarray[Any, np.dtype[np.float64]]] = field(default_factory=dict)


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """The rows of one exchange. Every column has `rows` values.

    model, version: as the traffic says, "" where it does not. event_time: seconds since the epoch.
    kinds: columns of which the protocol says what they hold, such as {"prompt": "text"}; values of these are never
    kept as they are. usage: tokens and times of a generative model's call. joinable: only where labels are asked for.
    """

    rows: int
    inputs: Mapping[str, Column]
    predictions: Mapping[str, Column] = msgspec.field(default_factory=dict)
    model: str = ""
    version: str = ""
    request_id: str = ""
    event_time: float = 0.0
    kinds: Mapping[str, str] = msgspec.field(default_factory=dict)
    usage: LlmUsage | None = None
    joinable: Joinable | None = None


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Why an exchange gave no rows: a short fixed word for the counter's label, never a piece of the payload."""

    reason: str
    inference: bool = True  # False: health checks, metadata, errors of the server: not a sign of blindness
    model: str = ""
    version: str = ""
