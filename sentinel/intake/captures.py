"""Capture logs of serving platforms as exchanges: JSON documents in, exchanges out. Pure; the caller reads the files.

kserve      CloudEvents in structured form, a request and its answer joined by id (also Seldon's payload logger)
sagemaker   data capture of an endpoint: one event a line, bodies as CSV, JSON or base64
triton      Triton's own trace (`--trace-config triton,…`, level TENSORS): activities of numbered traces
exchanges   `{"request": …, "response": …}` a line, as POST /v1/events takes them; V2 bodies of MLServer go here

Which of them a document belongs to is told from its keys. A document that cannot be used raises BadEvent.
"""

import base64
import binascii
import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sentinel.intake.events import BadEvent, Joiner, line_exchange, seconds_of, structured_event, unanswered
from sentinel.traffic.exchange import Exchange, Message

NANOSECONDS = 1e9
_INPUT, _OUTPUT = "TENSOR_QUEUE_INPUT", "TENSOR_BACKEND_OUTPUT"
_WHOLE, _REAL = ("INT", "UINT"), ("FP", "BF")


def kind_of(document: Any) -> str:
    """The format that a document belongs to: one of the four, or "rows" for a flat object of named values."""
    if not isinstance(document, dict):
        raise BadEvent(f"{str(document)[:40]!r} is no JSON object; captures and rows are objects")
    if "captureData" in document:
        return "sagemaker"
    if "specversion" in document:
        return "kserve"
    if "request" in document and isinstance(document["request"], dict | list | str):
        return "exchanges"
    if "id" in document and document.keys() & {"timestamps", "activity", "model_name"}:
        return "triton"
    return "rows"


@dataclass(slots=True)
class Captures:
    """Takes documents of one format, one after the other; exchanges come when they are complete."""

    kind: str
    unanswered_requests: int = 0
    lonely_answers: int = 0
    _joiner: Joiner = field(default_factory=Joiner)
    _traces: dict[int, "_Trace"] = field(default_factory=dict)

    def take(self, document: Any) -> Iterator[Exchange]:
        """Exchanges that are complete with this document. Raises BadEvent."""
        if self.kind == "sagemaker":
            yield _sagemaker(document)
        elif self.kind == "exchanges":
            yield line_exchange(document, 0.0)
        elif self.kind == "kserve":
            yield from self._event(document)
        else:
            yield from self._activity(document)

    def rest(self) -> Iterator[Exchange]:
        """What is still incomplete at the end: requests without an answer, traces without their end."""
        yield from self._expired(float("inf"))
        for trace in self._traces.values():
            if trace.inputs:
                yield trace.exchange()
        self._traces.clear()

    def _event(self, document: Any) -> Iterator[Exchange]:
        event = structured_event(document, 0.0)
        done = self._joiner.add(event, event.at)
        yield from self._expired(event.at)
        if done is not None:
            yield done

    def _expired(self, now: float) -> Iterator[Exchange]:
        for event in self._joiner.expired(now):
            if event.is_request:
                self.unanswered_requests += 1
                yield unanswered(event)
            else:
                self.lonely_answers += 1

    def _activity(self, document: Mapping[str, Any]) -> Iterator[Exchange]:
        try:
            number = int(document["id"])
            if document.get("parent_id"):  # a step of an ensemble: its parent is the request
                return
            trace = self._traces.setdefault(number, _Trace())
            trace.take(document)
        except (KeyError, TypeError, ValueError) as error:
            raise BadEvent(f"an activity of a Triton trace does not fit together: {error}") from error
        if trace.ended and trace.inputs:
            del self._traces[number]
            yield trace.exchange()


def _sagemaker(document: Mapping[str, Any]) -> Exchange:
    captured, about = document.get("captureData"), document.get("eventMetadata")
    if not isinstance(captured, dict) or not isinstance(about, dict):
        raise BadEvent("an event of SageMaker's data capture has captureData and eventMetadata")
    request, response = (_side(captured.get(name)) for name in ("endpointInput", "endpointOutput"))
    if request is None:
        raise BadEvent("an event without endpointInput cannot be analysed: capture Input as well as Output")
    headers = {"x-request-id": str(about.get("eventId", "")), **request.headers}
    if about.get("inferenceId"):
        headers["x-request-id"] = str(about["inferenceId"])
    return Exchange(
        protocol="push",
        method="POST",
        target="/invocations",
        status=200 if response is not None else 0,
        request=Message(headers, request.body),
        response=response or Message(),
        started_at=seconds_of(about.get("inferenceTime", ""), 0.0),
        duration_seconds=0.0,
        first_byte_seconds=0.0,
    )


def _side(captured: Any) -> Message | None:
    if not isinstance(captured, dict) or captured.get("data") is None:
        return None
    data = captured["data"]
    body = data.encode() if isinstance(data, str) else json.dumps(data).encode()
    if captured.get("encoding") == "BASE64":
        try:
            body = base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadEvent("data of SageMaker's data capture is not base64, as its encoding says") from error
    return Message({"content-type": str(captured.get("observedContentType", ""))}, body)


@dataclass(slots=True)
class _Trace:
    """One traced request of Triton, growing."""

    model: str = ""
    version: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    started_ns: int = 0
    ended_ns: int = 0
    ended: bool = False

    def take(self, document: Mapping[str, Any]) -> None:
        if "model_name" in document:
            self.model, self.version = str(document["model_name"]), str(document.get("model_version", ""))
        for stamp in document.get("timestamps", ()):
            self._stamp(stamp["name"], int(stamp["ns"]))
        side = {_INPUT: self.inputs, _OUTPUT: self.outputs}.get(document.get("activity", ""))
        if side is not None:
            tensor = _tensor(document["tensor"])
            side[tensor["name"]] = tensor

    def _stamp(self, name: str, ns: int) -> None:
        self.started_ns = min(self.started_ns or ns, ns)
        self.ended_ns = max(self.ended_ns, ns)
        self.ended = self.ended or name == "REQUEST_END"

    def exchange(self) -> Exchange:
        json_type = {"content-type": "application/json"}
        answer = {"model_name": self.model, "model_version": self.version, "outputs": list(self.outputs.values())}
        seconds = (self.ended_ns - self.started_ns) / NANOSECONDS
        return Exchange(
            protocol="push",
            method="POST",
            target=f"/v2/models/{self.model}/infer",
            status=200 if self.outputs else 0,
            request=Message(json_type, json.dumps({"inputs": list(self.inputs.values())}).encode()),
            response=Message(json_type, json.dumps(answer).encode()) if self.outputs else Message(),
            started_at=self.started_ns / NANOSECONDS,
            duration_seconds=seconds,
            first_byte_seconds=seconds,
        )


def _tensor(said: Mapping[str, Any]) -> dict[str, Any]:
    """A V2 tensor from Triton's: data and shape are texts with commas."""
    kind = str(said.get("dtype", ""))
    texts = next(csv.reader([str(said["data"])]), [])
    data: list[Any] = texts
    if kind.startswith(_WHOLE):
        data = [int(text) for text in texts]
    elif kind.startswith(_REAL):
        data = [float(text) for text in texts]
    elif kind == "BOOL":
        data = [text.lower() in ("1", "true") for text in texts]
    shape = [int(part) for part in str(said["shape"]).split(",")] if said.get("shape") else [len(data)]
    return {"name": str(said["name"]), "datatype": kind, "shape": shape, "data": data}
