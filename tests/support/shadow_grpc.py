"""A gRPC model server with the inference services of Triton and of TensorFlow Serving, and calls as exchanges."""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import grpc

from sentinel.decode.protos import message_class, read
from sentinel.shadow.asking import MARK
from sentinel.traffic import Exchange
from tests.support.decode_grpc import PREDICT, V2, V2_STREAM, message
from tests.support.decode_wire import framed
from tests.support.decode_wire import grpc as grpc_exchange

RAW = {"request_deserializer": bytes, "response_serializer": bytes}
Answer = Callable[[float], float]


def asked(value: float, padding: bytes = b"") -> bytes:
    """A ModelInfer request of one row."""
    inputs = [{"name": "x", "datatype": "FP32", "shape": [1, 1], "contents": {"fp32_contents": [value]}}]
    if padding:
        inputs.append({"name": "p", "datatype": "BYTES", "shape": [1, 1], "contents": {"bytes_contents": [padding]}})
    return message("ModelInferRequest", model_name="m", inputs=inputs)


def said(value: float) -> bytes:
    tensor = {"name": "y", "datatype": "FP32", "shape": [1, 1], "contents": {"fp32_contents": [value]}}
    return message("ModelInferResponse", model_name="m", model_version="7", outputs=[tensor])


def streamed(value: float) -> bytes:
    return message(
        "ModelStreamInferResponse", infer_response=message_class("ModelInferResponse").FromString(said(value))
    )


def _tensor(value: float) -> dict[str, Any]:
    return {"dtype": 1, "tensor_shape": {"dim": [{"size": 1}]}, "float_val": [value]}


def predict_asked(value: float) -> bytes:
    return message("PredictRequest", model_spec={"name": "m"}, inputs={"x": _tensor(value)})


def predict_said(value: float) -> bytes:
    return message("PredictResponse", model_spec={"name": "m"}, outputs={"y": _tensor(value)})


def infer(value: float, **changes: Any) -> Exchange:
    """A ModelInfer call that was answered with the value it asked about."""
    return grpc_exchange(V2, asked(value), said(value), chunk_seconds=(0.01,), **changes)


def infer_stream(values: list[float]) -> Exchange:
    """A ModelStreamInfer call, each of its requests answered likewise."""
    call = grpc_exchange(V2_STREAM, b"", b"")
    request = replace(call.request, body=b"".join(framed(asked(value)) for value in values))
    response = replace(call.response, body=b"".join(framed(streamed(value)) for value in values))
    return replace(call, request=request, response=response)


def predict(value: float) -> Exchange:
    """A TensorFlow Serving Predict call likewise."""
    return grpc_exchange(PREDICT, predict_asked(value), predict_said(value))


@dataclass
class Service(grpc.GenericRpcHandler):  # type: ignore[misc]
    """answer: value of the row -> prediction, or raises grpc.RpcError by aborting. seen: metadata of the calls."""

    answer: Answer
    seen: list[dict[str, str]] = field(default_factory=list)

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        self.seen.append({name: str(value) for name, value in call.invocation_metadata})
        handlers = {
            V2: grpc.unary_unary_rpc_method_handler(self._infer, **RAW),
            V2_STREAM: grpc.stream_stream_rpc_method_handler(self._stream, **RAW),
            PREDICT: grpc.unary_unary_rpc_method_handler(self._predict, **RAW),
        }
        return handlers.get(call.method)

    def _value(self, request: bytes) -> float:
        return float(read("ModelInferRequest", request).inputs[0].contents.fp32_contents[0])

    def _infer(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        return said(self.answer(self._value(request)))

    def _stream(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        return (streamed(self.answer(self._value(request))) for request in requests)

    def _predict(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        return predict_said(self.answer(float(read("PredictRequest", request).inputs["x"].float_val[0])))

    @property
    def mirrored(self) -> int:
        return sum(metadata.get(MARK) == "1" for metadata in self.seen)


@contextlib.contextmanager
def grpc_server(
    answer: Answer, credentials: grpc.ServerCredentials | None = None, port: int = 0
) -> Iterator[tuple[str, Service]]:
    """Its host:port on loopback, and the service. port: 0 takes a free one."""
    service = Service(answer)
    server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.max_receive_message_length", -1)])
    server.add_generic_rpc_handlers((service,))
    bind = f"127.0.0.1:{port}"
    port = server.add_secure_port(bind, credentials) if credentials else server.add_insecure_port(bind)
    server.start()
    try:
        yield f"127.0.0.1:{port}", service
    finally:
        server.stop(0).wait(10)
