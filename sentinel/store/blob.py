"""A closed window as bytes: msgpack with arrays as (dtype, shape, bytes), compressed. Pure."""

import zlib
from typing import Any

import msgspec
import numpy as np

from sentinel.windows.closed import ClosedWindow


def pack(window: ClosedWindow) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(window, enc_hook=_array_out))


def unpack(data: bytes) -> ClosedWindow:
    return msgspec.msgpack.decode(zlib.decompress(data), type=ClosedWindow, dec_hook=_array_in)


def _array_out(value: Any) -> Any:
    return [value.dtype.str, value.shape, value.tobytes()]


def _array_in(_type: type, value: Any) -> Any:
    dtype, shape, data = value
    return np.frombuffer(data, dtype).reshape(shape)
