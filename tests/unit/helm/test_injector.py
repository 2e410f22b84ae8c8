"""The webhook in the chart: it cannot hold up a pod, has the rights for two objects, and adds what the chart adds."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml

from sentinel.cli.parser import build_parser
from sentinel.inject.container import Plan
from sentinel.inject.pod import injected
from sentinel.inject.template import read, with_settings
from sentinel.inject.words import CONFIG, DOMAIN, INJECT, INJECTION
from tests.support.helm_chart import manifests, merged, one, parent_chart
from tests.support.inject_reviews import pod, sidecar_of

ON = {"injector": {"enabled": True}}
CERT_MANAGER = merged(ON, {"injector": {"certManager": {"enabled": True}}})
VALUES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "reference": {"reference": {"secret": "fraud-reference"}},
    "database": {"database": {"existingSecret": "postgresql"}, "secrets": ["deployer"]},
    "resources": {"sidecar": {"resources": {"limits": {"memory": "512Mi"}}, "gpu": {"enabled": True}}},
    "ports": {"config": {"relay": [{"listen": "0.0.0.0:9001"}], "telemetry": {"listen": "0.0.0.0:9300"}}},
}


def webhooks(values: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = one(manifests(values), "MutatingWebhookConfiguration")["webhooks"]
    return found


def test_it_is_off_by_default() -> None:
    assert not [m for m in manifests({}) if "njector" in m["metadata"]["name"]]


@pytest.mark.parametrize("values", [ON, CERT_MANAGER], ids=["own", "cert-manager"])
def test_it_cannot_hold_up_a_pod_and_sees_only_what_opted_in(values: dict[str, Any]) -> None:
    for webhook in webhooks(values):
        assert webhook["failurePolicy"] == "Ignore"
        assert webhook["sideEffects"] == "None"
        assert webhook["reinvocationPolicy"] == "IfNeeded"
        assert webhook["timeoutSeconds"] <= 5
        assert webhook["namespaceSelector"] == {"matchLabels": {INJECTION: "enabled"}}
        assert webhook["objectSelector"] == {"matchLabels": {INJECT: "true"}}
        assert webhook["name"].endswith(DOMAIN)


def test_its_own_pods_do_not_ask_for_injection() -> None:
    labels = one(manifests(ON), "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert INJECT not in labels


def rights(found: list[dict[str, Any]]) -> set[tuple[str, str, tuple[str, ...]]]:
    rules = [rule for m in found if m["kind"] in ("Role", "ClusterRole") for rule in m["rules"]]
    return {
        (resource, verb, tuple(rule.get("resourceNames", [])))
        for rule in rules
        for resource, verb in itertools.product(rule["resources"], rule["verbs"])
    }


def test_it_may_renew_one_secret_and_tell_one_configuration() -> None:
    secret, configuration = ("fraud-sentinel-injector-tls",), ("serving-fraud-sentinel-injector",)
    assert rights(manifests(ON)) == {
        ("secrets", "get", secret),
        ("secrets", "update", secret),
        ("mutatingwebhookconfigurations", "get", configuration),
        ("mutatingwebhookconfigurations", "patch", configuration),
    }


def test_with_cert_manager_it_has_no_rights_and_no_token() -> None:
    found = manifests(CERT_MANAGER)
    assert rights(found) == set()
    spec = one(found, "Deployment")["spec"]["template"]["spec"]
    assert "token" not in {volume["name"] for volume in spec["volumes"]}
    certificate, secret = one(found, "Certificate")["spec"], spec["volumes"][-1]["secret"]["secretName"]
    service = one(found, "Service", "fraud-sentinel-injector")["metadata"]["name"]
    assert certificate["secretName"] == secret
    assert certificate["dnsNames"] == [f"{service}.serving.svc"]
    annotation = one(found, "MutatingWebhookConfiguration")["metadata"]["annotations"]["cert-manager.io/inject-ca-from"]
    assert annotation == f"serving/{one(found, 'Certificate')['metadata']['name']}"


@pytest.mark.parametrize("values", [ON, CERT_MANAGER], ids=["own", "cert-manager"])
def test_its_names_agree(values: dict[str, Any]) -> None:
    found = manifests(values)
    container = one(found, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    arguments = build_parser().parse_args(container["args"])
    if not arguments.certificate:
        assert arguments.secret == one(found, "Secret")["metadata"]["name"]
        assert arguments.webhook == one(found, "MutatingWebhookConfiguration")["metadata"]["name"]
        assert arguments.namespace == "serving"
        assert arguments.service == one(found, "Service", "fraud-sentinel-injector")["metadata"]["name"]
    for webhook in webhooks(values):
        assert webhook["clientConfig"]["service"]["name"] == "fraud-sentinel-injector"
        assert webhook["clientConfig"]["service"]["path"] == "/mutate"


@pytest.mark.parametrize("version", ["1.28", "1.34"])
@pytest.mark.parametrize("name", VALUES)
def test_it_adds_the_sidecar_that_the_chart_puts_into_its_own_pods(name: str, version: str, tmp_path: Path) -> None:
    """Its template and the parent chart's pod come from the same values: the same container, but for its settings."""
    values = merged(VALUES[name], ON, {"kubeVersion": version})
    data = one(manifests(values), "ConfigMap", "fraud-sentinel-injector")["data"]
    (tmp_path / "pod.yaml").write_text(data["pod.yaml"])
    plan = Plan(with_settings(read(tmp_path / "pod.yaml"), yaml.safe_load(data["sentinel.yaml"])))
    asked = pod("pod-of-a-deployment")
    asked["metadata"]["annotations"][CONFIG] = "fraud-sentinel"
    after = injected(asked, plan)
    mine = sidecar_of(after)
    mine["env"] = [item for item in mine["env"] if "RELAY" not in item["name"] and "MODEL" not in item["name"]]
    chart = one(
        manifests({"sentinel": values}, parent_chart(tmp_path, own_values=False)), "Deployment", "image-classifier"
    )
    spec = chart["spec"]["template"]["spec"]
    assert mine == sidecar_of({"spec": {**spec, "initContainers": spec["initContainers"] or []}})
    added = [volume for volume in after["spec"]["volumes"] if volume not in asked["spec"]["volumes"]]
    assert added == spec["volumes"]
