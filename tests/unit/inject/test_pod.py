"""A pod with the sidecar is what the API server takes, serves as before, and can be had back."""

import copy
from typing import Any

import pytest
import yaml

from sentinel.config import load
from sentinel.config.settings import Settings
from sentinel.inject.container import Plan
from sentinel.inject.pod import injected, removed
from sentinel.inject.template import built_in
from sentinel.inject.wish import Refused
from sentinel.inject.words import CONFIG, LISTEN, MODEL, PORT, REFERENCE, STATUS
from tests.support.helm_chart import manifests, one, parent_chart
from tests.support.helm_schemas import check
from tests.support.inject_reviews import PLAN, PODS, pod, sidecar_of

MESHED = "pod-of-a-statefulset"
"""Its mesh uses a native sidecar, which Kubernetes 1.25 does not know."""
ACCEPTED = [
    (name, version) for name in PODS for version in ("1.25", "1.29", "1.34") if (name, version) != (MESHED, "1.25")
]


def settings_of(container: dict[str, Any]) -> Settings:
    return load(None, {item["name"]: item["value"] for item in container["env"]})


def with_annotations(name: str, **annotations: str) -> dict[str, Any]:
    found = copy.deepcopy(pod(name))
    found["metadata"].setdefault("annotations", {}).update(annotations)
    return found


@pytest.mark.parametrize(("name", "version"), ACCEPTED)
def test_the_pod_is_accepted(name: str, version: str) -> None:
    major, minor = map(int, version.split("."))
    check(injected(pod(name), Plan(built_in((major, minor)))), version)


@pytest.mark.parametrize("name", PODS)
def test_it_is_put_in_once(name: str) -> None:
    once = injected(pod(name), PLAN)
    assert injected(once, PLAN) is once


@pytest.mark.parametrize("kubernetes", [(1, 28), (1, 34)])
@pytest.mark.parametrize("name", PODS)
def test_it_can_be_taken_out_without_a_trace(name: str, kubernetes: tuple[int, int]) -> None:
    assert removed(injected(pod(name), Plan(built_in(kubernetes)))) == pod(name)


@pytest.mark.parametrize("name", PODS)
def test_the_settings_in_it_are_accepted_and_lead_to_the_model(name: str) -> None:
    before, after = pod(name), injected(pod(name), PLAN)
    settings = settings_of(sidecar_of(after))
    declared = [port["containerPort"] for port in before["spec"]["containers"][-1]["ports"]]
    assert [int(relay.upstream.rpartition(":")[2]) for relay in settings.relay] == declared
    traffic = [port for port in sidecar_of(after)["ports"] if port["name"].startswith("traffic-")]
    listening = [int(relay.listen.rpartition(":")[2]) for relay in settings.relay]
    assert [port["containerPort"] for port in traffic] == listening
    assert sidecar_of(after)["readinessProbe"]["tcpSocket"] == {"port": listening[0]}


def test_it_is_the_first_of_init_containers_where_the_cluster_has_native_sidecars() -> None:
    spec = injected(pod("pod-of-a-statefulset"), PLAN)["spec"]
    assert [container["name"] for container in spec["initContainers"]] == ["sentinel", "istio-proxy"]
    assert spec["initContainers"][0]["restartPolicy"] == "Always"


def test_it_is_a_plain_container_below() -> None:
    spec = injected(pod("pod-of-a-deployment"), Plan(built_in((1, 28))))["spec"]
    assert [container["name"] for container in spec["containers"]] == ["model", "sentinel"]
    assert "restartPolicy" not in spec["containers"][1]
    assert "preStop" in spec["containers"][1]["lifecycle"]  # it must outlast the endpoints' removal


def test_named_ports_lead_to_the_sidecar_and_the_models_own_probes_to_the_model() -> None:
    spec = injected(pod("pod-with-named-ports"), PLAN)["spec"]
    exporter, triton = spec["containers"]
    assert [(port["name"], port["containerPort"]) for port in triton["ports"]] == [("http", 8081), ("grpc", 8082)]
    assert triton["startupProbe"]["tcpSocket"]["port"] == 8000
    assert triton["livenessProbe"]["httpGet"]["port"] == 8000
    assert triton["readinessProbe"]["httpGet"]["port"] == 8000
    assert triton["lifecycle"]["preStop"]["httpGet"]["port"] == 8000
    assert exporter == pod("pod-with-named-ports")["spec"]["containers"][0]


def test_nothing_else_of_the_pod_changes() -> None:
    before, after = pod("pod-of-a-deployment"), injected(pod("pod-of-a-deployment"), PLAN)
    assert after["spec"]["containers"] == before["spec"]["containers"]
    assert after["spec"]["volumes"][: len(before["spec"]["volumes"])] == before["spec"]["volumes"]
    other = {
        key: value for key, value in after["spec"].items() if key not in ("containers", "initContainers", "volumes")
    }
    assert other.items() <= before["spec"].items()


def test_the_configuration_and_the_reference_of_the_pod_take_the_place_of_the_built_in_ones() -> None:
    after = injected(pod("pod-with-named-ports"), PLAN)
    container = sidecar_of(after)
    volumes = {volume["name"]: volume for volume in after["spec"]["volumes"]}
    assert container["args"] == ["run", "--config", "/etc/sentinel/sentinel.yaml"]
    assert volumes["sentinel-config"]["configMap"] == {"name": "fraud-sentinel"}
    assert volumes["sentinel-reference"]["configMap"] == {"name": "fraud-reference"}
    assert settings_of(container).reference.path == "/etc/sentinel/reference/reference.sentinel"
    assert settings_of(container).store == Settings().store  # nothing lies over what the ConfigMap says


