"""TorchServe (needs Java 17) with a handler of rows and pictures: `python serve_torchserve.py PORT FOLDER`."""

import os
import socket
import subprocess
import sys
from pathlib import Path


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


port, folder = int(sys.argv[1]), Path(sys.argv[2])
programs = Path(sys.executable).parent
here = Path(__file__).parent
archive = [programs / "torch-model-archiver", "--model-name", "iris", "--version", "1.0", "--export-path", folder]
subprocess.run([*archive, "--handler", here / "torchserve_handler.py", "--extra-files", here / "model.py"], check=True)
properties = folder / "config.properties"
properties.write_text(
    f"inference_address=http://127.0.0.1:{port}\nmanagement_address=http://127.0.0.1:{free_port()}\n"
    f"metrics_address=http://127.0.0.1:{free_port()}\n"
    f"grpc_inference_port={free_port()}\ngrpc_management_port={free_port()}\n"
    "default_workers_per_model=1\ndisable_token_authorization=true\ndisable_system_metrics=true\n"
)
os.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
arguments = ["--start", "--foreground", "--ncs", "--disable-token-auth", "--model-store", str(folder)]
arguments += ["--models", "iris=iris.mar", "--ts-config", str(properties)]
os.chdir(folder)
os.execv(programs / "torchserve", ["torchserve", *arguments])
