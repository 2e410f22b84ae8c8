"""A small image classifier in ONNX, run by onnxruntime behind the V2 protocol (binary tensors) over TCP."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SIDE, CHANNELS, CLASSES = 224, 3, 4
HEAD = "inference-header-content-length"


def network() -> bytes:
    """Two convolutions, global mean, a linear layer, softmax; weights drawn from a seed. uint8 pixels in, NHWC."""
    draw = np.random.default_rng(7)
    weights = {
        "first": draw.normal(0, 0.2, (8, CHANNELS, 7, 7)),
        "second": draw.normal(0, 0.2, (16, 8, 3, 3)),
        "linear": draw.normal(0, 1.0, (16, CLASSES)),
        "scale": np.array(1 / 255),
    }
    nodes = [
        helper.make_node("Cast", ["photo"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["numbers", "scale"], ["scaled"]),
        helper.make_node("Transpose", ["scaled"], ["nchw"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["nchw", "first"], ["a"], strides=[4, 4]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "second"], ["c"], strides=[2, 2]),
        helper.make_node("Relu", ["c"], ["d"]),
        helper.make_node("GlobalAveragePool", ["d"], ["e"]),
        helper.make_node("Flatten", ["e"], ["f"]),
        helper.make_node("MatMul", ["f", "linear"], ["g"]),
        helper.make_node("Softmax", ["g"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "cameras",
        [helper.make_tensor_value_info("photo", TensorProto.UINT8, ["rows", SIDE, SIDE, CHANNELS])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["rows", CLASSES])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


class Classifier:
    """Probabilities [rows, CLASSES] of pictures [rows, 224, 224, 3], uint8."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(network(), options, providers=["CPUExecutionProvider"])

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        (scores,) = self._session.run(None, {"photo": pictures})
        return np.asarray(scores)


def asked(pictures: np.ndarray) -> tuple[bytes, dict[str, str]]:
    """Body and headers of an inference request."""
    raw = pictures.tobytes()
    size = {"binary_data_size": len(raw)}
    tensor = {"name": "photo", "shape": list(pictures.shape), "datatype": "UINT8", "parameters": size}
    head = json.dumps({"inputs": [tensor]}).encode()
    return head + raw, {HEAD: str(len(head)), "content-type": "application/octet-stream"}


def answered(scores: np.ndarray) -> bytes:
    flat = [float(score) for score in scores.reshape(-1)]
    output = {"name": "scores", "shape": list(scores.shape), "datatype": "FP32", "data": flat}
    return json.dumps({"model_name": "cameras", "model_version": "1", "outputs": [output]}).encode()


@contextmanager
def onnx_server() -> Iterator[str]:
    """host:port of a server while the block runs."""
    classify = Classifier()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            start = int(self.headers[HEAD])
            shape = json.loads(body[:start])["inputs"][0]["shape"]
            answer = answered(classify(np.frombuffer(body[start:], dtype=np.uint8).reshape(shape)))
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
