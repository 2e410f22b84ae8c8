"""A folder in which the example's model is already trained."""

import shutil
from pathlib import Path

import pytest

from tests.support.demo_artifacts import session_artifacts


@pytest.fixture
def demo_folder(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    trained = session_artifacts(tmp_path_factory, worker_id).folder
    shutil.copytree(trained, tmp_path / "demo" / trained.name)
    return tmp_path / "demo"
