"""The component and the worked examples: accepted by the API server, in step with the chart and the settings."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from sentinel.config.reading import parse
from tests.support.helm_chart import EXAMPLES, ROOT, manifests, one, parent_chart
from tests.support.helm_kustomize import build
from tests.support.helm_schemas import check

FOLDERS = sorted(path.parent.name for path in EXAMPLES.glob("*/kustomization.yaml"))
IN_THE_PATH = [name for name in FOLDERS if name != "kserve-logger"]
WITHOUT_SCHEMA = {"InferenceService"}
WORKLOADS = {"Deployment", "Rollout"}


def workload(found: list[dict[str, Any]]) -> dict[str, Any]:
    (match,) = [manifest for manifest in found if manifest["kind"] in WORKLOADS]
    spec: dict[str, Any] = match["spec"]["template"]["spec"]
    return spec


def sidecar(found: list[dict[str, Any]]) -> dict[str, Any]:
    containers = [*workload(found).get("initContainers", []), *workload(found)["containers"]]
    (container,) = [container for container in containers if container["name"] == "sentinel"]
    return container


def ports(container: dict[str, Any]) -> set[int]:
    return {port["containerPort"] for port in container["ports"]}


@pytest.mark.parametrize("name", FOLDERS)
def test_every_manifest_of_an_example_is_accepted(name: str) -> None:
    for manifest in build(EXAMPLES / name):
        if manifest["kind"] not in WITHOUT_SCHEMA:
            check(manifest)


@pytest.mark.parametrize("name", FOLDERS)
def test_its_configuration_is_accepted_by_sentinel(name: str) -> None:
    parse(yaml.safe_load(one(build(EXAMPLES / name), "ConfigMap")["data"]["sentinel.yaml"]))


@pytest.mark.parametrize("name", IN_THE_PATH)
def test_its_service_leads_to_a_listener_and_the_listener_to_the_model(name: str) -> None:
    found = build(EXAMPLES / name)
    settings = parse(yaml.safe_load(one(found, "ConfigMap")["data"]["sentinel.yaml"]))
    listening = {int(relay.listen.rpartition(":")[2]) for relay in settings.relay}
    targets = {
        port["targetPort"] for service in found if service["kind"] == "Service" for port in service["spec"]["ports"]
    } | {canary["spec"]["service"]["targetPort"] for canary in found if canary["kind"] == "Canary"}
    assert targets - {9108} == listening
    (model,) = [container for container in workload(found)["containers"] if container["name"] == "model"]
    upstream = {int(relay.upstream.rpartition(":")[2]) for relay in settings.relay}
    assert ports(model) & upstream
    assert model["readinessProbe"]["httpGet"]["port"] in ports(model)


@pytest.mark.parametrize("name", FOLDERS)
def test_its_volumes_are_there(name: str) -> None:
    found = build(EXAMPLES / name)
    mounted = {mount["name"] for mount in sidecar(found)["volumeMounts"]}
    assert mounted <= {volume["name"] for volume in workload(found)["volumes"]}


def test_the_component_adds_what_the_chart_adds(tmp_path: Path) -> None:
    values = {"fullnameOverride": "sentinel", "kubeVersion": "1.34", "reference": {"configMap": "sentinel-reference"}}
    chart = manifests({"sentinel": values}, parent_chart(tmp_path, own_values=False))
    component = yaml.safe_load((ROOT / "deploy/kustomize/sidecar.yaml").read_text())
    expected = one(chart, "Deployment")["spec"]["template"]["spec"]["initContainers"]
    assert component["spec"]["template"]["spec"]["initContainers"] == expected


def test_the_example_chart_is_accepted_with_its_own_values(tmp_path: Path) -> None:
    found = manifests({}, parent_chart(tmp_path))
    for manifest in found:
        check(manifest)
    assert one(found, "Service", "image-classifier")["spec"]["ports"] == [{"port": 8080, "targetPort": 8081}]
