"""docs/labels.md, from top to bottom: what it tells to type is typed, in a shell, at a real sidecar."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sentinel.store import open_store
from tests.e2e.labels.test_late_labels import counts, send
from tests.e2e.labels.test_quality import write_training
from tests.support.labelled_model import labelled_model
from tests.support.processes import wait_until
from tests.support.sidecar_process import configuration, running
from tests.support.snippets import snippets

PAGE = "docs/labels.md"


def shell(folder: Path, line: str) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{line}\n{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_what_the_page_says_works(tmp_path: Path) -> None:
    build, *sending, show = (snippet.text for snippet in snippets("sh", page=PAGE))
    settings = yaml.safe_load(next(iter(snippets("yaml", page=PAGE))).text)
    write_training(tmp_path / "training.csv", ("x", "outcome", "probability"))
    (tmp_path / "labels.ndjson").write_text(next(iter(snippets("text", page=PAGE))).text)
    (tmp_path / "labels.token").write_text("secret of this test")
    (tmp_path / "truths.csv").write_text("request_id,outcome\ncall-4,1\ncall-5,0\n")
    assert "scores calibrated" in shell(tmp_path, build)
    at = {"path": str(tmp_path / "reference.sentinel")}
    labels = settings["labels"] | {"token_file": str(tmp_path / "labels.token"), "score_seconds": 0.2}
    with labelled_model() as upstream:
        document = configuration(tmp_path, upstream, **settings | {"reference": at, "labels": labels})
        document["store"] = {"url": f"sqlite:///{tmp_path / 'sentinel.db'}"}
        with running(tmp_path, document) as sidecar:
            for number in range(1, 6):
                send(sidecar, number, [0.5, -0.5])
            store = open_store(document["store"]["url"])
            wait_until(lambda: len(store.labels.answered("fraud", "1", 0, 1e12)) == 10, "predictions to be kept")
            for step in sending:
                shell(tmp_path, step.replace("localhost:9108", f"127.0.0.1:{sidecar.telemetry}"))
            wait_until(lambda: counts(store.labels)["joined"] + counts(store.labels)["late"] == 6, "the labels")
            wait_until(lambda: not store.labels.due(1e12), "the windows to be scored")
            store.close()
            shown = shell(tmp_path, show)
    assert "realised" in shown
    assert "estimate" in shown
    assert "accuracy" in shown
