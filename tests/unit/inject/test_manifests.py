"""Whole manifests: workloads of every kind, and the Services before them, there and back."""

import copy
from pathlib import Path
from typing import Any

import jsonpatch
import pytest
import yaml

from sentinel.inject.container import Plan
from sentinel.inject.manifests import as_component, inject, remove
from sentinel.inject.template import built_in
from sentinel.inject.words import INJECT, LISTEN, PORT, STATUS
from tests.support.helm_chart import EXAMPLES
from tests.support.helm_schemas import check
from tests.support.inject_reviews import PLAN, sidecar_of

MODELS = sorted(path for path in EXAMPLES.glob("*/model.yaml") if "kserve" not in path.parts[-2])


def documents(path: Path) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def example(name: str) -> list[dict[str, Any]]:
    return documents(EXAMPLES / name / "model.yaml")


def targets(found: list[dict[str, Any]]) -> list[Any]:
    services = [document for document in found if document["kind"] == "Service"]
    return [port["targetPort"] for service in services for port in service["spec"]["ports"]]


def without_empty(value: Any) -> Any:
    """An empty list in a pod says the same as none."""
    if isinstance(value, dict):
        return {key: without_empty(item) for key, item in value.items() if item != []}
    return [without_empty(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.parent.name)
def test_every_example_is_accepted_with_the_sidecar_and_is_as_before_without(path: Path) -> None:
    before = documents(path)
    done = inject(before, Plan(built_in(), {LISTEN: "8090"}))
    assert done.notes == []
    for document in done.documents:
        check(document)
    assert inject(done.documents, PLAN).documents == done.documents
    assert without_empty(remove(done.documents).documents) == without_empty(before)


def test_the_service_before_it_leads_to_the_sidecar() -> None:
    assert targets(example("image-classifier")) == [8080]
    assert targets(inject(example("image-classifier"), PLAN).documents) == [8081]


def test_the_canary_that_makes_its_services_leads_to_the_sidecar() -> None:
    found = example("flagger")
    canary = next(document for document in found if document["kind"] == "Canary")
    for service, expected in (({"port": 8080}, 8081), ({"port": 80, "targetPort": 8080}, 8081), ({"port": 80}, None)):
        canary["spec"]["service"] = service
        done = inject(found, PLAN)
        after = next(document for document in done.documents if document["kind"] == "Canary")
        assert after["spec"]["service"].get("targetPort") == expected
        back = next(document for document in remove(done.documents).documents if document["kind"] == "Canary")
        assert back["spec"]["service"].get("targetPort", 8080) == 8080


def test_where_nothing_leads_to_it_it_says_what_is_left_to_do() -> None:
    alone = inject(example("image-classifier")[:1], PLAN)
    assert alone.hints[0].startswith("nothing here leads to Deployment image-classifier")
    assert "8080 → 8081" in alone.hints[0]
    assert "8081 → 8080" in remove(alone.documents).hints[0]
    assert inject(example("image-classifier"), PLAN).hints == []


def test_each_port_has_its_own_listener() -> None:
    done = inject(example("triton"), Plan(built_in(), {PORT: "8000,8001"}))
    assert targets(done.documents) == [8081, 8082]


def test_services_of_other_pods_and_other_namespaces_stay() -> None:
    found = example("image-classifier")
    found[1]["spec"]["selector"] = {"app": "other"}
    assert targets(inject(found, PLAN).documents) == [8080]
    found = example("image-classifier")
    found[0]["metadata"]["namespace"], found[1]["metadata"]["namespace"] = "serving", "staging"
    assert targets(inject(found, PLAN).documents) == [8080]


def test_a_port_by_name_needs_no_change_of_the_service() -> None:
    found = example("image-classifier")
    found[0]["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"name": "http", "containerPort": 8080}]
    found[1]["spec"]["ports"][0]["targetPort"] = "http"
    done = inject(found, PLAN).documents
    assert done[1] == found[1]
    assert done[0]["spec"]["template"]["spec"]["containers"][0]["ports"] == [{"name": "http", "containerPort": 8081}]


def test_a_port_of_a_service_without_a_target_gets_one() -> None:
    found = example("image-classifier")
    del found[1]["spec"]["ports"][0]["targetPort"]
    assert targets(inject(found, PLAN).documents) == [8081]


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "Deployment"])
def test_every_kind_that_holds_pods_takes_it(kind: str) -> None:
    workload = example("image-classifier")[0]
    workload["kind"] = kind
    if kind != "Deployment":
        del workload["spec"]["replicas"]
    if kind == "StatefulSet":
        workload["spec"]["serviceName"] = "image-classifier"
    (after,) = inject([workload], PLAN).documents
    assert sidecar_of(after["spec"]["template"])
    check(after)


