"""The Dockerfile: linted, pinned, unprivileged, and in step with the chart."""

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.support.helm_chart import ROOT, manifests, one

DOCKERFILE = (ROOT / "Dockerfile").read_text()
INSTRUCTIONS = re.findall(r"^([A-Z]+) (.*)$", DOCKERFILE, re.MULTILINE)


def last(instruction: str) -> str:
    return [text for name, text in INSTRUCTIONS if name == instruction][-1]


def test_the_dockerfile_is_free_of_findings() -> None:
    program = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([program, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_base_is_pinned_by_digest() -> None:
    assert all("@${PYTHON_DIGEST}" in text for name, text in INSTRUCTIONS if name == "FROM")


def test_it_runs_as_the_chart_runs_it() -> None:
    check = one(manifests({}), "Pod")["spec"]["containers"][0]
    security = check["securityContext"]
    assert last("USER") == f"{security['runAsUser']}:{security['runAsGroup']}"
    assert json.loads(last("ENTRYPOINT")) == check["command"]
    assert last("VOLUME") in {mount["mountPath"] for mount in check["volumeMounts"]}


def test_no_step_needs_a_shell() -> None:
    assert all(text.startswith("[") for name, text in INSTRUCTIONS if name in ("RUN", "ENTRYPOINT", "CMD"))


def test_what_is_copied_is_there_and_is_sent_to_the_builder() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copies = [text.split()[:-1] for name, text in INSTRUCTIONS if name == "COPY" and "--from" not in text]
    for source in (source for sources in copies for source in sources):
        assert (ROOT / source).exists()
        assert any(source == name or source.startswith(f"{name}/") for name in allowed), source
