"""Messages of the inference services, serialized for tests by the descriptors under test's own runtime."""

from typing import Any

from sentinel.decode.protos import message_class

V2 = "/inference.GRPCInferenceService/ModelInfer"
V2_STREAM = "/inference.GRPCInferenceService/ModelStreamInfer"
PREDICT = "/tensorflow.serving.PredictionService/Predict"
CLASSIFY = "/tensorflow.serving.PredictionService/Classify"
REGRESS = "/tensorflow.serving.PredictionService/Regress"


def message(kind: str, **fields: Any) -> bytes:
    return message_class(kind)(**fields).SerializeToString()
