import pytest

from sentinel.decode import Decoded, Undecodable, decode
from tests.support.decode_wire import posted

DOCUMENTS = ["a", {"text": "b"}, "c"]


def read(path, request, response):
    found = decode(posted(path, request, response))
    assert isinstance(found, Decoded), found
    return found


@pytest.mark.parametrize(
    ("path", "request_body", "response", "scores"),
    [
        (
            "/v1/rerank",
            {"model": "m", "query": "q", "documents": DOCUMENTS, "top_n": 2},
            {"model": "m", "results": [{"index": 2, "relevance_score": 0.75}, {"index": 0, "relevance_score": 0.25}]},
            [0.25, None, 0.75],
        ),
        (
            "/rerank",
            {"query": "q", "texts": ["a", "b", "c"]},
            [{"index": 1, "score": 3.5}, {"index": 0, "score": 2}, {"index": 2, "score": -1}],
            [2, 3.5, -1],
        ),
        (
            "/score",
            {"model": "m", "text_1": "q", "text_2": ["a", "b", "c"]},
            {"data": [{"index": 0, "score": 0.5}, {"index": 1, "score": 0.25}, {"index": 2, "score": 0.125}]},
            [0.5, 0.25, 0.125],
        ),
    ],
    ids=["cohere", "text-embeddings-inference", "vllm"],
)
def test_each_pair_of_texts_is_a_row_with_its_score(path, request_body, response, scores):
    found = read(path, request_body, response)
    assert found.inputs == {"query": ["q"] * 3, "document": ["a", "b", "c"]}
    said = found.predictions["score"]
    assert [None if score != score else score for score in said] == scores
    assert found.model == request_body.get("model", "")
    assert set(found.kinds) == {"query", "document"}


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ({"results": [{"index": 3, "relevance_score": 1}]}, "row_mismatch"),
        ({"results": [{"index": -1, "relevance_score": 1}]}, "row_mismatch"),
        ({"results": []}, "bad_json"),
        ({"results": [{"index": 0, "relevance_score": {}}]}, "bad_value"),
    ],
)
def test_an_answer_that_does_not_fit_has_a_reason(response, reason):
    asked = {"query": "q", "documents": DOCUMENTS}
    assert decode(posted("/rerank", asked, response)) == Undecodable(reason)


def test_pairs_must_be_as_many_on_both_sides():
    asked = {"text_1": ["a", "b"], "text_2": ["c", "d", "e"]}
    assert decode(posted("/v1/score", asked, {"data": [{"score": 1}]})) == Undecodable("row_mismatch")
