"""The component and the worked examples: accepted by the API server, in step with the chart and the settings."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from helm.fragments import fragment_files
from sentinel.config.reading import load, parse
from tests.support.helm_chart import EXAMPLES, ROOT, manifests, one, parent_chart
from tests.support.helm_kustomize import build
from tests.support.helm_schemas import check

FOLDERS = sorted(path.parent.name for path in EXAMPLES.glob("*/kustomization.yaml"))
OF_COMPONENT = [name for name in FOLDERS if "kserve" not in name]
WITH_FILE = [name for name in FOLDERS if name != "kserve-sidecar"]
WORKLOADS = {"Deployment", "Rollout"}


def workload(found: list[dict[str, Any]]) -> dict[str, Any]:
    (match,) = [manifest for manifest in found if manifest["kind"] in WORKLOADS]
    spec: dict[str, Any] = match["spec"]["template"]["spec"]
    return spec


def sidecar(found: list[dict[str, Any]]) -> dict[str, Any]:
    containers = [*workload(found).get("initContainers", []), *workload(found)["containers"]]
    (container,) = [container for container in containers if container["name"] == "sentinel"]
    return container


def traffic_ports(container: dict[str, Any]) -> list[int]:
    return [port["containerPort"] for port in container["ports"] if port["name"].startswith("traffic-")]


def ports(container: dict[str, Any]) -> set[int]:
    return {port["containerPort"] for port in container["ports"]}


@pytest.mark.parametrize("version", ["1.29", "1.34"])
@pytest.mark.parametrize("name", FOLDERS)
def test_every_manifest_of_an_example_is_accepted(name: str, version: str) -> None:
    for manifest in build(EXAMPLES / name):
        check(manifest, version)


@pytest.mark.parametrize(
    "name", [name for name in OF_COMPONENT if name != "torchserve"]
)  # it patches an init container
def test_with_the_plain_component_it_is_accepted_by_an_old_cluster(name: str, tmp_path: Path) -> None:
    for manifest in with_own_lists(tmp_path, name, "kustomize-plain", {}):
        check(manifest, "1.25")


@pytest.mark.parametrize("name", WITH_FILE)
def test_its_configuration_is_accepted_by_sentinel(name: str) -> None:
    parse(yaml.safe_load(one(build(EXAMPLES / name), "ConfigMap")["data"]["sentinel.yaml"]))


@pytest.mark.parametrize("name", OF_COMPONENT)
def test_its_service_leads_to_a_listener_and_the_listener_to_the_model(name: str) -> None:
    found = build(EXAMPLES / name)
    settings = parse(yaml.safe_load(one(found, "ConfigMap")["data"]["sentinel.yaml"]))
    listening = {int(relay.listen.rpartition(":")[2]) for relay in settings.relay}
    targets = {
        port["targetPort"] for service in found if service["kind"] == "Service" for port in service["spec"]["ports"]
    } | {canary["spec"]["service"]["targetPort"] for canary in found if canary["kind"] == "Canary"}
    assert targets - {9108} == listening
    assert set(traffic_ports(sidecar(found))) <= listening
    assert sidecar(found)["readinessProbe"]["tcpSocket"]["port"] in listening
    (model,) = [container for container in workload(found)["containers"] if container["name"] == "model"]
    upstream = {int(relay.upstream.rpartition(":")[2]) for relay in settings.relay}
    assert ports(model) & upstream
    assert not ports(model) & (listening | {9108})
    assert model["readinessProbe"]["httpGet"]["port"] in ports(model)


@pytest.mark.parametrize("name", WITH_FILE)
def test_its_volumes_are_there(name: str) -> None:
    found = build(EXAMPLES / name)
    mounted = {mount["name"] for mount in sidecar(found)["volumeMounts"]}
    assert mounted <= {volume["name"] for volume in workload(found)["volumes"]}


def test_the_components_and_the_built_in_templates_are_what_the_chart_adds() -> None:
    differ = [name for name, text in fragment_files().items() if (ROOT / name).read_text() != text]
    assert not differ, f"make chart-files: {differ}"


@pytest.mark.parametrize("version", ["1.25", "1.29", "1.34"])
def test_the_example_chart_is_accepted_with_its_own_values(version: str, tmp_path: Path) -> None:
    found = manifests({"sentinel": {"kubeVersion": version}}, parent_chart(tmp_path))
    for manifest in found:
        check(manifest, version)
    assert one(found, "Service", "image-classifier")["spec"]["ports"] == [{"port": 8080, "targetPort": 8081}]


def of_kserve() -> dict[str, Any]:
    predictor: dict[str, Any] = one(build(EXAMPLES / "kserve-sidecar"), "InferenceService")["spec"]["predictor"]
    return predictor


def test_kserve_sends_traffic_to_the_sidecar_and_that_to_the_model() -> None:
    (container,) = of_kserve()["containers"]
    settings = load(None, {item["name"]: item["value"] for item in container["env"]})
    assert [relay.listen for relay in settings.relay] == [f"0.0.0.0:{container['ports'][0]['containerPort']}"]
    assert [relay.upstream for relay in settings.relay] == ["127.0.0.1:8080"]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in of_kserve()["volumes"]}


OWN = {
    "volumes": [{"name": "cache", "emptyDir": {}}],
    "initContainers": [{"name": "fetch", "image": "registry.example/fetch:1"}],
}


def with_own_lists(folder: Path, example: str, component: str, own: dict[str, Any]) -> list[dict[str, Any]]:
    """The example with lists of its own in the pod template, built with that component."""
    copied = folder / "deploy"
    shutil.copytree(ROOT / "deploy", copied)
    place = copied / "examples" / example
    documents = list(yaml.safe_load_all((place / "model.yaml").read_text()))
    documents[0]["spec"]["template"]["spec"].update(own)
    (place / "model.yaml").write_text(yaml.safe_dump_all(documents))
    text = (place / "kustomization.yaml").read_text()
    (place / "kustomization.yaml").write_text(text.replace("../../kustomize", f"../../{component}"))
    return build(place)


@pytest.mark.parametrize("component", ["kustomize", "kustomize-plain"])
@pytest.mark.parametrize("example", ["image-classifier", "argo-rollout"])
def test_the_component_keeps_what_the_pod_had(example: str, component: str, tmp_path: Path) -> None:
    found = with_own_lists(tmp_path, example, component, OWN)
    for manifest in found:
        check(manifest, "1.25" if component == "kustomize-plain" else "1.34")
    spec = workload(found)
    names = {key: [item["name"] for item in spec[key]] for key in ("initContainers", "containers", "volumes")}
    native = component == "kustomize"
    assert names["initContainers"] == (["sentinel", "fetch"] if native else ["fetch"])
    assert sorted(names["containers"]) == (["model"] if native else ["model", "sentinel"])
    assert {"cache", "sentinel-config", "sentinel-data", "sentinel-reference"} == set(names["volumes"])


def test_a_rollout_without_the_lists_is_refused_and_not_emptied(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="missing path"):
        with_own_lists(tmp_path, "argo-rollout", "kustomize", {"initContainers": None, "volumes": None})
