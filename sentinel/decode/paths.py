"""What a request line says: serving protocol, model, version; or that no inference is asked for. Pure tables."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from sentinel.decode.call import name_text

MAX_PATH_CHARACTERS = 2048
"""Longer paths name no model; every pattern below is linear in the path."""

_MODEL = r"(?P<model>[^/:]+)"
_PATTERNS = tuple(
    (protocol, re.compile(pattern))
    for protocol, pattern in (
        ("v2", rf"/v2/models/{_MODEL}(?:/versions/(?P<version>[^/]+))?/infer/?$"),
        ("v1", rf"/v1/models/{_MODEL}(?:/(?:versions|labels)/(?P<version>[^/:]+))?:(?:predict|classify|regress)$"),
        ("plain", rf"/v2/models/{_MODEL}(?:/versions/(?P<version>[^/]+))?/generate(?:_stream)?$"),
        ("openai_chat", r"(?:/openai/deployments/(?P<model>[^/]+))?/chat/completions/?$"),
        ("openai_completions", r"(?:/openai/deployments/(?P<model>[^/]+)|/v1)/completions/?$"),
        ("openai_responses", r"/v1/responses/?$"),
        ("openai_embeddings", r"(?:/openai/deployments/(?P<model>[^/]+)|/v1)/embeddings/?$"),
        ("ollama_chat", r"/api/chat/?$"),
        ("ollama_generate", r"/api/generate/?$"),
        ("anthropic_messages", r"/v1/messages/?$"),
        ("llamacpp_completion", r"^/completion/?$"),
        ("generate", r"^/generate(?:_stream)?/?$"),
        ("seldon", r"(?:/seldon/[^/]+/(?P<model>[^/]+))?/api/v[01]\.[01]/predictions/?$"),
        ("v2_grpc", r"^/inference\.GRPCInferenceService/ModelInfer$"),
        ("v2_grpc_stream", r"^/inference\.GRPCInferenceService/ModelStreamInfer$"),
        ("tfserving_grpc_predict", r"^/tensorflow\.serving\.PredictionService/Predict$"),
        ("tfserving_grpc_classify", r"^/tensorflow\.serving\.PredictionService/Classify$"),
        ("tfserving_grpc_regress", r"^/tensorflow\.serving\.PredictionService/Regress$"),
        ("rerank", r"/rerank/?$"),
        ("invocations", rf"^/models/{_MODEL}/invoke/?$"),
        ("invocations", r"(?:/(?:serving-)?endpoints/(?P<model>[^/]+))?/invocations/?$"),
        ("torchserve", rf"^/predictions/{_MODEL}(?:/(?P<version>[^/]+))?/?$"),
    )
)

_NO_INFERENCE = re.compile(
    r"^/(?:health|healthz|livez|readyz|ready|live|ping|metrics|docs|openapi\.json|info|(?:de)?tokenize)(?:/|$)"
    r"|^/v2(?:/health/.*|/repository/.*|/models/[^/]+(?:/versions/[^/]+)?(?:/ready|/config|/stats|/trace/setting)?)?/?$"
    r"|^/v1/models(?:/[^:]*(?::explain)?)?$"
    r"|^/inference\.GRPCInferenceService/(?!ModelInfer$|ModelStreamInfer$)\w+$"
    r"|^/tensorflow\.serving\.(?:ModelService/\w+|PredictionService/GetModelMetadata)$"
    r"|^/grpc\.(?:health|reflection)\.[\w.]+/\w+$"
)

_ASKING = frozenset({"POST", "PUT"})


@dataclass(frozen=True, slots=True)
class Route:
    """protocol: name of a decoder, "" if the path does not tell. inference: False only where it surely is none."""

    protocol: str = ""
    model: str = ""
    version: str = ""
    inference: bool = True


_UNTOLD = Route()
_SILENT = Route(inference=False)


@lru_cache(maxsize=1024)
def route(method: str, path: str) -> Route:
    """What method and path say. Remembered for the paths seen most recently, at most 1,024 × 2 KB."""
    if method not in _ASKING:
        return _SILENT
    if len(path) > MAX_PATH_CHARACTERS:
        return _UNTOLD
    for protocol, pattern in _PATTERNS:
        if (found := pattern.search(path)) is not None:
            named = found.groupdict()
            return Route(protocol, _name(named.get("model")), _name(named.get("version")))
    return _SILENT if _NO_INFERENCE.search(path) else _UNTOLD


def identify(method: str, path: str) -> tuple[str, str] | None:
    """(model, version) that the path of an inference request names, either "" if unnamed; None if it names no model."""
    found = route(method, path.split("?", 1)[0])
    return (found.model, found.version) if found.inference and found.model else None


def _name(text: str | None) -> str:
    return name_text(unquote(text)) if text else ""
