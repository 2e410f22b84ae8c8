"""An image classifier (ONNX, 224 × 224 × 3) behind the sidecar: a camera that is dark, or blurred, is named as such."""

import http.client
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from sklearn.datasets import load_sample_image

from sentinel.decode import Decoded, decode
from sentinel.features import expanded
from sentinel.reference.build import build
from sentinel.reference.files import save
from sentinel.store import open_store
from tests.support.decode_wire import made
from tests.support.onnx_server import SIDE, Classifier, answered, asked, onnx_server
from tests.support.processes import wait_until
from tests.support.sidecar_process import Sidecar, configuration, running

INFER = "/v2/models/cameras/infer"
PICTURES = [Image.fromarray(load_sample_image(f"{name}.jpg")) for name in ("china", "flower")]
KNOWN, CALM, BATCH, MOST_BATCHES = 1200, 250, 25, 60
Change = Callable[[Image.Image], Image.Image]
CHANGES: dict[str, tuple[Change, set[str]]] = {
    "dark": (lambda picture: picture.point(lambda value: value // 3), {"photo.brightness", "photo.contrast"}),
    "blurred": (lambda picture: picture.filter(ImageFilter.GaussianBlur(3)), {"photo.sharpness"}),
}


def crops(count: int, draw: np.random.Generator, change: Change | None = None) -> np.ndarray:
    """Parts of real pictures: [count, 224, 224, 3], uint8."""
    found = []
    for _ in range(count):
        picture = PICTURES[draw.integers(len(PICTURES))]
        left, top = draw.integers(picture.width - SIDE), draw.integers(picture.height - SIDE)
        part = picture.crop((left, top, left + SIDE, top + SIDE))
        found.append(np.asarray(change(part) if change else part))
    return np.stack(found)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the classifier's own calls, as a user would record them."""
    classify, draw = Classifier(), np.random.default_rng(1)
    tables = []
    for _ in range(KNOWN // 20):
        pictures = crops(20, draw)
        body, headers = asked(pictures)
        exchange = made("POST", INFER, body, answered(classify(pictures)), request_headers=headers)
        decoded = decode(exchange)
        assert isinstance(decoded, Decoded)
        tables.append(expanded({**decoded.inputs, **decoded.predictions}, decoded.kinds))
    columns = {name: [value for table in tables for value in table[name]] for name in tables[0]}
    predictions = [name for name in columns if not name.startswith("photo")]
    path = tmp_path_factory.mktemp("cameras") / "cameras.sentinel"
    save(build(columns, name="cameras", version="1", predictions=predictions), path)
    return path


def send(sidecar: Sidecar, pictures: np.ndarray) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", sidecar.traffic, timeout=120)
    for picture in pictures:
        body, headers = asked(picture[None])
        connection.request("POST", INFER, body, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
    connection.close()


def paged(sidecar: Sidecar) -> bool:
    return sidecar.metrics("sentinel_incidents_total", "cause")["input_drift"] == 1


@pytest.mark.parametrize("what", CHANGES)
def test_what_happens_to_a_camera_is_named(what: str, reference: Path, tmp_path: Path) -> None:
    change, expected = CHANGES[what]
    draw = np.random.default_rng(2)
    calm = crops(CALM, draw)
    with onnx_server() as address:
        document = configuration(tmp_path, address, reference={"path": str(reference)}, window={"seconds": 1.0})
        document["capture"]["max_samples_per_second"] = 100_000
        with running(tmp_path, document) as sidecar:
            send(sidecar, calm)
            sidecar.settled(CALM)
            assert sidecar.total("sentinel_incidents_total") == 0
            for _ in range(MOST_BATCHES):
                send(sidecar, crops(BATCH, draw, change))
                if paged(sidecar):
                    break
            wait_until(lambda: paged(sidecar), "the page")
            with urllib.request.urlopen(f"http://127.0.0.1:{sidecar.telemetry}/", timeout=120) as answer:
                page = answer.read().decode()
    store = open_store(f"sqlite:///{tmp_path / 'sentinel.db'}")
    incidents = [incident for incident in store.incidents() if incident.cause == "input_drift"]
    store.close()
    assert expected & set(incidents[0].features)
    assert any(f"input {name}" in page for name in expected | set(incidents[0].features))
    assert incidents[0].explanation.partition(";")[0].startswith("input photo.")