def test_a_pod_takes_it() -> None:
    template = example("image-classifier")[0]["spec"]["template"]
    lone = {"apiVersion": "v1", "kind": "Pod", **template, "metadata": {**template["metadata"], "name": "lone"}}
    (after,) = inject([lone], PLAN).documents
    assert sidecar_of(after)
    check(after)


def test_a_rollout_that_refers_to_a_deployment_is_left_as_it_is() -> None:
    rollout = example("argo-rollout")[0]
    del rollout["spec"]["template"], rollout["spec"]["selector"]
    rollout["spec"]["workloadRef"] = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "fraud"}
    assert inject([rollout], PLAN).documents == [rollout]


def test_only_the_named_workload_is_changed_and_none_that_says_no() -> None:
    first, second, refusing = (copy.deepcopy(example("image-classifier")[0]) for _ in range(3))
    second["metadata"]["name"] = "second"
    refusing["spec"]["template"]["metadata"]["labels"][INJECT] = "false"
    done = inject([first, second, refusing], PLAN, frozenset({"second"})).documents
    assert (done[0], done[2]) == (first, refusing)
    assert sidecar_of(done[1]["spec"]["template"])
    assert inject([refusing], PLAN).documents == [refusing]


def test_as_a_component_it_is_a_list_of_json_patches() -> None:
    before = example("image-classifier")
    component = as_component(before, inject(before, PLAN).documents)
    assert [patch["target"]["kind"] for patch in component["patches"]] == ["Deployment", "Service"]
    changed = [
        jsonpatch.apply_patch(document, yaml.safe_load(patch["patch"]))
        for document, patch in zip(before, component["patches"], strict=True)
    ]
    assert changed == inject(before, PLAN).documents


def test_what_cannot_be_is_left_and_named() -> None:
    worker = example("image-classifier")[0]
    del worker["spec"]["template"]["spec"]["containers"][0]["ports"]
    done = inject([worker], PLAN)
    assert done.documents == [worker]
    assert done.notes[0].startswith("Deployment image-classifier: no container declares a port")


def test_other_documents_pass() -> None:
    others = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}, {"kind": "Unknown"}]
    assert inject(others, PLAN).documents == others


def inference_service(**predictor: Any) -> dict[str, Any]:
    spec = {"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://models/2"}, **predictor}}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "fraud"},
        "spec": spec,
    }


def test_an_inference_service_sends_its_traffic_to_the_container_that_kserve_asks_for() -> None:
    before = inference_service(labels={"team": "risk"})
    (after,) = inject([before], PLAN).documents
    check(after)
    predictor = after["spec"]["predictor"]
    (container,) = predictor["containers"]
    assert container["name"] == "transformer-container"
    assert container["ports"] == [{"containerPort": 8090}]  # the one that KServe and Knative send traffic to
    assert container["readinessProbe"]["tcpSocket"] == {"port": 8090}
    assert "restartPolicy" not in container
    environment = {item["name"]: item["value"] for item in container["env"]}
    assert environment["SENTINEL__RELAY__0__UPSTREAM"] == "127.0.0.1:8080"
    assert environment["SENTINEL__MODEL__NAME"] == "fraud"
    assert STATUS in predictor["annotations"]
    assert inject([after], PLAN).documents == [after]
    assert remove([after]).documents == [before]


def test_only_where_kserve_makes_a_deployment_the_sidecar_waits_before_it_stops() -> None:
    """Knative refuses hooks of containers."""
    for mode, waits in (("Standard", True), ("RawDeployment", True), ("Knative", False), ("", False)):
        before = inference_service()
        before["metadata"]["annotations"] = {"serving.kserve.io/deploymentMode": mode}
        (container,) = inject([before], PLAN).documents[0]["spec"]["predictor"]["containers"]
        assert ("lifecycle" in container) is waits


def test_an_inference_service_of_containers_keeps_them() -> None:
    server = {"name": "kserve-container", "image": "registry.example/fraud:2", "ports": [{"containerPort": 9000}]}
    before = inference_service(containers=[server])
    del before["spec"]["predictor"]["model"]
    (after,) = inject([before], PLAN).documents
    check(after)
    assert after["spec"]["predictor"]["containers"][0] == server
    environment = {item["name"]: item.get("value") for item in after["spec"]["predictor"]["containers"][1]["env"]}
    assert environment["SENTINEL__RELAY__0__UPSTREAM"] == "127.0.0.1:9000"


def test_an_inference_service_with_a_transformer_is_left_as_it_is() -> None:
    before = inference_service(containers=[{"name": "transformer-container", "image": "registry.example/transform:1"}])
    done = inject([before], PLAN)
    assert done.documents == [before]
    assert "logger" in done.notes[0]
