"""Triton on CPU through pytriton: `python serve_triton.py PORT GRPC_PORT METRICS_PORT`."""

import sys

import numpy as np
from model import trained
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

fitted = trained()


@batch
def infer(x: np.ndarray) -> dict[str, np.ndarray]:
    return {"label": fitted.predict(x).reshape(-1, 1), "probs": fitted.predict_proba(x).astype(np.float32)}


if __name__ == "__main__":
    ports = {"http_port": int(sys.argv[1]), "grpc_port": int(sys.argv[2]), "metrics_port": int(sys.argv[3])}
    addresses = {"http_address": "127.0.0.1", "grpc_address": "127.0.0.1"}
    with Triton(config=TritonConfig(**ports, **addresses)) as triton:
        triton.bind(
            model_name="iris",
            infer_func=infer,
            inputs=[Tensor(name="x", dtype=np.float32, shape=(4,))],
            outputs=[
                Tensor(name="label", dtype=np.int64, shape=(1,)),
                Tensor(name="probs", dtype=np.float32, shape=(3,)),
            ],
            config=ModelConfig(max_batch_size=16, batcher=DynamicBatcher(max_queue_delay_microseconds=100)),
        )
        triton.serve()