@pytest.mark.parametrize(
    ("reference", "volume"),
    [
        ("fraud", {"configMap": {"name": "fraud"}}),
        ("secret/fraud", {"secret": {"secretName": "fraud"}}),
        ("pvc/references", {"persistentVolumeClaim": {"claimName": "references"}}),
    ],
)
def test_a_reference_lies_where_the_annotation_says(reference: str, volume: dict[str, Any]) -> None:
    after = injected(with_annotations("pod-of-a-deployment", **{REFERENCE: reference}), PLAN)
    assert {"name": "sentinel-reference", **volume} in after["spec"]["volumes"]
    check(after)


def test_a_volume_of_the_pods_own_is_used_and_kept() -> None:
    own = copy.deepcopy(pod("pod-of-a-deployment"))
    own["spec"]["volumes"].append({"name": "sentinel-data", "persistentVolumeClaim": {"claimName": "history"}})
    after = injected(own, PLAN)
    assert after["spec"]["volumes"] == own["spec"]["volumes"]
    assert removed(after) == own


def test_names_that_yaml_would_take_for_something_else_stay_names() -> None:
    for name in ("007", "on", "1e5", "a: b", "2026-11-01", "näme"):
        container = sidecar_of(injected(with_annotations("pod-of-a-deployment", **{MODEL: name}), PLAN))
        assert settings_of(container).model.name == name


@pytest.mark.parametrize(
    ("annotations", "said"),
    [
        ({PORT: "http"}, "'http' is no port"),
        ({PORT: "0"}, "'0' is no port"),
        ({PORT: "65536"}, "no port"),
        ({PORT: "١"}, "no port"),
        ({PORT: "9" * 5000}, "no port"),
        ({PORT: "8080,8080"}, "comes twice"),
        ({LISTEN: "8080"}, "both the model server's and the sidecar's"),
        ({LISTEN: "9108"}, "9108 is taken"),
        ({LISTEN: "8081,8082"}, "names 2 ports for 1"),
        ({CONFIG: "../secret"}, "no name of a Kubernetes object"),
        ({REFERENCE: "host/etc"}, "is not NAME of a ConfigMap"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(annotations: dict[str, str], said: str) -> None:
    with pytest.raises(Refused, match=said):
        injected(with_annotations("pod-of-a-deployment", **annotations), PLAN)


def test_a_container_of_that_name_that_is_not_the_sidecar_is_left_alone() -> None:
    redis = copy.deepcopy(pod("pod-of-a-deployment"))
    redis["spec"]["containers"][0] |= {"name": "sentinel", "command": ["redis-server", "--sentinel"]}
    assert removed(redis) is redis
    with pytest.raises(Refused, match="rename it"):
        injected(redis, PLAN)


def test_pods_on_the_hosts_network_are_refused() -> None:
    found = copy.deepcopy(pod("pod-of-a-deployment"))
    found["spec"]["hostNetwork"] = True
    with pytest.raises(Refused, match="host's network"):
        injected(found, PLAN)


@pytest.mark.parametrize("text", ["{", "[]", '"x"'])
def test_a_note_that_somebody_changed_stops_nothing(text: str) -> None:
    after = injected(pod("pod-of-a-deployment"), PLAN)
    after["metadata"]["annotations"][STATUS] = text
    assert "initContainers" not in removed(after)["spec"]


@pytest.mark.parametrize("kubernetes", [(1, 28), (1, 34)])
def test_the_container_is_that_of_the_chart(kubernetes: tuple[int, int], tmp_path: Any) -> None:
    """The same wish, said in values and in annotations: only where the settings come from differs."""
    values = {
        "kubeVersion": "{}.{}".format(*kubernetes),
        "fullnameOverride": "fraud",
        "config": {"relay": [{"listen": "0.0.0.0:9001", "upstream": "127.0.0.1:8080"}]},
        "reference": {"configMap": "fraud-reference"},
    }
    found = manifests({"sentinel": values}, parent_chart(tmp_path, own_values=False))
    template = one(found, "Deployment")["spec"]["template"]
    of_chart = sidecar_of({"spec": {**template["spec"], "initContainers": template["spec"]["initContainers"] or []}})
    asked = with_annotations("pod-of-a-deployment", **{LISTEN: "9001", CONFIG: "fraud", REFERENCE: "fraud-reference"})
    after = injected(asked, Plan(built_in(kubernetes)))
    mine = sidecar_of(after)
    mine["env"] = [item for item in mine["env"] if not item["name"].startswith("SENTINEL__")]
    assert mine == of_chart
    volumes = [volume for volume in after["spec"]["volumes"] if volume["name"].startswith("sentinel-")]
    assert sorted(volumes, key=str) == sorted(template["spec"]["volumes"], key=str)


def test_the_settings_in_the_pod_are_those_of_the_chart() -> None:
    document = yaml.safe_load(one(manifests({}), "ConfigMap")["data"]["sentinel.yaml"])
    settings = settings_of(sidecar_of(injected(pod("pod-of-a-deployment"), PLAN)))
    assert settings.store.url == document["store"]["url"]
    assert settings.process.drain_seconds == document["process"]["drain_seconds"]
    assert settings.gpu.enabled is document["gpu"]["enabled"] is False
