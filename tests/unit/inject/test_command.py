"""`sentinel inject` as a user meets it."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sentinel.cli import main
from tests.support.helm_chart import EXAMPLES

MODEL = EXAMPLES / "image-classifier" / "model.yaml"


def test_it_prints_what_would_change(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inject", "-f", str(MODEL)]) == 0
    printed = capsys.readouterr().out
    assert "--- Deployment/image-classifier before" in printed
    assert "-    targetPort: 8080\n+    targetPort: 8081" in printed


def test_there_and_back_is_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["inject", "-f", str(MODEL), "-o", "yaml", "--reference", "pvc/references", "--image", "registry.example/s:1"])
    (tmp_path / "with.yaml").write_text(capsys.readouterr().out)
    assert "image: registry.example/s:1" in (tmp_path / "with.yaml").read_text()
    assert main(["inject", "-f", str(tmp_path), "--remove", "-o", "yaml"]) == 0
    assert list(yaml.safe_load_all(capsys.readouterr().out)) == list(yaml.safe_load_all(MODEL.read_text()))


def test_a_second_time_there_is_nothing_to_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["inject", "-f", str(MODEL), "-o", "yaml"])
    (tmp_path / "with.yaml").write_text(capsys.readouterr().out)
    assert main(["inject", "-f", str(tmp_path / "with.yaml")]) == 0
    assert capsys.readouterr() == ("", "sentinel: nothing to change\n")


def test_standard_input_and_lists_are_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    items = list(yaml.safe_load_all(MODEL.read_text()))
    monkeypatch.setattr("sys.stdin", io.StringIO(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items})))
    assert main(["inject", "-f", "-", "-o", "yaml"]) == 0
    assert [item["kind"] for item in yaml.safe_load_all(capsys.readouterr().out)] == ["Deployment", "Service"]


def test_workloads_and_services_can_be_had_apart(capsys: pytest.CaptureFixture[str]) -> None:
    for only, kind in (("workloads", "Deployment"), ("services", "Service")):
        assert main(["inject", "-f", str(MODEL), "-o", "yaml", "--only", only]) == 0
        assert [item["kind"] for item in yaml.safe_load_all(capsys.readouterr().out)] == [kind]


def test_settings_of_a_file_are_carried_in_the_pod(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "slo: {latency_p99_seconds: 0.25}\ntelemetry: {listen: ':9300'}\n"
    (tmp_path / "sentinel.yaml").write_text(text)
    assert main(["inject", "-f", str(MODEL), "--config", str(tmp_path / "sentinel.yaml")]) == 0
    printed = capsys.readouterr().out
    assert "value: '{latency_p99_seconds: 0.25}'" in printed
    assert "containerPort: 9300" in printed


def test_settings_that_are_wrong_are_refused_by_their_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sentinel.yaml").write_text("slo: {latency: 0.25}\n")
    assert main(["inject", "-f", str(MODEL), "--config", str(tmp_path / "sentinel.yaml")]) == 2
    assert "slo.latency: unknown key" in capsys.readouterr().err


def test_an_old_cluster_gets_a_plain_container(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inject", "-f", str(MODEL), "--kubernetes", "v1.28.4"]) == 0
    assert "initContainers" not in capsys.readouterr().out


def test_what_is_left_as_it_is_is_named_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "model.yaml").write_text(MODEL.read_text().replace("ports: [{containerPort: 8080}]", ""))
    assert main(["inject", "-f", str(tmp_path / "model.yaml")]) == 1
    assert "Deployment image-classifier: no container declares a port" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name manifests with --filename"),
        (["-f", "nowhere.yaml"], "nowhere.yaml: No such file or directory"),
        (["-f", "broken.yaml"], "broken.yaml is not valid YAML"),
        (["-f", "text.yaml"], "text.yaml holds something that is no Kubernetes object"),
        (["-f", str(MODEL), "--kubernetes", "new"], "--kubernetes: new is no version"),
        (["-f", str(MODEL), "--pod", "text.yaml"], "no part of a pod"),
        (["-f", "damaged.yaml"], "an object is not as Kubernetes has it"),
        (["--serve", "127.0.0.1:0"], "--serve needs --certificate"),
    ],
)
def test_mistakes_are_one_sentence(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.yaml").write_text("a: [")
    Path("text.yaml").write_text("words")
    Path("damaged.yaml").write_text("kind: Pod\nmetadata: {name: a}\nspec: {containers: [1]}\n")
    assert main(["inject", *arguments]) == 1
    printed = capsys.readouterr().err
    assert said in printed
    assert len(printed.splitlines()) == 1


def test_the_webhook_leaves_heavy_packages_out() -> None:
    code = "import sentinel.cli.inject, sentinel.inject.running, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "sentinel.inject.server" in loaded
    assert not {"numpy", "sqlalchemy", "alembic", "rich"} & set(loaded)
