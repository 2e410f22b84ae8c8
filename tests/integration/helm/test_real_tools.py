"""The real helm and kubectl read what is here: chart, components, examples, and what injection makes of them."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sentinel.cli.inject import dumped
from sentinel.inject.container import Plan
from sentinel.inject.manifests import as_component, inject
from sentinel.inject.template import built_in
from sentinel.inject.words import LISTEN
from tests.support.helm_chart import CHART, EXAMPLES, NAMESPACE, PARENT, RELEASE, manifests
from tests.support.helm_kustomize import build
from tests.support.helm_values import EVERYTHING
from tests.support.kube_discovery import discovery
from tests.support.kube_tools import attempt, run

VERSIONS = ("1.25.0", "1.29.0", "1.34.0")
FOLDERS = sorted(path.parent for path in EXAMPLES.glob("*/kustomization.yaml"))
MODELS = sorted(EXAMPLES.glob("*/model.yaml"))


def template(chart: Path, folder: Path, values: dict[str, Any], version: str) -> list[dict[str, Any]]:
    (folder / "values.yaml").write_text(yaml.safe_dump(values))
    place = ["--namespace", NAMESPACE, "--values", str(folder / "values.yaml"), "--kube-version", version]
    text = run("helm", "template", RELEASE, chart, *place)
    return [manifest for manifest in yaml.safe_load_all(text) if manifest]


def test_helm_lint_finds_no_fault(tmp_path: Path) -> None:
    (tmp_path / "everything.yaml").write_text(yaml.safe_dump(EVERYTHING))
    run("helm", "lint", "--strict", CHART)
    run("helm", "lint", "--strict", CHART, "--values", tmp_path / "everything.yaml")


@pytest.mark.parametrize("version", VERSIONS)
def test_helm_renders_what_the_tests_render(version: str, tmp_path: Path) -> None:
    mine = manifests({**EVERYTHING, "kubeVersion": version})
    assert sorted(template(CHART, tmp_path, EVERYTHING, version), key=json.dumps) == sorted(mine, key=json.dumps)


def test_helm_refuses_what_the_schema_refuses(tmp_path: Path) -> None:
    refused = attempt("helm", "template", RELEASE, CHART, "--set", "config.capture.sample_ration=0.1")
    assert refused.returncode != 0
    assert "sample_ration" in refused.stderr


def test_the_example_chart_builds_and_is_packaged(tmp_path: Path) -> None:
    copy = tmp_path / "deploy" / "examples" / PARENT.name
    shutil.copytree(PARENT, copy)
    shutil.copytree(CHART, tmp_path / "helm" / "sentinel")
    run("helm", "dependency", "build", copy)
    assert {item["kind"] for item in template(copy, tmp_path, {}, VERSIONS[-1])} >= {
        "Deployment",
        "PodMonitor",
        "Service",
    }
    run("helm", "package", copy, "--destination", tmp_path)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with discovery() as address:
        yield address


def parsed(server: str, found: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """The objects as kubectl understands them."""
    (folder / "manifests.yaml").write_text(yaml.safe_dump_all(found))
    where = ["--server", server, "-f", str(folder / "manifests.yaml")]
    text = run("kubectl", "create", "--dry-run=client", "--validate=false", "-o", "json", *where)
    decoder, objects = json.JSONDecoder(), []
    while text := text.lstrip():
        one, end = decoder.raw_decode(text)
        objects += one["items"] if one["kind"] == "List" else [one]
        text = text[end:]
    return objects


def names(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(item["kind"], item["metadata"]["name"]) for item in found]


@pytest.mark.parametrize("version", VERSIONS)
def test_kubectl_reads_everything_that_the_chart_renders(server: str, version: str, tmp_path: Path) -> None:
    found = manifests({**EVERYTHING, "kubeVersion": version})
    assert names(parsed(server, found, tmp_path)) == names(found)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_kubectl_reads_every_example(server: str, folder: Path, tmp_path: Path) -> None:
    found = build(folder)
    assert names(parsed(server, found, tmp_path)) == names(found)


def with_sidecar(path: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The first workload of an example without and with it, and what else there is."""
    before = [document for document in yaml.safe_load_all(path.read_text()) if document]
    plan = Plan(built_in(), {LISTEN: "8090"})
    return before, inject(before, plan, frozenset({before[0]["metadata"]["name"]})).documents


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.parent.name)
def test_kubectl_reads_what_injection_makes(server: str, path: Path, tmp_path: Path) -> None:
    before, after = with_sidecar(path)
    assert after != before
    assert names(parsed(server, after, tmp_path)) == names(before)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.parent.name)
def test_kustomize_makes_the_same_of_the_component_that_injection_writes(path: Path, tmp_path: Path) -> None:
    before, after = with_sidecar(path)
    (tmp_path / "sentinel").mkdir()
    (tmp_path / "model.yaml").write_text(yaml.safe_dump_all(before))
    (tmp_path / "kustomization.yaml").write_text("resources: [model.yaml]\ncomponents: [sentinel]\n")
    (tmp_path / "sentinel" / "kustomization.yaml").write_text(dumped(as_component(before, after)))
    assert sorted(build(tmp_path), key=json.dumps) == sorted(after, key=json.dumps)
