"""Values of the chart: each option alone, and all that go together."""

from typing import Any

from tests.support.helm_chart import merged

FLEET = {"fleet": {"enabled": True}, "database": {"existingSecret": "postgresql"}}


def target(kind: str, **options: str) -> dict[str, Any]:
    return {
        "config": {
            "model": {"name": "fraud"},
            "rollback": {"targets": [{"name": "t", "type": kind, "options": options}]},
        }
    }


OPTIONS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "fleet": FLEET,
    "database": {"database": {"existingSecret": "postgresql"}},
    "pod_monitor": {"monitoring": {"podMonitor": {"enabled": True}, "labels": {"release": "prometheus"}}},
    "service_monitor": {"monitoring": {"serviceMonitor": {"enabled": True}}},
    "rules": {"monitoring": {"prometheusRule": {"enabled": True}}},
    "optional_rules": {"monitoring": {"prometheusRule": {"enabled": True, "missingOnPod": True, "watchdog": True}}},
    "dashboards": {"monitoring": {"dashboards": {"enabled": True}}},
    "network_policy": {"networkPolicy": {"enabled": True, "clients": [{"podSelector": {}}]}},
    "reference_config_map": {"reference": {"configMap": "fraud-reference"}},
    "reference_secret": {"reference": {"secret": "fraud-reference"}},
    "reference_claim": {"reference": {"persistentVolumeClaim": "references", "key": "fraud/1.sentinel"}},
    "secrets": {"secrets": ["deployer", "admin-token"], "image": {"pullSecrets": ["registry"]}},
    "gpu": {"sidecar": {"gpu": {"enabled": True}, "env": [{"name": "TZ", "value": "UTC"}]}},
    "bare": {"service": {"enabled": False}, "serviceAccount": {"create": False, "name": "mine"}},
    "deployment": target("kubernetes_deployment"),
    "rollout": target("argo_rollouts", name="fraud-rollout", namespace="models"),
    "kserve": target("kserve"),
    "injector": {"injector": {"enabled": True}},
    "injector_cert_manager": {
        "injector": {
            "enabled": True,
            "certManager": {"enabled": True, "issuerRef": {"kind": "ClusterIssuer", "name": "ca"}},
        }
    },
    "injector_self_signed": {"injector": {"enabled": True, "certManager": {"enabled": True}}},
    "alertmanager": {"monitoring": {"alertmanagerConfig": {"enabled": True, "secrets": {"on-call": "pager"}}}},
}
EVERYTHING = merged(
    *(OPTIONS[name] for name in ("fleet", "pod_monitor", "service_monitor", "rules", "dashboards", "reference_claim")),
    {"networkPolicy": {"enabled": True, "fleetEgress": [{"ports": [{"port": 5432, "protocol": "TCP"}]}]}},
    *(OPTIONS[name] for name in ("secrets", "gpu", "rollout", "injector", "alertmanager")),
)
