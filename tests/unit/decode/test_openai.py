import base64
import dataclasses
import gzip
import json
from itertools import accumulate

import numpy as np
import pytest

from sentinel.decode import Decoded, Undecodable, decode
from sentinel.decode.sse import payloads
from sentinel.decode.told import server_times
from sentinel.decode.usage import ServerTimes
from tests.support.decode_wire import exchange, made, posted


def decoded(found):
    assert isinstance(found, Decoded), found
    return found


def values(columns):
    return {name: column if isinstance(column, list) else column.tolist() for name, column in columns.items()}


def streamed(
    path, request, events, chunk_seconds=(), content_type="text/event-stream", end=b"data: [DONE]\n\n", **more
):
    """chunk_seconds: when each event came."""
    pieces = [b"data: " + json.dumps(event).encode() + b"\n\n" for event in events] + [end]
    more = {"chunk_bytes": tuple(accumulate(map(len, pieces)))[: len(chunk_seconds)], **more}
    headers = {"content-type": content_type}
    asked = json.dumps(request).encode()
    sent = made("POST", path, asked, b"".join(pieces), response_headers=headers, chunk_seconds=chunk_seconds, **more)
    return decode(sent)


CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def delta(content=None, finish=None, **more):
    return {
        "id": "c-1",
        "model": "m",
        "choices": [{"index": 0, "delta": {"content": content, **more}, "finish_reason": finish}],
    }


def test_recorded_chat_plain_and_streamed():
    plain = decoded(decode(exchange("openai-transformers-serve/chat")))
    stream = decoded(decode(exchange("openai-transformers-serve/chat-stream")))
    assert plain.model == stream.model == "/models/tiny-llama---------"
    assert plain.version == stream.version == "main"
    assert plain.request_id == "46ec06ba-0bb9-40cf-95e9-c96933a14ca6"
    assert plain.inputs["prompt"] == stream.inputs["prompt"] == ["hello world"]
    for found in (plain, stream):
        assert (found.usage.input_tokens, found.usage.output_tokens) == (17, 8)
        assert found.usage.finish_reasons == ("length",)
        assert not found.usage.estimated
        assert not found.usage.aborted
    assert (plain.usage.streamed, stream.usage.streamed) == (False, True)
    assert stream.usage.time_to_first_token_seconds == 0.0585  # the first event holds a role only
    assert stream.usage.time_per_output_token_seconds == pytest.approx((0.0896 - 0.0585) / 7)
    assert stream.predictions["answer"][0].endswith("erZi")


def test_recorded_completions_plain_and_streamed():
    plain = decoded(decode(exchange("openai-transformers-serve/completions")))
    stream = decoded(decode(exchange("openai-transformers-serve/completions-stream")))
    assert plain.predictions["answer"] == ["h is\ufffd\ufffd"]
    assert stream.predictions["answer"] == ["h is"]
    assert stream.usage.time_to_first_token_seconds == 0.0385  # the first chunk held the head alone
    assert values(plain.inputs) == {"prompt": ["hello"], "max_tokens": [4], "input_tokens": [1]}


def test_recorded_litserve_chat():
    found = decoded(decode(exchange("litserve/chat")))
    assert found.predictions["answer"] == ["Hello from a stub"]
    assert found.usage.finish_reasons == ("stop",)


def test_tokens_are_counted_from_pieces_where_the_stream_tells_no_usage():
    found = decoded(
        streamed("/v1/chat/completions", CHAT, [delta(role="assistant"), delta("a"), delta("b"), delta(None, "stop")])
    )
    assert (found.usage.output_tokens, found.usage.estimated) == (2, True)
    assert found.predictions["answer"] == ["ab"]
    assert found.predictions["finish_reason"] == ["stop"]


def test_usage_may_come_in_an_event_of_its_own():
    told = {
        "choices": [],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}},
    }
    usage = decoded(streamed("/v1/chat/completions", CHAT, [delta("a"), delta("b", "stop"), told])).usage
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.estimated) == (3, 2, 1, False)


def test_a_stream_that_breaks_off_is_aborted():
    assert decoded(streamed("/v1/chat/completions", CHAT, [delta("a")], end=b'data: {"choi')).usage.aborted
    assert not decoded(streamed("/v1/chat/completions", CHAT, [delta("a")])).usage.aborted
    assert not decoded(streamed("/v1/chat/completions", CHAT, [delta("a", "stop")], end=b"")).usage.aborted


def test_an_error_inside_a_stream_is_an_error():
    found = streamed("/v1/chat/completions", CHAT, [delta("a"), {"error": {"message": "out of memory"}}])
    assert found == Undecodable("error_response", False)


