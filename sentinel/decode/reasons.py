"""Why an exchange gave no rows: a fixed set of words, values of a metric label, without a piece of any payload."""

from enum import StrEnum


class Reason(StrEnum):
    """The label values of `sentinel_undecodable_total{reason}`. docs/protocols.md explains each to operators."""

    NOT_INFERENCE = "not_inference"
    ERROR_RESPONSE = "error_response"
    NO_RESPONSE = "no_response"
    INCOMPLETE = "incomplete"
    BODY_TOO_LARGE = "body_too_large"
    EMPTY_BODY = "empty_body"
    UNKNOWN_PROTOCOL = "unknown_protocol"
    UNKNOWN_ENCODING = "unknown_encoding"
    BAD_ENCODING = "bad_encoding"
    EXPANDS_TOO_FAR = "expands_too_far"
    BAD_JSON = "bad_json"
    BAD_CSV = "bad_csv"
    BAD_FORM = "bad_form"
    BAD_FRAME = "bad_frame"
    BAD_PROTOBUF = "bad_protobuf"
    TOO_DEEP = "too_deep"
    TOO_MANY_VALUES = "too_many_values"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_MANY_COLUMNS = "too_many_columns"
    BAD_TENSOR = "bad_tensor"
    BAD_VALUE = "bad_value"
    POINTER_MISSED = "pointer_missed"
    NO_ROWS = "no_rows"
    ROW_MISMATCH = "row_mismatch"
    INTERNAL_ERROR = "internal_error"


NOT_BLINDNESS = frozenset({Reason.NOT_INFERENCE, Reason.ERROR_RESPONSE, Reason.NO_RESPONSE})
"""Reasons that say nothing about our reading of inference traffic: nothing was predicted."""


class Refused(Exception):
    """Raised inside the decoders only; `decode` turns it into an `Undecodable`."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason
