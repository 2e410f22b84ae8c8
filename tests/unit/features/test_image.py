"""Against Pillow and scipy on real pictures (scikit-learn's samples and digits)."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageStat
from scipy.ndimage import laplace
from sklearn.datasets import load_digits, load_sample_image

from sentinel.features.image import ASPECTS, is_image_tensor, is_picture, of_files, of_tensor

PICTURES = {name: Image.fromarray(load_sample_image(f"{name}.jpg")).resize((320, 240)) for name in ("china", "flower")}


def aspects(picture):
    return {name: values[0] for name, values in of_tensor(np.asarray(picture)[None]).items()}


def encoded(picture, kind):
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("name", PICTURES)
def test_as_pillow_and_scipy_have_it(name):
    picture = PICTURES[name]
    grey, found = picture.convert("L"), aspects(picture)
    luma = np.asarray(picture, dtype=float) @ [0.299, 0.587, 0.114] / 255
    assert found["brightness"] == pytest.approx(ImageStat.Stat(grey).mean[0] / 255, abs=2e-3)
    assert found["contrast"] == pytest.approx(ImageStat.Stat(grey).stddev[0] / 255, abs=2e-3)
    assert found["saturation"] == pytest.approx(ImageStat.Stat(picture.convert("HSV")).mean[1] / 255, abs=5e-3)
    assert found["sharpness"] == pytest.approx(laplace(luma)[1:-1, 1:-1].var(), rel=1e-3)
    assert found["detail"] == pytest.approx(grey.point(lambda value: value // 4).entropy(), abs=0.05)
    assert (found["aspect"], found["pixels"]) == (pytest.approx(4 / 3), 320 * 240)


@pytest.mark.parametrize("name", PICTURES)
def test_what_happens_to_a_camera_shows(name):
    picture = PICTURES[name]
    before = aspects(picture)
    dark = aspects(picture.point(lambda value: value // 3))
    blurred = aspects(picture.filter(ImageFilter.GaussianBlur(2)))
    grey = aspects(picture.convert("L").convert("RGB"))
    assert dark["brightness"] < 0.5 * before["brightness"]
    assert blurred["sharpness"] < 0.2 * before["sharpness"]
    assert blurred["brightness"] == pytest.approx(before["brightness"], abs=0.01)
    assert grey["saturation"] == 0


def test_layouts_and_ranges_say_the_same():
    whole = np.asarray(PICTURES["china"])[None]
    expected = of_tensor(whole)
    for same in (whole.astype(np.int64), whole.astype(np.float32), whole / 255, np.moveaxis(whole, 3, 1)):
        found = of_tensor(same)
        for name in ASPECTS:
            assert found[name] == pytest.approx(expected[name], rel=1e-3)


def test_grey_pictures():
    digits = load_digits().images[:5] * 16  # [5, 8, 8]
    assert is_image_tensor(digits)
    found = of_tensor(digits)
    assert found["brightness"] == pytest.approx((digits.mean(axis=(1, 2)) / 255).tolist(), rel=1e-5)
    assert found["saturation"] == [0.0] * 5


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_files(kind):
    found, direct = (
        of_files([encoded(PICTURES["flower"], kind), None, b"\xff\xd8\xffbroken", b"text"]),
        aspects(PICTURES["flower"]),
    )
    assert found["brightness"][0] == pytest.approx(direct["brightness"], abs=0.01)
    assert found["pixels"] == [320 * 240, None, None, None]


def test_a_picture_bomb_is_not_opened():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)  # 2.7 GB of pixels
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
        + chunk(b"IEND", b"")
    )
    assert is_picture(bomb)
    assert of_files([bomb])["pixels"] == [None]


SHAPES = {
    (2, 224, 224, 3): True,
    (2, 3, 224, 224): True,
    (2, 28, 28): True,
    (2, 4, 4, 3): False,
    (2, 9, 9, 9): False,
    (2, 50): False,
    (2,): False,
    (2, 8, 8, 8, 3): False,
}


@pytest.mark.parametrize(("shape", "image"), SHAPES.items())
def test_what_can_be_a_picture(shape, image):
    assert is_image_tensor(np.zeros(shape)) is image


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_values_that_are_none(value):
    found = of_tensor(np.full((1, 8, 8, 3), value))
    assert all(len(values) == 1 for values in found.values())
    assert found["pixels"] == [64]
    assert found["brightness"] in ([None], [pytest.approx(1e300 / 255, rel=1)])
