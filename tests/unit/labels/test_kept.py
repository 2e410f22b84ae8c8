"""Which rows of an answer are kept, under which ids, and what is said to be the prediction."""

import json

import numpy as np
import pytest

from sentinel.decode import Decoded, DecodeOptions, decode
from sentinel.labels.kept import AnswerSpec, Said, kept, said_by
from sentinel.labels.keys import KeyOptions, stored
from sentinel.labels.values import Span
from sentinel.traffic.exchange import Exchange, Message

SPAN = Span("m", "1", 0.0, 60.0)
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def v2(outputs: list[dict[str, object]], rows: int = 2, body_id: str | None = "call-1", **headers: str) -> Decoded:
    """An infer call as it is decoded with labels switched on."""
    request = {"inputs": [{"name": "x", "shape": [rows], "datatype": "FP64", "data": [1.5] * rows}], "id": body_id}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sides = [Message(named, json.dumps(body).encode()) for body in (request, {"outputs": outputs})]
    exchange = Exchange("http/1.1", "POST", "/v2/models/m/infer", 200, sides[0], sides[1], 1.0, 0.1, 0.1)
    decoded = decode(exchange, DecodeOptions(joinable=True))
    assert isinstance(decoded, Decoded)
    return decoded


def output(name: str, data: list[object], shape: list[int], datatype: str = "FP64") -> dict[str, object]:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


PROBABILITIES = output("probabilities", [0.25, 0.75, 0.5, 0.5], [2, 2])


def said(decoded: Decoded, **spec: object) -> list[Said | None]:
    return list(said_by(decoded, AnswerSpec(**spec)))  # type: ignore[arg-type]


def test_a_distribution_is_kept_whole_under_the_names_of_its_classes() -> None:
    assert said(v2([PROBABILITIES])) == [
        Said("1", None, {"0": 0.25, "1": 0.75}),
        Said("0", None, {"0": 0.5, "1": 0.5}),
    ]
    assert said(v2([PROBABILITIES]), classes=("no", "yes"))[0] == Said("yes", None, {"no": 0.25, "yes": 0.75})


def test_many_rows_are_read_as_few() -> None:
    many = output("p", [0.25, 0.75] * 100, [100, 2])
    assert said(v2([many], rows=100)) == [Said("1", None, {"0": 0.25, "1": 0.75})] * 100


def test_a_class_and_the_probability_of_one_of_two() -> None:
    """As the demo's server answers."""
    answer = v2([output("label", ["no", "yes"], [2], "BYTES"), output("probability", [0.1, 0.9], [2])])
    found = said(answer, scores={"yes": "probability"}, classes=("no", "yes"))
    assert [s.predicted for s in found if s] == ["no", "yes"]
    assert found[0] is not None
    assert found[0].scores == pytest.approx({"yes": 0.1, "no": 0.9})


def test_the_models_own_word_counts_and_not_the_likeliest_class() -> None:
    """A model with a threshold of its own, such as fraud from 0.1."""
    answer = v2([output("label", ["no", "yes"], [2], "BYTES"), output("probability", [0.05, 0.2], [2])])
    found = said(answer, scores={"yes": "probability"}, classes=("no", "yes"))
    assert [s.predicted for s in found if s] == ["no", "yes"]
    alone = v2([output("probability", [0.05, 0.8], [2])])
    found = said(alone, scores={"yes": "probability"}, classes=("no", "yes"))
    assert [s.predicted for s in found if s] == ["no", "yes"]
    assert said(alone, scores={"yes": "probability"}) == [None, None], "what the other class is called is not known"


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (output("y", [1, 0], [2], "INT64"), [Said("1", None, {}), Said("0", None, {})]),
        (output("y", [True, False], [2], "BOOL"), [Said("1", None, {}), Said("0", None, {})]),
        (output("y", ["a", "b"], [2], "BYTES"), [Said("a", None, {}), Said("b", None, {})]),
        (output("y", [1.5, 2.0], [2]), [Said(None, 1.5, {}), Said(None, 2.0, {})]),
        (output("y", [1.5, None], [2]), [Said(None, 1.5, {}), None]),
    ],
)
def test_the_task_is_seen_from_the_values(one: dict[str, object], expected: list[Said | None]) -> None:
    assert said(v2([one])) == expected


