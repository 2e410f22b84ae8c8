"""What kubectl asks an API server before it reads a manifest: which kinds there are. Nothing else is answered.

A stand-in for the discovery of a cluster with the custom resources that the manifests use, after the Kubernetes API
reference; with it the real kubectl parses and prints objects (`--dry-run=client`) as it does before a real cluster.
"""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CLUSTER_WIDE = {"ClusterRole", "ClusterRoleBinding", "MutatingWebhookConfiguration"}
KINDS = {
    "v1": ["Pod", "Service", "ConfigMap", "Secret", "ServiceAccount", "PersistentVolumeClaim"],
    "apps/v1": ["Deployment", "StatefulSet", "DaemonSet"],
    "policy/v1": ["PodDisruptionBudget"],
    "networking.k8s.io/v1": ["NetworkPolicy"],
    "rbac.authorization.k8s.io/v1": ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"],
    "admissionregistration.k8s.io/v1": ["MutatingWebhookConfiguration"],
    "monitoring.coreos.com/v1": ["PodMonitor", "ServiceMonitor", "PrometheusRule"],
    "monitoring.coreos.com/v1alpha1": ["AlertmanagerConfig"],
    "cert-manager.io/v1": ["Issuer", "Certificate"],
    "argoproj.io/v1alpha1": ["Rollout", "AnalysisTemplate"],
    "flagger.app/v1beta1": ["Canary"],
    "serving.kserve.io/v1beta1": ["InferenceService"],
}


def _documents() -> dict[str, Any]:
    """Path -> answer."""
    groups: dict[str, list[str]] = {}
    for version in KINDS:
        groups.setdefault(version.rpartition("/")[0], []).append(version)
    found: dict[str, Any] = {
        "/api": {"kind": "APIVersions", "versions": groups.pop("")},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*item) for item in groups.items()]},
    }
    for version, kinds in KINDS.items():
        resources = [_resource(kind) for kind in kinds]
        document = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}
        found[f"/apis/{version}" if "/" in version else f"/api/{version}"] = document
    return found


def _group(name: str, versions: list[str]) -> dict[str, Any]:
    listed = [{"groupVersion": version, "version": version.rpartition("/")[2]} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _resource(kind: str) -> dict[str, Any]:
    singular = kind.lower()
    plural = f"{singular[:-1]}ies" if singular.endswith("y") else f"{singular}s"
    verbs = ["create", "get", "list", "patch"]
    namespaced = kind not in CLUSTER_WIDE
    return {"name": plural, "singularName": singular, "namespaced": namespaced, "kind": kind, "verbs": verbs}


class _Discovery(BaseHTTPRequestHandler):
    documents = _documents()

    def do_GET(self) -> None:
        found = self.documents.get(self.path.partition("?")[0])
        body = json.dumps(found or {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404}).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextlib.contextmanager
def discovery() -> Iterator[str]:
    """Address of the stand-in while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Discovery)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
