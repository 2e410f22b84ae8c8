"""Calls of a V2 server by NVIDIA's clients: `python ask_v2.py HOST:PORT GRPC_HOST:PORT OUTPUT [binary] [stream]`."""

import json
import queue
import sys

import numpy as np
import tritonclient.grpc
import tritonclient.http
from model import rows

http_address, grpc_address, output = sys.argv[1:4]
binary, stream = "binary" in sys.argv[4:], "stream" in sys.argv[4:]


def told(case: str, values: object) -> None:
    labels = [str(int(value)) for value in np.asarray(values).ravel()]
    print(json.dumps({"case": case, "rows": len(labels), "column": output, "values": labels}))


def question(library: object, **how: bool) -> dict:
    given = library.InferInput("x", [4, 4], "FP32")
    given.set_data_from_numpy(rows(), **how)
    return {"model_name": "iris", "inputs": [given], "outputs": [library.InferRequestedOutput(output, **how)]}


def asked(library: object, client: object, **how: bool) -> np.ndarray:
    return client.infer(**question(library, **how), request_id="r-1").as_numpy(output)


def asked_in_a_stream(client: tritonclient.grpc.InferenceServerClient) -> np.ndarray:
    """Two requests over one stream; answers are put in the order of the requests."""
    heard: queue.SimpleQueue = queue.SimpleQueue()
    client.start_stream(callback=lambda result, error: heard.put(error or result))
    for name in ("s-1", "s-2"):
        client.async_stream_infer(**question(tritonclient.grpc), request_id=name)
    answers = {answer.get_response().id: answer.as_numpy(output) for answer in (heard.get(), heard.get())}
    client.stop_stream()
    return np.concatenate([answers["s-1"], answers["s-2"]])


http = tritonclient.http.InferenceServerClient(http_address)
told("REST, JSON tensors", asked(tritonclient.http, http, binary_data=False))
if binary:
    told("REST, binary tensors both ways", asked(tritonclient.http, http, binary_data=True))
grpc = tritonclient.grpc.InferenceServerClient(grpc_address)
told("gRPC, raw contents", asked(tritonclient.grpc, grpc))
if stream:
    told("gRPC, a stream of two requests", asked_in_a_stream(grpc))
