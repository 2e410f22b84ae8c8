"""Which servers are tried: what to install, how to start them, who asks them."""

from dataclasses import dataclass

PORT, GRPC_PORT, FOLDER, RELAY, GRPC_RELAY = "{port}", "{grpc_port}", "{folder}", "{relay}", "{grpc_relay}"


@dataclass(frozen=True)
class Server:
    """packages: pip requirements, the first one names the version. serve, ask: arguments of the environment's python.

    ready: path that answers once the model is loaded. grpc: whether a second relay stands before a gRPC port.
    """

    name: str
    packages: tuple[str, ...]
    serve: tuple[str, ...]
    ask: tuple[str, ...]
    ready: str
    grpc: bool = False


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
)
