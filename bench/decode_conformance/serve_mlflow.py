"""MLflow's scoring server: `python serve_mlflow.py PORT FOLDER`."""

import os
import sys
from pathlib import Path

import mlflow.sklearn
from model import trained

port, place = sys.argv[1], Path(sys.argv[2]) / "iris"
mlflow.sklearn.save_model(trained(), place)
program = Path(sys.executable).with_name("mlflow")
os.environ["PATH"] = f"{program.parent}:{os.environ['PATH']}"  # it starts uvicorn by name
where = ("--host", "127.0.0.1", "--port", port, "--env-manager", "local")
os.execv(program, [str(program), "models", "serve", "--model-uri", str(place), *where])
