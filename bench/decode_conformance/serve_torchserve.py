"""TorchServe (needs Java 17) with a handler of rows and pictures: `python serve_torchserve.py PORT FOLDER`."""

import os
import subprocess
import sys
from pathlib import Path

port, folder = int(sys.argv[1]), Path(sys.argv[2])
programs = Path(sys.executable).parent
here = Path(__file__).parent
archive = [programs / "torch-model-archiver", "--model-name", "iris", "--version", "1.0", "--export-path", folder]
subprocess.run([*archive, "--handler", here / "torchserve_handler.py", "--extra-files", here / "model.py"], check=True)
properties = folder / "config.properties"
properties.write_text(
    f"inference_address=http://127.0.0.1:{port}\nmanagement_address=http://127.0.0.1:{port + 1}\n"
    f"metrics_address=http://127.0.0.1:{port + 2}\ngrpc_inference_port={port + 3}\ngrpc_management_port={port + 4}\n"
    "default_workers_per_model=1\ndisable_token_authorization=true\ndisable_system_metrics=true\n"
)
os.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
arguments = ["--start", "--foreground", "--ncs", "--disable-token-auth", "--model-store", str(folder)]
arguments += ["--models", "iris=iris.mar", "--ts-config", str(properties)]
os.chdir(folder)
os.execv(programs / "torchserve", ["torchserve", *arguments])
