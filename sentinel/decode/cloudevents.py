"""CloudEvents 1.0 in structured mode: an envelope around the data. (In binary mode the body is the data.)"""

import base64
import binascii
from collections.abc import Mapping

import msgspec

from sentinel.decode import jsontext
from sentinel.decode.reasons import Reason, Refused

STRUCTURED = "application/cloudevents+json"


class Envelope(msgspec.Struct):
    specversion: str
    data: msgspec.Raw = msgspec.Raw()
    data_base64: str = ""


_envelope = msgspec.json.Decoder(Envelope)


def unwrapped(headers: Mapping[str, str], body: bytes) -> bytes:
    """The data of an event in structured mode; any other body as it is. Refused: bad_json."""
    if not headers.get("content-type", "").lower().startswith(STRUCTURED):
        return body
    event: Envelope = jsontext.parse(body, _envelope)
    if not event.data_base64:
        return bytes(event.data)
    try:
        return base64.b64decode(event.data_base64, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(Reason.BAD_JSON) from None
