"""Language-model servers that speak an API of their own: Ollama, Anthropic's messages (vLLM and llama.cpp have it too),
llama.cpp, Text Generation Inference and SGLang; plain or streamed. One call is one row.
"""

from collections.abc import Mapping
from typing import Any

from sentinel.decode import generative, openai, own_answers, plain
from sentinel.decode.call import Call
from sentinel.decode.loosely import mapping
from sentinel.decode.rows import Decoded
from sentinel.decode.tables import Table


def ollama_chat(call: Call) -> Decoded:
    """One call of Ollama's `/api/chat`."""
    return _chat(call, own_answers.from_ollama)


def anthropic_messages(call: Call) -> Decoded:
    """One call of `/v1/messages`."""
    return _chat(call, own_answers.from_anthropic)


def ollama_generate(call: Call) -> Decoded:
    """One call of Ollama's `/api/generate`."""
    return _completion(call, own_answers.from_ollama)


def llamacpp_completion(call: Call) -> Decoded:
    """One call of llama.cpp's `/completion`."""
    return _completion(call, own_answers.from_llamacpp)


def generate(call: Call) -> Decoded:
    """One call of a `/generate`: Text Generation Inference asks with `inputs`, SGLang with `text`.

    Other servers use that path for shapes of their own; these are read as plain JSON.
    """
    asked = generative.request(call)
    if isinstance(asked.get("inputs"), str):
        return _texted(call, asked["inputs"], mapping(asked.get("parameters")), own_answers.from_tgi)
    if isinstance(asked.get("text"), str) and "sampling_params" in asked:
        return _texted(call, asked["text"], mapping(asked.get("sampling_params")), own_answers.from_sglang)
    return plain.decode(call)


def _chat(call: Call, read: generative.Reader) -> Decoded:
    asked = generative.request(call)
    return generative.answered(call, asked.get("model"), generative.conversation(asked), "chat", read)


def _completion(call: Call, read: generative.Reader) -> Decoded:
    asked = generative.request(call)
    return generative.answered(call, asked.get("model"), openai.prompted(call, asked), "text_completion", read)


def _texted(call: Call, prompt: str, settings: Mapping[str, Any], read: generative.Reader) -> Decoded:
    table = Table(1, {"prompt": [prompt], **generative.parameters(settings)})
    return generative.answered(call, "", table, "text_completion", read)
