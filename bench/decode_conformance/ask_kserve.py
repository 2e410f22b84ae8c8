"""Calls of KServe by its own clients: `python ask_kserve.py HOST:PORT GRPC_HOST:PORT`."""

import asyncio
import json
import sys

from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput
from model import rows

base, grpc_address = f"http://{sys.argv[1]}", sys.argv[2]


def told(case: str, column: str, labels: list) -> None:
    print(json.dumps({"case": case, "rows": 4, "column": column, "values": [str(label) for label in labels]}))


def request(*, binary: bool) -> InferRequest:
    tensor = InferInput(name="x", shape=[4, 4], datatype="FP32")
    tensor.set_data_from_numpy(rows(), binary_data=binary)
    wanted = [RequestedOutput("label", {"binary_data": True})] if binary else None
    return InferRequest("iris", [tensor], request_id="r-1", request_outputs=wanted)


async def ask() -> None:
    v1 = InferenceRESTClient(RESTConfig(protocol="v1"))
    answer = await v1.infer(base, {"instances": rows().astype(float).round(2).tolist()}, model_name="iris")
    told("V1 REST", "prediction", answer["predictions"])
    v2 = InferenceRESTClient(RESTConfig(protocol="v2"))
    for binary, case in ((False, "V2 REST, JSON tensors"), (True, "V2 REST, binary tensors both ways")):
        answer = await v2.infer(base, request(binary=binary), model_name="iris")
        told(case, "label", answer.outputs[0].as_numpy().tolist())
    answer = await InferenceGRPCClient(grpc_address).infer(request(binary=False))
    told("V2 gRPC", "label", answer.outputs[0].as_numpy().tolist())


asyncio.run(ask())
