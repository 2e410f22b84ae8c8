"""The same exchanges as each platform writes them down, after the platforms' documentation (docs/replay.md)."""

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from sentinel.traffic import Exchange

Documents = Iterator[dict[str, Any]]


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def lines(exchanges: Iterable[Exchange]) -> Documents:
    """As POST /v1/events takes them; MLServer's V2 bodies."""
    for exchange in exchanges:
        yield {
            "path": exchange.target,
            "time": exchange.started_at,
            "duration_seconds": exchange.duration_seconds,
            "request": json.loads(exchange.request.body),
            "response": json.loads(exchange.response.body),
        }


def kserve(exchanges: Iterable[Exchange]) -> Documents:
    """KServe's logger: two CloudEvents an exchange; the answer of one comes after the request of the next."""
    waiting: dict[str, Any] | None = None
    for number, exchange in enumerate(exchanges):
        common = {
            "specversion": "1.0",
            "id": f"e{number}",
            "source": "http://localhost:9081/",
            "datacontenttype": "application/json",
            "inferenceservicename": "fraud",
        }
        asked, answered = json.loads(exchange.request.body), json.loads(exchange.response.body)
        kind = "org.kubeflow.serving.inference"
        yield {**common, "type": f"{kind}.request", "time": iso(exchange.started_at), "data": asked}
        if waiting is not None:
            yield waiting
        done = exchange.started_at + exchange.duration_seconds
        waiting = {**common, "type": f"{kind}.response", "time": iso(done), "data": answered}
    if waiting is not None:
        yield waiting


def sagemaker(exchanges: Iterable[Exchange]) -> Documents:
    """Data capture with CSV in, base64 of JSON out."""
    for number, exchange in enumerate(exchanges):
        amounts = json.loads(exchange.request.body)["inputs"][0]["data"]
        scores = json.loads(exchange.response.body)["outputs"][0]["data"]
        answer = json.dumps({"predictions": [{"score": score} for score in scores]}).encode()
        yield {
            "captureData": {
                "endpointInput": {
                    "observedContentType": "text/csv",
                    "mode": "INPUT",
                    "data": "\n".join(map(repr, amounts)),
                    "encoding": "CSV",
                },
                "endpointOutput": {
                    "observedContentType": "application/json",
                    "mode": "OUTPUT",
                    "data": base64.b64encode(answer).decode(),
                    "encoding": "BASE64",
                },
            },
            "eventMetadata": {"eventId": f"e{number}", "inferenceTime": iso(exchange.started_at)},
            "eventVersion": "0",
        }


def triton(exchanges: Iterable[Exchange]) -> Documents:
    """Triton's trace at level TIMESTAMPS and TENSORS; each exchange also has a step of an ensemble, to be left out."""
    for number, exchange in enumerate(exchanges, 1):
        asked, answered = json.loads(exchange.request.body), json.loads(exchange.response.body)
        start = round(exchange.started_at * 1e9)
        yield {"id": number, "model_name": "fraud", "model_version": int(answered["model_version"])}
        yield {"id": number, "timestamps": [{"name": "REQUEST_START", "ns": start}]}
        yield {"id": number, "activity": "TENSOR_QUEUE_INPUT", "tensor": traced(asked["inputs"][0])}
        yield {"id": 10**6 + number, "model_name": "step", "model_version": 1, "parent_id": number}
        yield {"id": number, "activity": "TENSOR_BACKEND_OUTPUT", "tensor": traced(answered["outputs"][0])}
        end = round((exchange.started_at + exchange.duration_seconds) * 1e9)
        yield {"id": number, "timestamps": [{"name": "REQUEST_END", "ns": end}]}


def traced(tensor: dict[str, Any]) -> dict[str, str]:
    data = ",".join(map(repr, tensor["data"]))
    shape = ",".join(map(str, tensor["shape"]))
    return {"name": tensor["name"], "data": data, "shape": shape, "dtype": tensor["datatype"]}
