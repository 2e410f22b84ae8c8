"""The build stage's steps, run in a bare folder: what the image would hold starts without the source tree or pip."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.helm_chart import ROOT

BUILD_SECONDS = 300.0


def normal(name: str) -> str:
    """Name of a distribution as PyPI compares it."""
    return name.lower().replace("_", "-").replace(".", "-")


@pytest.mark.slow
def test_the_build_stage_makes_a_sentinel_that_starts(tmp_path: Path) -> None:
    target = tmp_path / "sentinel"
    built = subprocess.run(
        [ROOT / "deploy/image/install.sh", target], capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
    )
    assert built.returncode == 0, built.stderr
    bare = {"PATH": "/usr/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    checked = subprocess.run(
        [target / "bin/sentinel", "check-config"], env=bare, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    model = ROOT / "deploy/examples/image-classifier/model.yaml"
    injected = subprocess.run(
        [target / "bin/sentinel", "inject", "-f", model], env=bare, capture_output=True, text=True, check=False
    )
    assert "+    targetPort: 8081" in injected.stdout, injected.stderr
    subprocess.run([target / "bin/python", "-c", "import sentinel.inject.running"], env=bare, check=True)
    listed = json.loads((target / "sbom.cdx.json").read_text())
    assert listed["bomFormat"] == "CycloneDX"
    names = {normal(component["name"]) for component in listed["components"]}
    assert names == {normal(folder.name.split("-")[0]) for folder in target.rglob("*.dist-info")}
    assert {"sentinel-sidecar", "uvloop", "psycopg", "cryptography"} <= names
    assert not names & {"pip", "pytest", "onnxruntime", "scikit-learn", "pandas"}
    assert list(target.rglob("sentinel/relay/__pycache__/worker.*.pyc"))
