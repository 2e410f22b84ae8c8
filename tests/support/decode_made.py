"""Exchanges of protocols that have no recording here, made from the protocols' documents."""

import json

from sentinel.traffic import Exchange
from tests.support.decode_grpc import CLASSIFY, REGRESS, V2_STREAM, message
from tests.support.decode_wire import grpc, made, posted

_EXAMPLE = {
    "features": {"feature": {"age": {"int64_list": {"value": [41]}}, "v": {"float_list": {"value": [1.5, 2.5]}}}}
}
_EXAMPLES = message("ExamplesRequest", model_spec={"name": "m"}, input={"example_list": {"examples": [_EXAMPLE] * 2}})
_TENSOR = {"name": "x", "datatype": "INT64", "shape": [1]}
_CLASSES = {"classes": [{"label": "cat", "score": 0.25}, {"label": "dog", "score": 0.75}]}


def made_exchanges() -> dict[str, Exchange]:
    """protocol/case -> exchange."""
    return {
        "mlflow/split": posted(
            "/invocations",
            {"dataframe_split": {"columns": ["age", "country"], "data": [[41, "NZ"], [37, "AU"]]}},
            {"predictions": [0.5, 0.25]},
        ),
        "sagemaker/csv": _typed("/invocations", b"41,NZ\n37,AU\n", b"0.5\n0.25\n", "text/csv"),
        "sagemaker/jsonlines": _typed(
            "/invocations", b'{"features": [1, 2]}\n{"features": [3, 4]}\n', b"[0.5]\n[0.25]\n", "application/jsonlines"
        ),
        "cloudevents/structured": _typed(
            "/v1/models/m:predict",
            b'{"specversion": "1.0", "data": {"instances": [[1, 2]]}}',
            b'{"specversion": "1.0", "data": {"predictions": [1]}}',
            "application/cloudevents+json",
        ),
        "torchserve/form": made(
            "POST",
            "/predictions/m",
            b'--XX\r\nContent-Disposition: form-data; name="data"\r\n\r\nsome text\r\n--XX--\r\n',
            b'{"cat": 0.75, "dog": 0.25}',
            request_headers={"content-type": "multipart/form-data; boundary=XX"},
        ),
        "openai/responses": posted(
            "/v1/responses",
            {"model": "m", "input": "hi"},
            {
                "status": "completed",
                "output": [{"type": "message", "content": [{"type": "output_text", "text": "hello"}]}],
            },
        ),
        "rerank/documents": posted(
            "/v1/rerank",
            {"model": "m", "query": "q", "documents": ["a", {"text": "b"}, "c"], "top_n": 2},
            {"results": [{"index": 2, "relevance_score": 0.75}, {"index": 0, "relevance_score": 0.25}]},
        ),
        "rerank/pairs": posted(
            "/score", {"text_1": "q", "text_2": ["a", "b"]}, {"data": [{"index": 0, "score": 0.5}, {"score": 0.25}]}
        ),
        "openai/embeddings": posted(
            "/v1/embeddings",
            {"model": "m", "input": ["a", "b"]},
            {"data": [{"embedding": [1.5, 2]}, {"embedding": [3, 4]}]},
        ),
        "openai/stream": made(
            "POST",
            "/v1/chat/completions",
            json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode(),
            b'data: {"choices": [{"delta": {"content": "he"}}]}\n\n'
            b'data: {"choices": [{"delta": {"content": "llo"}}]}\n\n',
            response_headers={"content-type": "text/event-stream"},
        ),
        "ollama/chat": _typed(
            "/api/chat",
            b'{"model": "m", "messages": [{"role": "user", "content": "hi"}]}',
            b'{"message": {"content": "he"}}\n{"message": {"content": "llo"}, "done": true, "eval_count": 2}\n',
            "application/x-ndjson",
        ),
        "anthropic/messages": posted(
            "/v1/messages",
            {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]},
            {"id": "msg", "model": "m", "content": [{"type": "text", "text": "hello"}], "stop_reason": "end_turn"},
        ),
        "llamacpp/completion": posted("/completion", {"prompt": "hi"}, {"content": "hello", "stop": True}),
        "tgi/generate": posted("/generate", {"inputs": "hi"}, {"generated_text": "hello"}),
        "sglang/generate": posted("/generate", {"text": "hi", "sampling_params": {}}, {"text": "hello"}),
        "triton/stream": grpc(
            V2_STREAM,
            message("ModelInferRequest", inputs=[{**_TENSOR, "contents": {"int64_contents": [1]}}]),
            message(
                "ModelStreamInferResponse",
                infer_response={"outputs": [{**_TENSOR, "contents": {"int64_contents": [2]}}]},
            ),
        ),
        "seldon/ndarray": posted(
            "/api/v1.0/predictions",
            {"data": {"names": ["a", "b"], "ndarray": [[1, 2], [3, 4]]}},
            {"data": {"names": ["t:0"], "ndarray": [[0.5], [1.5]]}},
        ),
        "tfserving/classify": grpc(
            CLASSIFY, _EXAMPLES, message("ClassificationResponse", result={"classifications": [_CLASSES] * 2})
        ),
        "tfserving/regress": grpc(
            REGRESS, _EXAMPLES, message("RegressionResponse", result={"regressions": [{"value": 0.5}, {"value": 1.5}]})
        ),
    }


def _typed(path: str, request: bytes, response: bytes, content_type: str) -> Exchange:
    headers = {"content-type": content_type}
    return made("POST", path, request, response, request_headers=headers, response_headers=headers)
