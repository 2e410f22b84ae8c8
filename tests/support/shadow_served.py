"""The example's model server as a real process, with version 1 serving; every version answers on a path of its own."""

import contextlib
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sentinel.demo.dataset import HEALTHY, load
from sentinel.demo.driver import encode
from tests.support.ports import free_port
from tests.support.processes import DEADLINE_SECONDS, wait_until


def version_path(version: str) -> str:
    return f"/v2/models/employment/versions/{version}/infer"


@contextlib.contextmanager
def model_server(folder: Path) -> Iterator[str]:
    """Its address, host:port. folder: where the trained model lies."""
    port = free_port()
    command = [sys.executable, "-m", "sentinel.demo.server", "--folder", str(folder), "--port", str(port)]
    with (folder / "server.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            wait_until(lambda: _ready(port), "the model server")
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(DEADLINE_SECONDS)


def bodies(count: int, rows: int = 2) -> list[bytes]:
    """V2 requests of real people, drawn with a fixed seed."""
    population, generator = load()[HEALTHY], np.random.default_rng(3)
    drawn = (generator.integers(population.rows, size=rows) for _ in range(count))
    return [encode(population.take(places), f"row-{number}") for number, places in enumerate(drawn)]


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/health/ready", timeout=DEADLINE_SECONDS) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
