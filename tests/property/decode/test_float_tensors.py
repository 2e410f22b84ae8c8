"""Tensors of floats, which are read in one step, say the same as when they are read like any tensor."""

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.decode import v2
from sentinel.decode.reasons import Refused
from sentinel.decode.values import Block

WHOLE = st.integers(-(2**53), 2**53)  # floats hold no more
NUMBER = st.floats(allow_nan=False, allow_infinity=False) | WHOLE | st.floats(-9, 9, width=32)
CELL = NUMBER | st.booleans() | st.none() | st.text(max_size=3)
DATA = st.lists(NUMBER, max_size=12) | st.lists(CELL, max_size=6) | st.lists(st.lists(NUMBER, max_size=3), max_size=4)
DATATYPE = st.sampled_from(["FP32", "FP64", "FP16", "BF16", "INT64", "BOOL", "BYTES", "FP8"])


def blocks(tensors: Any) -> list[tuple[str, list[Any], tuple[int, ...], bool]] | str:
    try:
        found = v2.read(tensors, memoryview(b""))
    except Refused as refusal:
        return refusal.reason.value
    return [(name, _listed(block), block.shape, block.few) for name, block in found]


def _listed(block: Block) -> list[Any]:
    values = block.flat if isinstance(block.flat, list) else block.flat.tolist()
    return ["NaN" if value != value else value for value in values]  # NaN would differ from itself


@settings(deadline=None)
@given(st.lists(st.tuples(DATATYPE, DATA), min_size=1, max_size=3), st.booleans())
def test_one_step_says_the_same(drawn: list[tuple[str, Any]], fits: bool) -> None:
    inputs = [
        {"name": f"x{at}", "shape": [len(data) if fits else 3], "datatype": datatype, "data": data}
        for at, (datatype, data) in enumerate(drawn)
    ]
    text = json.dumps({"id": "r", "inputs": inputs}).encode()
    quick = v2._request.read(text)
    slow = msgspec.json.decode(text, type=v2.Request[v2.Tensor])
    assert blocks(quick.inputs) == blocks(slow.inputs)
