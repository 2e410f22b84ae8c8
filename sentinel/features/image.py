"""Pictures as numbers that a camera, a crop or a preprocessing slip would change.

    brightness   mean luma, 0 to 1 (Rec. 601 weights)          contrast    standard deviation of luma
    saturation   mean of (max − min)/max over channels         sharpness   variance of the Laplacian of luma
    aspect       width / height                                pixels      width × height
    detail       entropy of the luma histogram in 64 bins, bits (0 to 6)

Tensors are [rows, height, width, channels], [rows, channels, height, width] or [rows, height, width]; whole numbers and
values above 1.5 are taken as 0 to 255, others as 0 to 1. JPEG and PNG bytes need Pillow (extra `images`).
"""

import io
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from sentinel.decode.rows import Column

Array = np.ndarray[Any, Any]
Luma = np.ndarray[Any, np.dtype[np.float32]]

ASPECTS = frozenset({"brightness", "contrast", "saturation", "sharpness", "aspect", "pixels", "detail"})

MAX_SIDE = 512
"""Longer sides are thinned to at most this for the means; sharpness reads the middle at full resolution."""

MAX_DECODED_PIXELS = 40_000_000
"""Pictures that declare more (a decompression bomb) are not opened."""

LEVELS = 64
"""Bins of the luma histogram."""

_CHANNELS = (1, 3, 4)
_REC601 = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n")


def is_picture(value: object) -> bool:
    """Whether a value is bytes that begin as JPEG or PNG files do."""
    return isinstance(value, bytes) and value.startswith(_MAGIC)


def is_image_tensor(values: Array) -> bool:
    """Whether an array can hold one picture per row: sides of at least 8, and a channel axis if it has four."""
    return values.ndim in (3, 4) and (layout := _layout(values.shape)) is not None and min(layout[:2]) >= 8


def _layout(shape: tuple[int, ...]) -> tuple[int, int, int | None] | None:
    """Height, width and the channel axis."""
    if len(shape) == 3:
        return shape[1], shape[2], None
    if shape[3] in _CHANNELS:
        return shape[1], shape[2], 3
    return (shape[2], shape[3], 1) if shape[1] in _CHANNELS else None


def of_tensor(values: Array) -> dict[str, Column]:
    """Aspect -> one value per picture."""
    layout = _layout(values.shape)
    if layout is not None and layout[2] == 1:
        values = np.moveaxis(values, 1, 3)
    return _listed([_aspects(picture) for picture in values])


def of_files(values: Sequence[object]) -> dict[str, Column]:
    """Aspect -> one value per JPEG or PNG; missing where a value is none or cannot be opened."""
    return _listed([_aspects(picture) if (picture := _opened(value)) is not None else {} for value in values])


def _listed(rows: list[dict[str, float]]) -> dict[str, Column]:
    return {name: [row.get(name) for row in rows] for name in sorted(ASPECTS)}


def _opened(value: object) -> Array | None:
    """The pixels of a picture file, uint8; None without Pillow, for other bytes, bombs and broken files."""
    if not isinstance(value, bytes) or not is_picture(value) or find_spec("PIL") is None:
        return None
    pillow = import_module("PIL.Image")
    try:
        with pillow.open(io.BytesIO(value), formats=("JPEG", "PNG")) as file:
            if file.width * file.height > MAX_DECODED_PIXELS:
                return None
            return np.asarray(file.convert("RGB"))
    except (OSError, SyntaxError, ValueError, pillow.DecompressionBombError):
        return None


def _aspects(picture: Array) -> dict[str, float]:
    height, width = picture.shape[:2]
    whole = picture.dtype.kind in "iub"
    thinned = _unit(picture[:: -(-height // MAX_SIDE), :: -(-width // MAX_SIDE)], whole)
    middle = _unit(_middle(picture), whole)
    if not (np.isfinite(thinned).all() and np.isfinite(middle).all()):
        return {"aspect": width / height, "pixels": float(height * width)}
    luma = _luma(thinned)
    return {
        "brightness": float(luma.mean()),
        "contrast": float(luma.std()),
        "saturation": _saturation(thinned),
        "sharpness": _sharpness(_luma(middle)),
        "aspect": width / height,
        "pixels": float(height * width),
        "detail": _entropy(luma),
    }


def _unit(picture: Array, whole: bool) -> Luma:
    """Values from 0 to 1."""
    with np.errstate(over="ignore", invalid="ignore"):
        values = picture.astype(np.float32)
        return values / np.float32(255) if whole or values.max(initial=0) > 1.5 else values


def _middle(picture: Array) -> Array:
    top, left = (max(0, (side - MAX_SIDE) // 2) for side in picture.shape[:2])
    return picture[top : top + MAX_SIDE, left : left + MAX_SIDE]


def _luma(picture: Luma) -> Luma:
    if picture.ndim == 2:
        return picture
    return picture[:, :, :3] @ _REC601 if picture.shape[2] >= 3 else picture[:, :, 0]


def _saturation(picture: Luma) -> float:
    """HSV's saturation; 0 for grey."""
    if picture.ndim == 2 or picture.shape[2] < 3:
        return 0.0
    red, green, blue = picture[:, :, 0], picture[:, :, 1], picture[:, :, 2]
    most = np.maximum(np.maximum(red, green), blue)
    least = np.minimum(np.minimum(red, green), blue)
    return float(np.divide(most - least, most, out=np.zeros_like(most), where=most > 0).mean())


def _sharpness(luma: Luma) -> float:
    """Variance of the 4-neighbour Laplacian (Pech-Pacheco et al. 2000); falls with blur."""
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return float((around - 4 * luma[1:-1, 1:-1]).var()) if around.size else 0.0


def _entropy(luma: Luma) -> float:
    counts, _ = np.histogram(luma, bins=LEVELS, range=(0, 1))
    shares = counts[counts > 0] / max(1, counts.sum())
    return float(-(shares * np.log2(shares)).sum())
