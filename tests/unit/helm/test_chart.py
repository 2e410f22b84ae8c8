"""The chart renders to what an API server accepts, on old and new clusters, with every option on and off."""

import itertools
from typing import Any

import helm_python
import pytest
import yaml

from helm.chart_files import chart_files
from sentinel.config import parse
from tests.support.helm_chart import CHART, ROOT, kinds, manifests, merged, one, parent_chart, rendered
from tests.support.helm_schemas import check
from tests.support.helm_values import EVERYTHING, FLEET, OPTIONS

KUBERNETES = ("1.25", "1.29", "1.34")


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("values", [*OPTIONS.values(), EVERYTHING], ids=[*OPTIONS, "everything"])
def test_every_manifest_is_accepted(version: str, values: dict[str, Any]) -> None:
    for manifest in manifests(merged(values, {"kubeVersion": version})):
        check(manifest, version)


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("values", [*OPTIONS.values(), EVERYTHING], ids=[*OPTIONS, "everything"])
def test_the_sidecar_in_a_pod_is_accepted(version: str, values: dict[str, Any], parent: Any) -> None:
    for manifest in manifests({"sentinel": merged(values, {"kubeVersion": version})}, parent):
        check(manifest, version)


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return parent_chart(tmp_path_factory.mktemp("parent"), own_values=False)


def pod(values: dict[str, Any], parent: Any) -> dict[str, Any]:
    spec: dict[str, Any] = one(manifests({"sentinel": values}, parent), "Deployment", "image-classifier")["spec"]
    return spec["template"]["spec"]


def sidecar(values: dict[str, Any], parent: Any) -> dict[str, Any]:
    spec = pod(values, parent)
    found = [*(spec["initContainers"] or []), *spec["containers"]]
    (container,) = [container for container in found if container["name"] == "sentinel"]
    return container


@pytest.mark.parametrize(
    ("version", "native", "expected"),
    [
        ("1.25", "auto", False),
        ("1.28.9", "auto", False),
        ("1.29", "auto", True),
        ("v1.34.1", "auto", True),
        ("1.28", "always", True),
        ("1.34", "never", False),
    ],
)
def test_it_is_a_native_sidecar_where_the_cluster_has_them(
    version: str, native: str, expected: bool, parent: Any
) -> None:
    values = {"kubeVersion": version, "sidecar": {"native": native}}
    container = sidecar(values, parent)
    assert (container in (pod(values, parent)["initContainers"] or [])) is expected
    assert (container.get("restartPolicy") == "Always") is expected
    assert ("lifecycle" in container) is not expected  # beside the model it must outlast the endpoints' removal


def test_no_probe_of_the_sidecar_asks_the_model_or_the_observer(parent: Any) -> None:
    container = sidecar({}, parent)
    assert "livenessProbe" not in container
    assert container["startupProbe"]["tcpSocket"] == container["readinessProbe"]["tcpSocket"] == {"port": 8081}


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["nothing", "everything"])
def test_containers_are_locked_down(values: dict[str, Any], parent: Any) -> None:
    found = manifests(merged(values, FLEET))
    specs = [m["spec"]["template"]["spec"] for m in found if m["kind"] == "Deployment"] + [one(found, "Pod")["spec"]]
    containers = [sidecar(values, parent), *(c for spec in specs for c in spec["containers"])]
    assert all(spec["automountServiceAccountToken"] is False for spec in specs)
    for container in containers:
        security = container["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] == 65532
        assert security["readOnlyRootFilesystem"] is True
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["resources"]["requests"]["memory"] == container["resources"]["limits"]["memory"]
        assert "cpu" not in container["resources"]["limits"]


def test_the_memory_limit_leaves_a_third_above_what_was_measured(parent: Any) -> None:
    rows = (ROOT / "docs/benchmarks/memory.md").read_text().splitlines()
    most = sum(
        int(row.split("|")[4]) for row in rows if row.split("|")[1:2] in ([" supervisor "], [" relay "], [" observer "])
    )
    limit = sidecar({}, parent)["resources"]["limits"]["memory"]
    assert limit.endswith("Mi")
    assert int(limit.removesuffix("Mi")) * 2**20 >= 4 / 3 * most * 1e6


@pytest.mark.parametrize(
    ("name", "resources"),
    [
        ("deployment", {"deployments", "replicasets"}),
        ("kserve", {"inferenceservices"}),
        ("rollout", {"rollouts", "rollouts/status", "replicasets"}),
    ],
)
def test_a_target_gets_a_role_for_its_object_alone(name: str, resources: set[str], parent: Any) -> None:
    found = manifests(OPTIONS[name])
    role, binding = one(found, "Role"), one(found, "RoleBinding")
    options = OPTIONS[name]["config"]["rollback"]["targets"][0]["options"]
    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == options.get("namespace", "serving")
    assert {resource for rule in role["rules"] for resource in rule["resources"]} == resources
    named = [rule for rule in role["rules"] if rule["verbs"] != ["list"]]
    assert all(rule["resourceNames"] == [options.get("name", "fraud")] for rule in named)
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "fraud-sentinel", "namespace": "serving"}]
    assert "sentinel-token" in mounts(sidecar(OPTIONS[name], parent))


