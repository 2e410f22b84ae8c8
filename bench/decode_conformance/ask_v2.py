"""Calls of a V2 server by NVIDIA's own clients: `python ask_v2.py HOST:PORT GRPC_HOST:PORT OUTPUT [binary]`."""

import json
import sys

import numpy as np
import tritonclient.grpc
import tritonclient.http
from model import rows

http_address, grpc_address, output = sys.argv[1:4]
binary = "binary" in sys.argv[4:]


def told(case: str, values: object) -> None:
    labels = [str(int(value)) for value in np.asarray(values).ravel()]
    print(json.dumps({"case": case, "rows": 4, "column": output, "values": labels}))


def asked(library: object, client: object, **how: bool) -> np.ndarray:
    given = library.InferInput("x", [4, 4], "FP32")
    given.set_data_from_numpy(rows(), **how)
    wanted = [library.InferRequestedOutput(output, **how)]
    return client.infer("iris", [given], outputs=wanted, request_id="r-1").as_numpy(output)


http = tritonclient.http.InferenceServerClient(http_address)
told("REST, JSON tensors", asked(tritonclient.http, http, binary_data=False))
if binary:
    told("REST, binary tensors both ways", asked(tritonclient.http, http, binary_data=True))
told("gRPC, raw contents", asked(tritonclient.grpc, tritonclient.grpc.InferenceServerClient(grpc_address)))
