"""The real `kubectl` and `helm`: those of `make kube-tools`, else those on the machine."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.support.tools import missing

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".tools" / "kube"
TIMEOUT_SECONDS = 120.0


def run(program: str, *arguments: str | Path) -> str:
    """What the program printed. Raises AssertionError with its own complaint when it fails."""
    done = attempt(program, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def attempt(program: str, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    path = shutil.which(program, path=f"{TOOLS}{os.pathsep}{os.environ['PATH']}")
    if path is None:
        missing(f"{program} is not installed: make kube-tools")
    home = {"PATH": os.environ["PATH"], "HOME": str(TOOLS), "KUBECONFIG": os.devnull}
    command = [path, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=home, timeout=TIMEOUT_SECONDS, check=False)
