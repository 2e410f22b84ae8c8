import pytest

from sentinel.demo.model import Artifacts
from tests.support.demo_artifacts import session_artifacts


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Artifacts:
    return session_artifacts(tmp_path_factory, worker_id)
