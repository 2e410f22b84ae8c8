"""From the wire to what the operator reads: a camera that goes dark and blurred, a chat model that starts to refuse."""

import json
from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image, ImageFilter
from sklearn.datasets import load_sample_image

from sentinel.decode import Decoded, decode
from sentinel.drift.scores import FeatureScores, score
from sentinel.features import Extractor, expanded
from sentinel.reference.build import build
from sentinel.reference.frozen import FrozenReference
from sentinel.traffic import Exchange
from sentinel.windows.opened import Window
from sentinel.windows.window import WindowKey
from tests.support.decode_grpc import PREDICT, message
from tests.support.decode_wire import grpc, posted

SIDE = 224
PICTURES = [Image.fromarray(load_sample_image(f"{name}.jpg")) for name in ("china", "flower")]
SCORES = np.random.default_rng(7)
FAR = 0.25
"""PSI above this is a major shift by the usual rule."""


def crops(count: int, seed: int) -> list[Image.Image]:
    """Parts of real pictures, 224 × 224."""
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        picture = PICTURES[draw.integers(len(PICTURES))]
        left, top = draw.integers(picture.width - SIDE), draw.integers(picture.height - SIDE)
        found.append(picture.crop((left, top, left + SIDE, top + SIDE)))
    return found


def classified(pictures: Sequence[Image.Image]) -> Exchange:
    """A Predict call of TensorFlow Serving: float32 pixels in `tensor_content`, ten probabilities each."""
    pixels = np.stack([np.asarray(picture, dtype="<f4") for picture in pictures])
    scores = SCORES.dirichlet(np.ones(10), len(pictures)).astype("<f4")
    request = message("PredictRequest", model_spec={"name": "cameras"}, inputs={"photo": tensor(pixels)})
    return grpc(PREDICT, request, message("PredictResponse", outputs={"scores": tensor(scores)}))


def tensor(values: np.ndarray) -> dict:
    dims = [{"size": size} for size in values.shape]
    return {"dtype": 1, "tensor_shape": {"dim": dims}, "tensor_content": values.tobytes()}


def rows(exchanges: Iterable[Exchange]) -> list[Decoded]:
    found = [decode(exchange) for exchange in exchanges]
    assert all(isinstance(decoded, Decoded) for decoded in found)
    return found  # type: ignore[return-value]


def reference_of(decoded: Sequence[Decoded]) -> FrozenReference:
    """What `sentinel reference build` would make of a table of the same rows."""
    tables = [expanded({**one.inputs, **one.predictions}, one.kinds) for one in decoded]
    columns = {name: [value for table in tables for value in table[name]] for name in tables[0]}
    return build(columns, name="scenario", version="1")


def scores_of(reference: FrozenReference, decoded: Sequence[Decoded]) -> dict[str, FeatureScores]:
    extractor = Extractor(reference.schema)
    window = Window(WindowKey("m", "1", "r"), 0.0, 60.0, reference)
    for one in decoded:
        window.add(extractor.columns(one))
    return dict(score(reference, window.close()))


def drifted(scores: dict[str, FeatureScores]) -> set[str]:
    return {name for name, one in scores.items() if one.distances["psi"] > FAR}


def test_a_camera_that_goes_dark_and_blurred_is_named_as_such():
    reference = reference_of(rows(classified(crops(10, seed)) for seed in range(60)))
    calm = scores_of(reference, rows(classified(crops(10, 1000 + seed)) for seed in range(20)))
    dark = [picture.point(lambda value: value // 4) for picture in crops(150, 5000)]
    darkened = scores_of(reference, rows([classified(dark)]))
    soft = [picture.filter(ImageFilter.GaussianBlur(3)) for picture in crops(150, 6000)]
    blurred = scores_of(reference, rows([classified(soft)]))
    assert drifted(calm) == set()
    assert {"photo.brightness", "photo.contrast"} <= drifted(darkened)
    assert drifted(blurred) == {"photo.sharpness"} | (drifted(blurred) & {"photo.detail", "photo.contrast"})


def chats(answers: Sequence[str]) -> list[Decoded]:
    return rows(
        posted(
            "/v1/chat/completions",
            {"model": "m", "messages": [{"role": "user", "content": f"Tell me about item {number % 50}, please."}]},
            {"choices": [{"message": {"content": answer}, "finish_reason": "stop"}]},
        )
        for number, answer in enumerate(answers)
    )


def test_a_model_that_starts_to_refuse_is_named_as_such():
    draw = np.random.default_rng(3)
    words = ["the", "sea", "has", "tides", "that", "follow", "moon", "and", "sun", "for", "hours", "of", "every", "day"]
    helpful = [" ".join(draw.choice(words, draw.integers(20, 60))) + "." for _ in range(1300)]
    refusing = ["I'm sorry, but I cannot help with that." if draw.random() < 0.5 else text for text in helpful[:300]]
    reference = reference_of(chats(helpful[300:]))
    assert drifted(scores_of(reference, chats(helpful[:300]))) == set()
    scores = scores_of(reference, chats(refusing))
    assert "answer.refusal" in drifted(scores)
    assert "answer.tokens" in drifted(scores)
    assert not {name for name in drifted(scores) if name.startswith("prompt")}
    assert "tides" not in json.dumps([one.change for one in scores.values()])