def mounts(container: dict[str, Any]) -> set[str]:
    return {mount["name"] for mount in container["volumeMounts"]}


def test_without_a_kubernetes_target_there_is_no_role_and_no_token(parent: Any) -> None:
    values = {"config": {"rollback": {"targets": [{"name": "t", "url": "https://deploy.example/"}]}}}
    assert not kinds(manifests(values)) & {"Role", "RoleBinding"}
    assert "sentinel-token" not in mounts(sidecar(values, parent))


def test_the_token_is_the_sidecars_alone(parent: Any) -> None:
    spec = pod(OPTIONS["deployment"], parent)
    (model,) = [container for container in spec["containers"] if container["name"] == "model"]
    assert spec["automountServiceAccountToken"] is False
    assert "volumeMounts" not in model


def settings(found: list[Any], name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(one(found, "ConfigMap", name)["data"]["sentinel.yaml"])
    return document


def test_with_a_fleet_sidecars_measure_and_only_the_fleet_can_roll_back(parent: Any) -> None:
    values = merged(FLEET, OPTIONS["deployment"])
    found = manifests(values)
    assert settings(found, "fraud-sentinel")["fleet"] == {"member": True}
    assert "rollback" not in settings(found, "fraud-sentinel")
    assert settings(found, "fraud-sentinel-fleet")["rollback"]["targets"]
    assert "sentinel-token" not in mounts(sidecar(values, parent))
    assert "sentinel-token" in mounts(one(found, "Deployment")["spec"]["template"]["spec"]["containers"][0])


@pytest.mark.parametrize("values", [*OPTIONS.values(), EVERYTHING], ids=[*OPTIONS, "everything"])
def test_sentinel_accepts_every_configuration_that_is_rendered(values: dict[str, Any]) -> None:
    texts = [
        manifest["data"]["sentinel.yaml"]
        for manifest in manifests(values)
        if "sentinel.yaml" in manifest.get("data", {})
    ]
    assert len(texts) == 1 + sum("enabled" in values.get(part, {}) for part in ("fleet", "injector"))
    for text in texts:
        parse(yaml.safe_load(text))


def test_the_url_of_the_database_is_only_ever_a_reference_to_a_secret() -> None:
    text = "\n".join(rendered(EVERYTHING).values())
    assert "secretKeyRef" in text
    assert "url" not in settings(manifests(EVERYTHING), "fraud-sentinel")["store"]


def test_ports_follow_the_configuration(parent: Any) -> None:
    values = {
        "config": {
            "relay": [{"listen": "0.0.0.0:9000"}, {"listen": "0.0.0.0:9001"}],
            "telemetry": {"listen": "0.0.0.0:9300"},
        }
    }
    container = sidecar(values, parent)
    assert [port["containerPort"] for port in container["ports"]] == [9000, 9001, 9300]
    assert container["readinessProbe"]["tcpSocket"] == {"port": 9000}
    assert one(manifests(values), "Service")["spec"]["ports"][0]["targetPort"] == 9300


@pytest.mark.parametrize("name", ["nothing", "reference_config_map", "reference_secret", "reference_claim"])
def test_a_reference_is_named_where_it_is_mounted(name: str, parent: Any) -> None:
    reference = OPTIONS[name].get("reference")
    assert ("sentinel-reference" in mounts(sidecar(OPTIONS[name], parent))) is bool(reference)
    expected = {"path": f"/etc/sentinel/reference/{reference.get('key', 'reference.sentinel')}"} if reference else None
    assert settings(manifests(OPTIONS[name]), "fraud-sentinel").get("reference") == expected


def test_whole_numbers_stay_whole() -> None:
    found = manifests({"config": {"capture": {"max_body_bytes": 1073741824}, "store": {"spool_max_bytes": 67108864}}})
    document = settings(found, "fraud-sentinel")
    assert document["capture"]["max_body_bytes"] == 1073741824
    assert isinstance(document["store"]["spool_max_bytes"], int)


def test_alert_rules_arrive_as_they_are() -> None:
    found = [m for m in manifests(OPTIONS["rules"]) if m["kind"] == "PrometheusRule"]
    written = [yaml.safe_load(path.read_text()) for path in sorted(ROOT.glob("alerts/sentinel-*.yml"))]
    assert sorted((m["spec"] for m in found), key=str) == sorted(written, key=str)
    assert any(
        "{{ $labels." in rule["annotations"]["description"] for m in found for rule in m["spec"]["groups"][0]["rules"]
    )


def test_optional_alerts_come_where_they_are_asked_for() -> None:
    def named(option: str) -> set[str]:
        rules = [m["spec"]["groups"] for m in manifests(OPTIONS[option]) if m["kind"] == "PrometheusRule"]
        return {rule["alert"] for groups in rules for group in groups for rule in group["rules"] if "alert" in rule}

    assert named("optional_rules") - named("rules") == {"SentinelMissingOnPod", "SentinelWatchdog"}


def test_dashboards_arrive_as_they_are() -> None:
    found = [m for m in manifests(OPTIONS["dashboards"]) if "grafana_dashboard" in m["metadata"]["labels"]]
    written = {f"sentinel-{path.name}": path.read_text().strip() for path in ROOT.glob("dashboards/*.json")}
    assert {name: text.strip() for m in found for name, text in m["data"].items()} == written


def test_monitors_scrape_under_the_job_that_the_alerts_look_for() -> None:
    values = merged(OPTIONS["pod_monitor"], OPTIONS["service_monitor"], FLEET)
    found = manifests(values)
    labels = {one(found, "Deployment")["spec"]["template"]["metadata"]["labels"]["sentinel"], "fraud-sentinel"}
    for kind, key in (("PodMonitor", "podMetricsEndpoints"), ("ServiceMonitor", "endpoints")):
        spec = one(found, kind)["spec"]
        assert set(spec["selector"]["matchExpressions"][0]["values"]) == labels
        assert spec[key][0]["relabelings"][0]["replacement"] == "sentinel"


WRONG = {
    "unknown key": ({"replicas": 3}, "replicas"),
    "unknown setting": ({"config": {"capture": {"sample_ration": 0.1}}}, "sample_ration"),
    "out of bounds": ({"config": {"capture": {"sample_ratio": 2}}}, "sample_ratio"),
    "unknown word": ({"sidecar": {"native": "maybe"}}, "native"),
    "digest": ({"image": {"digest": "latest"}}, "digest"),
    "object name": ({"database": {"existingSecret": "My Secret"}}, "existingSecret"),
    "interval": ({"monitoring": {"podMonitor": {"interval": "soon"}}}, "interval"),
    "no replicas": ({"fleet": {"replicas": 0}}, "replicas"),
    "quantity": ({"sidecar": {"resources": {"limits": {"memory": "much"}}}}, "memory"),
    "fleet without database": ({"fleet": {"enabled": True}}, "database.existingSecret"),
    "monitor without service": (
        {"service": {"enabled": False}, "monitoring": {"serviceMonitor": {"enabled": True}}},
        "service.enabled",
    ),
    "two references": ({"reference": {"configMap": "a", "secret": "b"}}, "reference"),
}


@pytest.mark.parametrize(("values", "named"), WRONG.values(), ids=WRONG)
def test_wrong_values_are_refused_by_name(values: dict[str, Any], named: str) -> None:
    with pytest.raises(helm_python.HelmError) as refused:
        rendered(values)
    assert named in str(refused.value)


def test_lint_finds_no_fault() -> None:
    report = helm_python.lint(CHART, strict=True)
    assert report["errors"] == []


def test_each_value_is_explained() -> None:
    """Every group and single value at the top carries a comment."""
    lines = (CHART / "values.yaml").read_text().splitlines()
    top = [index for index, line in enumerate(lines) if line and not line.startswith((" ", "#"))]
    for start, end in itertools.pairwise([*top, len(lines)]):
        block = [lines[start - 1], *lines[start:end]]
        assert any("#" in line for line in block), lines[start]


def test_files_in_the_chart_are_those_of_the_project() -> None:
    differ = [name for name, text in chart_files().items() if (CHART / name).read_text() != text]
    assert not differ, f"make chart-files: {differ}"
    there = {str(path.relative_to(CHART)) for path in (CHART / "files").rglob("*.*")}
    assert there <= set(chart_files())


def test_the_notes_say_what_to_do_next() -> None:
    notes = rendered({})["sentinel/templates/NOTES.txt"]
    assert "targetPort: 8081" in notes
    assert "reference.configMap" in notes
    assert "PodMonitor" in notes or "podMonitor" in notes
