"""Answers of language-model servers that speak an API of their own, put together as `answers` does. Knows no request.

Sources: Ollama's `docs/api.md`, Anthropic's Messages API, llama.cpp's `tools/server/README.md`, Text Generation
Inference's OpenAPI document, SGLang's "Sampling Parameters" page.
"""

from collections.abc import Sequence
from typing import Any

from sentinel.decode.answers import Answer, Event
from sentinel.decode.loosely import mapping, objects, text
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.usage import count


def from_ollama(events: Sequence[Event]) -> Answer:
    """Pieces as `message.content` or `response`; the last event says `done` and counts tokens."""
    answer = Answer()
    pieces = [text(mapping(event.get("message")).get("content") or event.get("response")) for event in events]
    _spoken(answer, pieces)
    for event in events:
        if event.get("done"):
            answer.finish(event.get("done_reason") or "stop")
            answer.usage = _tokens(event.get("prompt_eval_count"), event.get("eval_count"))
    if not any("message" in event or "response" in event for event in events):
        raise Refused(Reason.BAD_JSON)
    return answer


def from_llamacpp(events: Sequence[Event]) -> Answer:
    """Pieces as `content`; the last event says `stop` and counts tokens."""
    answer = Answer()
    _spoken(answer, [text(event.get("content")) for event in events])
    for event in events:
        if event.get("stop"):
            answer.model = event.get("model")
            answer.finish(event.get("stop_type") or "stop")
            answer.usage = _tokens(event.get("tokens_evaluated"), event.get("tokens_predicted"))
    if not any("content" in event for event in events):
        raise Refused(Reason.BAD_JSON)
    return answer


def from_tgi(events: Sequence[Event]) -> Answer:
    """Pieces as `token.text`, special ones apart; the last event, or the only one, has the whole `generated_text`."""
    answer = Answer()
    tokens = [mapping(event.get("token")) for event in events]
    _spoken(answer, ["" if token.get("special") else text(token.get("text")) for token in tokens])
    for event in events:
        if isinstance(whole := event.get("generated_text"), str):
            answer.texts = [whole]
            details = mapping(event.get("details"))
            answer.finish(details.get("finish_reason"))
            answer.usage = _tokens(details.get("input_length"), details.get("generated_tokens"))
    if not any("token" in event or "generated_text" in event for event in events):
        raise Refused(Reason.BAD_JSON)
    return answer


def from_sglang(events: Sequence[Event]) -> Answer:
    """Each event has the whole `text` so far, and `meta_info` with counts."""
    answer = Answer()
    before = ""
    for event in events:
        said = text(event.get("text"))
        answer.note(spoke=said != before)
        before = said
    last = events[-1]
    if "text" not in last:
        raise Refused(Reason.BAD_JSON)
    told = mapping(last.get("meta_info"))
    answer.texts, answer.id = [before], told.get("id")
    answer.finish(mapping(told.get("finish_reason")).get("type"))
    answer.usage = _tokens(told.get("prompt_tokens"), told.get("completion_tokens"), told.get("cached_tokens"))
    return answer


def from_anthropic(events: Sequence[Event]) -> Answer:
    """One message; or `message_start` with its head, deltas of its blocks, `message_delta` with reason and counts."""
    answer = Answer()
    used: dict[str, Any] = {}
    pieces: list[str] = []
    for event in events:
        message = mapping(event.get("message")) or (event if "content" in event else {})
        delta = mapping(event.get("delta"))
        blocks = [*objects(message.get("content")), *objects([event.get("content_block"), delta])]
        pieces.append("".join(text(block.get("text")) for block in blocks))
        answer.tool_calls += sum(block.get("type") == "tool_use" for block in blocks)
        answer.note(
            spoke=any(block.get("text") or block.get("thinking") or "partial_json" in block for block in blocks)
        )
        answer.model, answer.id = answer.model or message.get("model"), answer.id or message.get("id")
        answer.finish(message.get("stop_reason") or delta.get("stop_reason"))
        used.update(mapping(message.get("usage")), **mapping(event.get("usage")))
    if not answer.model and not answer.pieces:
        raise Refused(Reason.BAD_JSON)
    answer.texts = ["".join(pieces)]
    answer.usage = _anthropic_tokens(used)
    return answer


def _anthropic_tokens(used: Event) -> Event:
    """Anthropic counts what came from the cache, and what went into it, apart from the other input tokens."""
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    plain, created, cached = (count(used.get(name)) for name in names)
    read = None if plain is None else plain + (created or 0) + (cached or 0)
    return _tokens(read, used.get("output_tokens"), cached)


def _spoken(answer: Answer, pieces: Sequence[str]) -> None:
    for piece in pieces:
        answer.note(spoke=bool(piece))
    answer.texts = ["".join(pieces)]


def _tokens(read: object, written: object, cached: object = None) -> Event:
    """Counts under the names that `answers.usage` knows; `read` includes cached tokens, as OpenTelemetry has it."""
    return {"input_tokens": read, "output_tokens": written, "input_tokens_details": {"cached_tokens": cached}}
