"""Language-model servers with an API of their own, as their documents show calls of them."""

import json

import pytest

from sentinel.decode import Decoded, Undecodable, decode
from tests.support.decode_wire import made, posted


def decoded(found):
    assert isinstance(found, Decoded), found
    return found


def streamed(path, request, events, names=()):
    """Server-sent events; `names` are the event names that some servers write before them."""
    lines = [
        (f"event: {names[at]}\n" if names else "") + f"data: {json.dumps(event)}\n\n" for at, event in enumerate(events)
    ]
    headers = {"content-type": "text/event-stream"}
    body = "".join(lines).encode()
    return decoded(decode(made("POST", path, json.dumps(request).encode(), body, response_headers=headers)))


def test_ollama_plain_and_streamed():
    asked = {"model": "llama3", "messages": [{"role": "user", "content": "hi"}]}
    end = {"model": "llama3", "done": True, "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 2}
    plain = decoded(decode(posted("/api/chat", asked, {"message": {"role": "assistant", "content": "hello"}, **end})))
    lines = [{"message": {"content": "hel"}}, {"message": {"content": "lo"}}, {"message": {"content": ""}, **end}]
    body = b"\n".join(json.dumps(line).encode() for line in lines)
    headers = {"content-type": "application/x-ndjson"}
    stream = decoded(decode(made("POST", "/api/chat", json.dumps(asked).encode(), body, response_headers=headers)))
    for found in (plain, stream):
        assert found.model == "llama3"
        assert found.predictions["answer"] == ["hello"]
        assert found.predictions["finish_reason"] == ["stop"]
        assert (found.usage.input_tokens, found.usage.output_tokens, found.usage.estimated) == (3, 2, False)
    generated = decoded(decode(posted("/api/generate", {"model": "m", "prompt": "a"}, {"response": "b", **end})))
    assert (generated.inputs["prompt"], generated.predictions["answer"]) == (["a"], ["b"])
    assert decode(posted("/api/generate", {"model": "m", "prompt": "a"}, {"x": 1})) == Undecodable("bad_json")


MESSAGES = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}
MESSAGE = {
    "id": "msg-1",
    "type": "message",
    "model": "m-2026",
    "content": [{"type": "text", "text": "hello"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "cache_read_input_tokens": 4, "output_tokens": 2},
}
MESSAGE_EVENTS = [
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hel"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
]


def test_anthropic_messages_plain_and_streamed():
    plain = decoded(decode(posted("/v1/messages", MESSAGES, MESSAGE)))
    stream = streamed("/v1/messages", MESSAGES, MESSAGE_EVENTS, [event["type"] for event in MESSAGE_EVENTS])
    for found in (plain, stream):
        assert (found.model, found.version, found.request_id) == ("m", "2026", "msg-1")
        assert (found.inputs["prompt"], found.predictions["answer"]) == (["hi"], ["hello"])
        assert (found.usage.input_tokens, found.usage.cached_tokens, found.usage.output_tokens) == (7, 4, 2)
        assert found.usage.finish_reasons == ("end_turn",)
        assert not found.usage.aborted
    assert stream.usage.streamed


def test_tool_use_is_counted():
    called = {**MESSAGE, "content": [{"type": "tool_use", "name": "f", "input": {}}], "stop_reason": "tool_use"}
    assert decode(posted("/v1/messages", MESSAGES, called)).predictions["tool_calls"][0] == 1


def test_an_aborted_stream():
    assert streamed("/v1/messages", MESSAGES, MESSAGE_EVENTS[:4]).usage.aborted


def test_llamacpp_plain_and_streamed():
    asked = {"prompt": "hi", "n_predict": 8}
    end = {"stop": True, "stop_type": "limit", "tokens_predicted": 2, "tokens_evaluated": 3, "model": "tiny"}
    plain = decoded(decode(posted("/completion", asked, {"content": "hello", **end})))
    pieces = [{"content": "hel", "stop": False}, {"content": "lo", "stop": False}, {"content": "", **end}]
    for found in (plain, streamed("/completion", asked, pieces)):
        assert (found.model, found.predictions["answer"]) == ("tiny", ["hello"])
        assert (found.usage.input_tokens, found.usage.output_tokens) == (3, 2)
        assert found.usage.finish_reasons == ("limit",)
        assert found.inputs["n_predict"][0] == 8


def test_text_generation_inference_plain_and_streamed():
    asked = {"inputs": "hi", "parameters": {"max_new_tokens": 2}}
    details = {"finish_reason": "length", "generated_tokens": 2}
    whole = {"generated_text": "hello", "details": details}
    pieces = [
        {"token": {"text": "hel", "special": False}, "generated_text": None, "details": None},
        {"token": {"text": "</s>", "special": True}, **whole},
    ]
    plain, stream = decoded(decode(posted("/generate", asked, whole))), streamed("/generate_stream", asked, pieces)
    for found in (plain, stream):
        assert (found.inputs["prompt"], found.predictions["answer"]) == (["hi"], ["hello"])
        assert (found.usage.output_tokens, found.usage.finish_reasons) == (2, ("length",))
        assert found.inputs["max_new_tokens"][0] == 2


def test_sglang_plain_and_streamed():
    asked = {"text": "hi", "sampling_params": {"temperature": 0.5}}
    told = {"id": "s-1", "prompt_tokens": 3, "completion_tokens": 2, "cached_tokens": 1}
    whole = {"text": "hello", "meta_info": {**told, "finish_reason": {"type": "stop"}}}
    plain = decoded(decode(posted("/generate", asked, whole)))
    stream = streamed("/generate", asked, [{"text": "hel", "meta_info": told}, whole])
    for found in (plain, stream):
        assert (found.predictions["answer"], found.request_id) == (["hello"], "s-1")
        assert (found.usage.input_tokens, found.usage.cached_tokens, found.usage.output_tokens) == (3, 1, 2)
        assert found.usage.finish_reasons == ("stop",)


def test_other_servers_behind_generate_are_plain_json():
    found = decoded(decode(posted("/generate", {"prompt": "hi", "steps": 3}, {"seconds": 2})))
    assert set(found.inputs) == {"prompt", "steps"}


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v1/messages", MESSAGES),
        ("/completion", {"prompt": "a"}),
        ("/generate", {"inputs": "a"}),
        ("/generate", {"text": "a", "sampling_params": {}}),
    ],
)
def test_answers_of_another_shape(path, asked):
    assert decode(posted(path, asked, {"x": 1})) == Undecodable("bad_json")
    assert decode(posted(path, asked, {"error": {"message": "busy"}})).reason == "error_response"
