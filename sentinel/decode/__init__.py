"""An exchange becomes rows: one module per serving protocol. Pure.

    decode(exchange, options)    rows and predictions as columns, or the reason why not; never raises
    identify(method, path)       model and version that a request line names

Inside, a refusal travels as `Refused(reason)`; only `decoder` sees all protocols, and each protocol sees a `Call`.
"""

from sentinel.decode.decoder import DECODERS, decode
from sentinel.decode.options import DecodeOptions
from sentinel.decode.paths import identify
from sentinel.decode.reasons import Reason
from sentinel.decode.rows import Column, Decoded, Joinable, Undecodable

__all__ = ["DECODERS", "Column", "DecodeOptions", "Decoded", "Joinable", "Reason", "Undecodable", "decode", "identify"]
