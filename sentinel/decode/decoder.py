"""The entry: which protocol an exchange speaks, and that nothing but an answer ever comes out.

Protocol, in order: the operator's word, the path, the content. No exception passes `decode`.
"""

from collections.abc import Callable, Mapping

from sentinel.decode import (
    bodies,
    cloudevents,
    delimited,
    grpc_frames,
    invocations,
    openai,
    plain,
    raw,
    rerank,
    seldon,
    text_servers,
    tfserving_grpc,
    v1,
    v2,
    v2_grpc,
)
from sentinel.decode.call import Call, configured_version
from sentinel.decode.options import DEFAULT, DecodeOptions
from sentinel.decode.paths import Route, route
from sentinel.decode.reasons import NOT_BLINDNESS, Reason, Refused
from sentinel.decode.rows import Decoded, Undecodable
from sentinel.traffic import Exchange, Message

Decoder = Callable[[Call], Decoded]

DECODERS: Mapping[str, Decoder] = {
    "v2": v2.decode,
    "v2_grpc": v2_grpc.decode,
    "v2_grpc_stream": v2_grpc.stream,
    "v1": v1.decode,
    "tfserving_grpc_predict": tfserving_grpc.predict,
    "tfserving_grpc_classify": tfserving_grpc.classify,
    "tfserving_grpc_regress": tfserving_grpc.regress,
    "openai_chat": openai.chat,
    "openai_completions": openai.completions,
    "openai_responses": openai.responses,
    "openai_embeddings": openai.embeddings,
    "ollama_chat": text_servers.ollama_chat,
    "ollama_generate": text_servers.ollama_generate,
    "anthropic_messages": text_servers.anthropic_messages,
    "llamacpp_completion": text_servers.llamacpp_completion,
    "generate": text_servers.generate,
    "rerank": rerank.rerank,
    "score": rerank.score,
    "invocations": invocations.decode,
    "seldon": seldon.decode,
    "torchserve": raw.torchserve,
    "raw": raw.decode,
    "plain": plain.decode,
}
"""Names that `DecodeOptions.protocol` takes, besides auto."""

STREAMED = frozenset({"v2_grpc_stream"})
"""Decoders of gRPC calls with any number of messages each way; they take the messages apart themselves."""

GENERATIVE = (
    openai.chat,
    openai.completions,
    openai.responses,
    text_servers.ollama_chat,
    text_servers.ollama_generate,
    text_servers.anthropic_messages,
    text_servers.llamacpp_completion,
    text_servers.generate,
)
"""Decoders that make something of an answer that was broken off."""

TOLD_BY_KEYS = (("v2", (b'"datatype"', b'"inputs"')), ("score", (b'"text_1"', b'"text_2"')))
"""Protocols told by keys of a JSON body."""

RAW_TYPES = ("image/", "text/plain", "multipart/form-data")
"""Bodies of these types, on a path that tells no protocol, are one value each."""


def decode(exchange: Exchange, options: DecodeOptions = DEFAULT) -> Decoded | Undecodable:
    """Rows of an exchange, or the reason why it gave none. Never raises; time and memory are bounded by the bodies."""
    said = route(exchange.method, exchange.path)
    try:
        return _decoded(exchange, options, said)
    except Refused as refusal:
        reason = refusal.reason
    except Exception:  # noqa: BLE001 - hostile bytes must never stop the observer; the counter tells of our error
        reason = Reason.INTERNAL_ERROR
    version = configured_version(exchange, options) or said.version
    return Undecodable(reason.value, reason not in NOT_BLINDNESS, said.model, version)


def _decoded(exchange: Exchange, options: DecodeOptions, said: Route) -> Decoded:
    if not said.inference:
        raise Refused(Reason.NOT_INFERENCE)
    answered = _has_answer(exchange)
    if exchange.request.truncated or (answered and exchange.response.truncated):
        raise Refused(Reason.BODY_TOO_LARGE)
    opened = _message if exchange.protocol == "grpc" and said.protocol not in STREAMED else _body
    limit = options.max_decompressed_bytes
    request = opened(exchange.request, limit)
    response = opened(exchange.response, limit) if answered else None
    call = Call(exchange, options, request, response, said.model, said.version)
    decoder = _decoder(call, said)
    if exchange.aborted and decoder not in GENERATIVE:
        raise Refused(Reason.INCOMPLETE)
    return decoder(call)


def _body(message: Message, limit: int) -> bytes:
    return cloudevents.unwrapped(message.headers, bodies.undo(message.headers, message.body, limit))


def _message(message: Message, limit: int) -> bytes:
    return grpc_frames.only_message(message.headers, message.body, limit)


def _has_answer(exchange: Exchange) -> bool:
    """Whether predictions can be read. Refused: error_response, no_response; pushed copies may lack the answer."""
    if exchange.status == 0:
        if exchange.protocol == "push":
            return False
        raise Refused(Reason.NO_RESPONSE)
    if not 200 <= exchange.status < 300 or exchange.grpc_status:
        raise Refused(Reason.ERROR_RESPONSE)
    return True


def _decoder(call: Call, said: Route) -> Decoder:
    """The decoder for a call. Refused: unknown_protocol."""
    options = call.options
    name = options.protocol
    if name == "auto":
        pointed = options.rows_pointer or options.predictions_pointer
        name = "plain" if pointed else said.protocol or told_by_content(call)
    if name not in DECODERS:
        raise Refused(Reason.UNKNOWN_PROTOCOL)
    return DECODERS[name]


def told_by_content(call: Call) -> str:
    """The protocol that headers and the first bytes tell, "" if none."""
    if call.exchange.protocol == "grpc":
        return ""
    media_type = call.header("content-type").lower()
    if media_type.startswith((*delimited.CSV_TYPES, *delimited.JSON_LINES_TYPES)):
        return "invocations"
    start = call.request[:1].strip() or call.request.lstrip()[:1]
    if start in (b"{", b"["):
        return next((name for name, keys in TOLD_BY_KEYS if all(key in call.request for key in keys)), "plain")
    return "raw" if media_type.startswith(RAW_TYPES) else ""
