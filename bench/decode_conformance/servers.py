"""Which servers are tried: what to install, how to start them, who asks them."""

import sys
from dataclasses import dataclass

PORT, GRPC_PORT, METRICS_PORT, FOLDER = "{port}", "{grpc_port}", "{metrics_port}", "{folder}"
RELAY, GRPC_RELAY = "{relay}", "{grpc_relay}"


@dataclass(frozen=True)
class Server:
    """packages: pip requirements, the first one names the version. serve, ask: arguments of the environment's python.

    ready: path that answers once the model is loaded. grpc: whether a second relay stands before a gRPC port.
    python: what makes the environment.
    """

    name: str
    packages: tuple[str, ...]
    serve: tuple[str, ...]
    ask: tuple[str, ...]
    ready: str
    grpc: bool = False
    python: str = sys.executable


SERVERS = (
    Server(
        "onnxruntime + FastAPI",
        ("onnxruntime", "fastapi", "uvicorn", "httpx", "scikit-learn", "skl2onnx"),
        ("serve_fastapi.py", PORT),
        ("ask_fastapi.py", RELAY),
        "/openapi.json",
    ),
    Server(
        "LitServe",
        ("litserve==0.2.19", "openai", "httpx", "scikit-learn"),
        ("serve_litserve.py", PORT),
        ("ask_litserve.py", RELAY),
        "/health",
    ),
    Server(
        "BentoML",
        ("bentoml", "scikit-learn"),
        ("-m", "bentoml", "serve", "serve_bentoml:Iris", "--host", "127.0.0.1", "--port", PORT),
        ("ask_bentoml.py", RELAY),
        "/readyz",
    ),
    Server(
        "MLServer",
        ("mlserver==1.7.1", "mlserver-sklearn==1.7.1"),
        ("serve_mlserver.py", PORT, GRPC_PORT, FOLDER),
        ("ask_v2.py", RELAY, GRPC_RELAY, "predict"),
        "/v2/models/iris/ready",
        grpc=True,
    ),
    Server(
        "KServe",
        ("kserve==0.21.0", "scikit-learn", "httpx"),
        ("serve_kserve.py", PORT, GRPC_PORT),
        ("ask_kserve.py", RELAY, GRPC_RELAY),
        "/v2/models/iris/ready",
        grpc=True,
    ),
    Server(
        "Triton (pytriton)",
        ("nvidia-pytriton", "scikit-learn"),
        ("serve_triton.py", PORT, GRPC_PORT, METRICS_PORT),
        ("ask_v2.py", RELAY, GRPC_RELAY, "label", "binary", "stream"),
        "/v2/models/iris/ready",
        grpc=True,
        python="/usr/bin/python3",  # its backend links the system's libpython
    ),
    Server(
        "TorchServe",
        ("torchserve==0.12.0", "torch-model-archiver", "torch==2.13.0", "pyyaml", "scikit-learn", "httpx", "pillow"),
        ("serve_torchserve.py", PORT, FOLDER),
        ("ask_torchserve.py", RELAY),
        "/ping",
    ),
    Server(
        "MLflow",
        ("mlflow", "scikit-learn", "httpx"),
        ("serve_mlflow.py", PORT, FOLDER),
        ("ask_mlflow.py", RELAY),
        "/ping",
    ),
    Server(
        "Ray Serve",
        ("ray[serve]", "scikit-learn", "httpx"),
        ("serve_ray.py", PORT),
        ("ask_ray.py", RELAY),
        "/-/healthz",
    ),
    Server(
        "transformers serve",
        ("transformers[serving]", "torch==2.13.0", "openai"),
        ("serve_transformers.py", PORT, FOLDER),
        ("ask_openai.py", RELAY, FOLDER),
        "/health",
    ),
)
