import json

import numpy as np

from sentinel.demo.dataset import FEATURES, HEALTHY, load
from sentinel.demo.driver import Tally, encode, summary


def test_a_request_is_v2_with_one_tensor_per_feature() -> None:
    rows = load()[HEALTHY].take(np.arange(3))
    document = json.loads(encode(rows, "r-1"))
    assert document["id"] == "r-1"
    assert [tensor["name"] for tensor in document["inputs"]] == list(FEATURES)
    assert all(tensor["shape"] == [3, 1] and len(tensor["data"]) == 3 for tensor in document["inputs"])
    assert document["inputs"][0]["data"] == rows.columns["age"].tolist()


def test_summary_reads_before_the_first_answer() -> None:
    assert "0 answers" in summary(Tally())