def test_the_task_can_be_told() -> None:
    whole = v2([output("y", [3, 4], [2], "INT64")])
    assert said(whole, task="regression") == [Said(None, 3.0, {}), Said(None, 4.0, {})]
    measure = v2([output("y", [1.0, 0.0], [2])])
    assert said(measure, task="classification") == [Said("1", None, {}), Said("0", None, {})]


def test_a_chosen_column_wins() -> None:
    answer = v2([PROBABILITIES, output("label", ["a", "b"], [2], "BYTES")])
    assert [s.predicted for s in said(answer, column="label") if s] == ["a", "b"]
    assert said(answer, column="nowhere") == [None, None]


def test_wide_answers_keep_one_probability() -> None:
    wide = np.full((1, 100), 0.005)
    wide[0, 7] = 1 - 99 * 0.005
    [found] = said(v2([output("p", wide.ravel().tolist(), [1, 100])], rows=1))
    assert found == Said("7", None, {"7": pytest.approx(wide[0, 7])})


def test_ids_of_a_call_the_best_first() -> None:
    headers = {"x_request_id": "x-1", "traceparent": TRACEPARENT}
    [first, second] = kept(v2([PROBABILITIES], **headers), AnswerSpec(), KeyOptions(), SPAN, 2.0)
    assert (first.request_id, first.alias, first.row, second.row) == ("call-1", "x-1", 0, 1)
    assert first.trace == stored(TRACEPARENT, KeyOptions()) == TRACEPARENT[3:-3]
    [first, _] = kept(v2([PROBABILITIES], body_id=None, **headers), AnswerSpec(), KeyOptions(), SPAN, 2.0)
    assert (first.request_id, first.alias, first.trace) == ("x-1", None, TRACEPARENT[3:-3])
    only_trace = v2([PROBABILITIES], body_id=None, traceparent=TRACEPARENT)
    assert kept(only_trace, AnswerSpec(), KeyOptions(), SPAN, 2.0)[0].request_id == TRACEPARENT[3:-3]
    assert kept(v2([PROBABILITIES], body_id=None), AnswerSpec(), KeyOptions(), SPAN, 2.0) == []


def test_ids_are_hashed_where_asked_where_long_and_where_they_hold_a_secret() -> None:
    plain = KeyOptions()
    assert stored("order-17", plain) == "order-17"
    assert stored("jane@example.org", plain).startswith("#")
    assert stored("x" * 5_000, plain).startswith("#")
    hashed = [stored("order-17", KeyOptions(hashed=True, secret=secret)) for secret in ("a", "b")]
    assert hashed[0] != hashed[1]
    assert all(len(one) == 33 for one in hashed)
    assert stored("a\x00b\ud800", plain) == "ab"


def test_nothing_is_kept_of_calls_without_labels_switched_on() -> None:
    exchange = Exchange("http/1.1", "POST", "/v2/models/m/infer", 200, Message(), Message(), 1.0, 0.1, 0.1)
    assert getattr(decode(exchange), "joinable", None) is None


@pytest.mark.parametrize("hiding", ["drop", "hash"])
def test_outputs_that_must_not_be_kept_are_not(hiding: str) -> None:
    sides = [{"inputs": [output("x", [1.0, 2.0], [2])], "id": "a"}, {"outputs": [PROBABILITIES]}]
    request, answer = (Message({}, json.dumps(side).encode()) for side in sides)
    exchange = Exchange("http/1.1", "POST", "/v2/models/m/infer", 200, request, answer, 1.0, 0.1, 0.1)
    options = DecodeOptions(joinable=True, **{hiding: ("probabilities", "probabilities.class")})  # type: ignore[arg-type]
    decoded = decode(exchange, options)
    assert isinstance(decoded, Decoded)
    assert decoded.joinable is not None
    assert decoded.joinable.scores == {}


def test_an_openai_answer_is_known_by_its_own_id() -> None:
    request = Message({}, json.dumps({"model": "a", "messages": [{"role": "user", "content": "hi"}]}).encode())
    choice = {"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}
    answer = Message({}, json.dumps({"id": "chatcmpl-1", "model": "a", "choices": [choice]}).encode())
    exchange = Exchange("http/1.1", "POST", "/v1/chat/completions", 200, request, answer, 1.0, 0.1, 0.1)
    decoded = decode(exchange, DecodeOptions(joinable=True))
    assert isinstance(decoded, Decoded)
    assert decoded.joinable is not None
    assert decoded.joinable.request_id == "chatcmpl-1"
    assert said(decoded) == [None], "what was generated is not kept unasked"
    assert said(decoded, column="answer") == [Said("yes", None, {})]
