"""The demo's trained model, made once per test session and shared by parallel workers."""

from functools import cache
from pathlib import Path

import pytest

from sentinel.demo.model import Artifacts, prepare


@cache
def artifacts_in(folder: Path) -> Artifacts:
    return prepare(folder)


def session_artifacts(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Artifacts:
    """Trained under the folder that all workers of a session share."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    return artifacts_in(shared / "demo")
