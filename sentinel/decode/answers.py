"""Answers of generative models, put together from one JSON object or from the events of a stream: what they have in
common, and OpenAI's. Knows no request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sentinel.decode.call import name_text
from sentinel.decode.loosely import mapping, objects, text
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.sse import Stream
from sentinel.decode.told import server_times
from sentinel.decode.usage import MAX_FINISH_REASON_CHARACTERS, LlmUsage, count, piece_times
from sentinel.traffic import Exchange

Event = Mapping[str, Any]


@dataclass(slots=True)
class Answer:
    """What the answer to one call said, plain or put together from its events.

    events, pieces: how many there were, and how many carried a piece of it. first, last: number of the first such
    event; of the last, or of the one that gave the reason for the end. end: the last JSON object of the answer.
    """

    texts: list[str] = field(default_factory=list)
    finish_reasons: list[str] = field(default_factory=list)
    tool_calls: int = 0
    model: object = ""
    id: object = ""
    usage: Mapping[str, Any] = field(default_factory=dict)
    events: int = 0
    pieces: int = 0
    first: int = 0
    last: int = 0
    complete: bool = True
    end: Event = field(default_factory=dict)

    def finish(self, reason: object) -> None:
        """Keep the reason why the answer to a call of one row ended, if it is said."""
        if said := name_text(reason):
            self.finish_reasons = [said[:MAX_FINISH_REASON_CHARACTERS]]
            self.last = max(self.last, self.events - 1)

    def note(self, *, spoke: bool, finished: bool = False) -> None:
        """Count an event, and whether it carried a piece of the answer or said that there are no more."""
        if spoke and not self.pieces:
            self.first = self.events
        if spoke or finished:
            self.last = self.events
        self.pieces += spoke
        self.events += 1


def from_choices(events: Sequence[Event]) -> Answer:
    """Chat completions and completions: choices with a message or text, or, streamed, with deltas of them."""
    answer = Answer()
    texts: dict[int, list[str]] = {}
    reasons: dict[int, str] = {}
    for event in events:
        answer.model, answer.id = answer.model or event.get("model"), answer.id or event.get("id")
        answer.usage = mapping(event.get("usage")) or answer.usage
        spoke = finished = False
        for choice in objects(event.get("choices")):
            index = count(choice.get("index")) or 0
            said = mapping(choice.get("message") or choice.get("delta"))
            piece = choice.get("text") if "text" in choice else said.get("content")
            answer.tool_calls += sum(map(_names_a_function, objects(said.get("tool_calls"))))
            texts.setdefault(index, []).append(text(piece))
            if reason := name_text(choice.get("finish_reason")):
                reasons[index], finished = reason[:MAX_FINISH_REASON_CHARACTERS], True
            spoke = spoke or bool(piece or said.get("tool_calls") or said.get("reasoning_content"))
        answer.note(spoke=spoke, finished=finished)
    if not texts:
        raise Refused(Reason.BAD_JSON)
    answer.texts = ["".join(texts[index]) for index in sorted(texts)]
    answer.finish_reasons = [reasons[index] for index in sorted(reasons)]
    return answer


def _names_a_function(tool_call: Event) -> bool:
    """Of the pieces of a streamed tool call only the first names its function."""
    return bool(mapping(tool_call.get("function")).get("name"))


def from_output(events: Sequence[Event]) -> Answer:
    """The responses API: one response object, or deltas and, in the last event, the response object."""
    answer = Answer()
    pieces: list[str] = []
    whole: Mapping[str, Any] = {}
    for event in events:
        spoke = str(event.get("type", "")).endswith(".delta")
        if spoke:
            pieces.append(text(event.get("delta")))
        answer.note(spoke=spoke)
        whole = mapping(event.get("response")) or (event if "output" in event else whole)
    items = objects(whole.get("output"))
    said = [text(item.get("content")) for item in items if item.get("type") == "message"]
    answer.texts = ["".join(said or pieces)]
    answer.tool_calls = sum(str(item.get("type", "")).endswith("_call") for item in items)
    answer.model, answer.id, answer.usage = whole.get("model"), whole.get("id"), mapping(whole.get("usage"))
    status = name_text(mapping(whole.get("incomplete_details")).get("reason")) or name_text(whole.get("status"))
    answer.finish(status if status != "in_progress" else "")
    if not whole and not pieces:
        raise Refused(Reason.BAD_JSON)
    return answer


def usage(exchange: Exchange, answer: Answer, operation: str, stream: Stream | None) -> LlmUsage:
    """Tokens as the server counts them, else pieces of the stream as an estimate; times as seen outside.

    stream: the events that the answer was put together from; None for one that came whole.
    """
    told = answer.usage
    given = count(told.get("prompt_tokens", told.get("input_tokens")))
    made = count(told.get("completion_tokens", told.get("output_tokens")))
    details = mapping(told.get("prompt_tokens_details") or told.get("input_tokens_details"))
    estimated = made is None and stream is not None
    made = answer.pieces if estimated else made
    first, last = _piece_times(exchange, answer, stream)
    whole = exchange.duration_seconds
    return LlmUsage(
        operation=operation,
        streamed=stream is not None,
        input_tokens=given,
        output_tokens=made,
        cached_tokens=count(details.get("cached_tokens")),
        estimated=estimated,
        finish_reasons=tuple(answer.finish_reasons),
        aborted=exchange.aborted or not answer.complete,
        time_to_first_token_seconds=first,
        time_per_output_token_seconds=(last - first) / (made - 1) if first is not None and made and made > 1 else None,
        output_tokens_per_second=made / whole if made and whole > 0 else None,
        told=server_times(exchange.response.headers, answer.end),
    )


def _piece_times(exchange: Exchange, answer: Answer, stream: Stream | None) -> tuple[float | None, float]:
    """Arrival of the first piece, None where there was none or the answer came whole; and of the last."""
    if stream is None or not answer.pieces:
        return None, 0.0
    return piece_times(exchange, stream.ends[answer.first], stream.ends[answer.last])
