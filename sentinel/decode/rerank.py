"""Rerankers and cross-encoders: a row for each pair of texts, its score as the prediction.

Sources: Cohere's and Jina's `/rerank`, which vLLM and Infinity serve too; Text Embeddings Inference's; vLLM's `/score`.
"""

from typing import Any

from msgspec.structs import replace

from sentinel.decode import generative, jsontext, plain
from sentinel.decode.call import Call
from sentinel.decode.loosely import mapping, objects, text
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.rows import Decoded
from sentinel.decode.tables import Table, check_rows
from sentinel.decode.usage import count
from sentinel.decode.values import Block, column

SCORE_KEYS = ("relevance_score", "score")


def rerank(call: Call) -> Decoded:
    """One query with its documents; those that the answer leaves out (`top_n`) have no score."""
    asked = mapping(jsontext.parse(call.request))
    documents = asked.get("documents", asked.get("texts"))
    if not isinstance(documents, list) or "query" not in asked:
        return plain.decode(call)
    return _scored(call, asked.get("model"), [text(asked["query"])] * len(documents), [_text(one) for one in documents])


def score(call: Call) -> Decoded:
    """`text_1` against `text_2`, one against many or pair by pair; any other body is plain JSON."""
    asked = mapping(jsontext.parse(call.request))
    if not asked.keys() >= {"text_1", "text_2"}:
        return plain.decode(call)
    first, second = (value if isinstance(value, list) else [value] for value in (asked["text_1"], asked["text_2"]))
    if len(first) == 1:
        first = first * len(second)
    if len(first) != len(second):
        raise Refused(Reason.ROW_MISMATCH)
    return _scored(call, asked.get("model"), [_text(one) for one in first], [_text(one) for one in second])


def _text(document: Any) -> str:
    """A document as a text, or as an object with one."""
    return text(document) or text(mapping(document).get("text"))


def _scored(call: Call, model: object, queries: list[str], documents: list[str]) -> Decoded:
    check_rows(len(documents), call.options)
    table = Table(len(documents), {"query": queries, "document": documents})
    response = None if call.response is None else jsontext.parse(call.response)
    outputs = [] if call.response is None else [("score", _scores(response, table.rows))]
    said = mapping(response)
    decoded = call.decoded(
        table, outputs, model=model, version=generative.version(model, said.get("model")), request_id=said.get("id")
    )
    return replace(decoded, kinds={"query": "text", "document": "text"})


def _scores(response: Any, rows: int) -> Block:
    """Scores by the place of their document. Refused: bad_json, row_mismatch."""
    ranked = objects(response if isinstance(response, list) else mapping(response).get("results", response.get("data")))
    if not ranked:
        raise Refused(Reason.BAD_JSON)
    found: list[Any] = [None] * rows
    for place, one in enumerate(ranked):
        index = count(one.get("index", place))
        if index is None or index >= rows:
            raise Refused(Reason.ROW_MISMATCH)
        found[index] = next((one[key] for key in SCORE_KEYS if key in one), None)
    return Block(column(found), (rows,))
