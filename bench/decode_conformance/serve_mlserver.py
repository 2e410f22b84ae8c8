"""MLServer with its scikit-learn runtime: `python serve_mlserver.py PORT GRPC_PORT FOLDER`."""

import json
import os
import sys
from pathlib import Path

import joblib
from model import trained

port, grpc_port, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
joblib.dump(trained(), folder / "model.joblib")
server = {"host": "127.0.0.1", "http_port": port, "grpc_port": grpc_port, "metrics_port": 0, "parallel_workers": 0}
(folder / "settings.json").write_text(json.dumps(server | {"metrics_endpoint": None}))
model = {"name": "iris", "implementation": "mlserver_sklearn.SKLearnModel"}
(folder / "model-settings.json").write_text(
    json.dumps(model | {"parameters": {"uri": "./model.joblib", "version": "v1"}})
)
mlserver = Path(sys.executable).with_name("mlserver")
os.execv(mlserver, [str(mlserver), "start", str(folder)])