def test_bare_json_lines_are_a_stream_too():
    body = b"\n".join(json.dumps(event).encode() for event in [delta("a"), delta("b", "stop")])
    sent = made(
        "POST",
        "/v1/chat/completions",
        json.dumps(CHAT).encode(),
        body,
        response_headers={"content-type": "text/event-stream"},
    )
    assert decoded(decode(sent)).predictions["answer"] == ["ab"]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_server_sent_events_by_the_standard(newline):
    lines = [b": comment", b"event: x", b"data: one", b"data:two", b"id: 7", b"", b"data: three", b"", b""]
    assert [data for data, _ in payloads(newline.join(lines))] == [b"one\ntwo", b"three"]


def test_tool_calls_images_and_parts():
    request = {
        "model": "gpt",
        "temperature": 0.5,
        "tools": [{"type": "function"}],
        "messages": [
            {"role": "system", "content": "be nice"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "what is"},
                    {"type": "image_url"},
                    {"type": "text", "text": "this"},
                ],
            },
            {"role": "assistant", "content": "a cat"},
        ],
    }
    called = {"message": {"content": None, "tool_calls": [{"function": {"name": "f"}}]}, "finish_reason": "tool_calls"}
    found = decoded(decode(posted("/v1/chat/completions", request, {"model": "gpt-2026-01-01", "choices": [called]})))
    assert found.inputs["prompt"] == ["what is\nthis"]
    assert {name: found.inputs[name][0] for name in ("messages", "images", "tools", "temperature")} == {
        "messages": 3,
        "images": 1,
        "tools": 1,
        "temperature": 0.5,
    }
    assert (found.version, values(found.predictions)["tool_calls"]) == ("2026-01-01", [1])
    pieces = (
        [{"index": 0, "id": "t", "function": {"name": "f", "arguments": ""}}],
        [{"index": 0, "function": {"arguments": "{}"}}],
    )
    stream = streamed("/v1/chat/completions", CHAT, [delta(tool_calls=piece) for piece in pieces])
    assert values(decoded(stream).predictions)["tool_calls"] == [1]


def test_several_prompts_are_several_rows():
    request = {"model": "m", "prompt": ["a", "b"], "n": 2}
    choices = [{"index": i, "text": text, "finish_reason": "stop"} for i, text in enumerate(["a1", "a2", "b1", "b2"])]
    found = decoded(decode(posted("/v1/completions", request, {"choices": choices})))
    assert (found.rows, found.predictions["answer"]) == (2, ["a1", "b1"])
    assert decode(posted("/v1/completions", request, {"choices": choices[:3]})) == Undecodable("row_mismatch")


def test_responses_plain_and_streamed():
    answer = {
        "id": "resp-1",
        "object": "response",
        "model": "m",
        "status": "completed",
        "output": [
            {"type": "reasoning"},
            {"type": "function_call", "name": "f"},
            {"type": "message", "content": [{"type": "output_text", "text": "hello"}]},
        ],
        "usage": {"input_tokens": 5, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 4}},
    }
    request = {"model": "m", "input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}]}
    plain = decoded(decode(posted("/v1/responses", request, answer)))
    events = [
        {"type": "response.created", "response": {"id": "resp-1", "status": "in_progress"}},
        {"type": "response.output_text.delta", "delta": "hel"},
        {"type": "response.output_text.delta", "delta": "lo"},
        {"type": "response.completed", "response": answer},
    ]
    stream = decoded(streamed("/v1/responses", request, events, (0.1, 0.2, 0.3, 0.4), end=b""))
    for found in (plain, stream):
        assert found.inputs["prompt"] == ["hi"]
        assert found.predictions["answer"] == ["hello"]
        assert values(found.predictions)["tool_calls"] == [1]
        assert (found.usage.input_tokens, found.usage.cached_tokens, found.usage.finish_reasons) == (
            5,
            4,
            ("completed",),
        )
        assert found.request_id == "resp-1"
    assert stream.usage.time_to_first_token_seconds == 0.2
    cut = decoded(streamed("/v1/responses", {"model": "m", "input": "hi"}, events[:3], end=b""))
    assert (cut.predictions, cut.usage.output_tokens) == ({}, 2)
    assert (cut.usage.aborted, cut.usage.output_tokens, cut.usage.estimated) == (True, 2, True)


def test_embeddings_as_numbers_and_in_base64():
    vectors = np.arange(6, dtype="<f4").reshape(2, 3)
    listed = [{"index": i, "embedding": vector.tolist()} for i, vector in enumerate(vectors)]
    coded = [{"index": i, "embedding": base64.b64encode(vector.tobytes()).decode()} for i, vector in enumerate(vectors)]
    for data in (listed, coded, list(reversed(listed))):
        answer = {"model": "e", "data": data, "usage": {"prompt_tokens": 4}}
        found = decoded(decode(posted("/v1/embeddings", {"model": "e", "input": ["a", "b"]}, answer)))
        assert found.inputs["prompt"] == ["a", "b"]
        assert np.stack([found.predictions[f"embedding_{i}"] for i in range(3)], axis=1).tolist() == vectors.tolist()
        assert found.usage.input_tokens == 4


@pytest.mark.parametrize(
    ("path", "request_body", "response_body", "reason"),
    [
        ("/v1/chat/completions", {"model": "m", "messages": []}, {}, "no_rows"),
        ("/v1/chat/completions", [], {}, "bad_json"),
        ("/v1/chat/completions", CHAT, {}, "bad_json"),
        ("/v1/chat/completions", CHAT, [1], "bad_json"),
        ("/v1/responses", {"input": 3}, {}, "no_rows"),
        ("/v1/responses", {"input": "x"}, {}, "bad_json"),
        ("/v1/embeddings", {"input": ["a"]}, {"data": [{"embedding": ["x"]}]}, "bad_value"),
        ("/v1/embeddings", {"input": ["a", "b"]}, {"data": [{"embedding": [1]}, {"embedding": [1, 2]}]}, "bad_value"),
        ("/v1/embeddings", {"input": ["a", "b"]}, {"data": [{"embedding": [1, 2]}]}, "row_mismatch"),
        ("/v1/embeddings", {"input": ["a"]}, {"data": [{"embedding": "%"}]}, "bad_value"),
    ],
)
def test_what_cannot_be_right_has_a_reason(path, request_body, response_body, reason):
    assert decode(posted(path, request_body, response_body)) == Undecodable(reason)


def test_azure_names_the_model_in_the_path():
    found = decoded(
        decode(
            posted(
                "/openai/deployments/gpt4/chat/completions?api-version=1",
                {**CHAT, "model": ""},
                {"choices": [{"message": {"content": "x"}}]},
            )
        )
    )
    assert found.model == "gpt4"


def test_pieces_that_came_together_have_the_time_of_their_chunk():
    events = [delta(role="assistant"), delta("a"), delta("b"), delta("c"), delta(None, "stop")]
    sizes = [len(b"data: " + json.dumps(event).encode() + b"\n\n") for event in events]
    arrived = (
        sum(sizes[:2]),
        sum(sizes[:2]) + 5,
        sum(sizes) + len(b"data: [DONE]\n\n"),
    )  # two together, a bit, the rest
    usage = decoded(streamed("/v1/chat/completions", CHAT, events, (0.1, 0.3, 0.5), chunk_bytes=arrived)).usage
    assert usage.time_to_first_token_seconds == 0.1
    assert usage.time_per_output_token_seconds == pytest.approx((0.5 - 0.1) / 2)


def test_a_compressed_stream_has_the_times_of_its_first_and_last_chunk():
    events = [delta(role="assistant"), delta("a"), delta("b", "stop")]
    body = gzip.compress(b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events))
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    asked, times = json.dumps(CHAT).encode(), {"chunk_seconds": (0.1, 0.4), "chunk_bytes": (10, len(body))}
    found = decoded(decode(made("POST", "/v1/chat/completions", asked, body, response_headers=headers, **times)))
    assert found.usage.time_to_first_token_seconds == 0.1
    assert found.usage.time_per_output_token_seconds == pytest.approx(0.3)


@pytest.mark.parametrize("events", [[], [delta("a"), delta("b")]])
def test_a_stream_that_was_broken_off_counts_but_is_not_judged(events):
    found = decoded(streamed("/v1/chat/completions", CHAT, events, (0.1, 0.2)[: len(events)], end=b"", aborted=True))
    assert (found.usage.aborted, found.usage.output_tokens) == (True, len(events))
    assert found.inputs["prompt"] == ["hi"]
    assert found.predictions == {}


@pytest.mark.parametrize(
    ("headers", "answer", "told"),
    [
        ({"x-queue-time": "12"}, {}, ServerTimes(queue=0.012)),
        ({"server-timing": 'cache;dur=1, queue;desc="waiting";dur=20.5'}, {}, ServerTimes(queue=0.0205)),
        ({}, {"timings": {"prompt_ms": 30.0, "predicted_ms": 200}}, ServerTimes(prompt=0.03, output=0.2)),
        ({}, {"usage": {"queue_time": 0.5, "prompt_time": 0.25, "completion_time": 1}}, ServerTimes(0.5, 0.25, 1.0)),
        ({}, {"prompt_eval_duration": 5e8, "eval_duration": 10**9}, ServerTimes(prompt=0.5, output=1.0)),
        ({"x-queue-time": "soon"}, {"timings": {"prompt_ms": -4, "predicted_ms": True}}, ServerTimes()),
    ],
)
def test_times_that_servers_tell_of_themselves(headers, answer, told):
    seconds = dataclasses.astuple(server_times(headers, answer))
    assert seconds == pytest.approx(dataclasses.astuple(told))
