"""Kubernetes Deployment: what `kubectl rollout undo` does, with a test of what was read and a server dry run.

RBAC: apps deployments get, patch (by resourceName); apps replicasets list.
Limits: revisionHistoryLimit, a paused Deployment, and a GitOps controller that puts the new version back.
Source: kubernetes/kubectl pkg/polymorphichelpers/rollback.go.
"""

from sentinel.rollback.retries import Answer
from sentinel.rollback.targets.api import already, refuse
from sentinel.rollback.targets.base import Configured
from sentinel.rollback.targets.kubernetes import (
    Object,
    annotations_of,
    choose,
    cluster_of,
    done_before,
    owned,
    selector_query,
    template_without,
    undo_patch,
)
from sentinel.store.contract import Intent

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
KEPT_ANNOTATIONS = (
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
)
"""Annotations that belong to the Deployment and are not taken from the ReplicaSet (annotationsToSkip in kubectl)."""


class DeploymentUndo(Configured):
    """Options: `namespace`, `name` (default: the model), `version_label`, `server_dry_run`."""

    async def ask(self, intent: Intent, attempt: int, now: float) -> Answer:
        cluster, options = cluster_of(self.settings, self.egress, now), self.settings.options
        path = cluster.path("apps/v1", "deployments", options.get("name") or intent.model)
        found = await cluster.get(path)
        done_before(found, intent)
        if found["spec"].get("paused"):
            raise refuse("target_paused", "the Deployment is paused; resume it or roll back by hand")
        listed = await cluster.get(f"{cluster.path('apps/v1', 'replicasets')}?{selector_query(found)}")
        chosen = choose(
            owned(listed, found, REVISION), found["spec"]["template"], intent, options.get("version_label", "")
        )
        template = template_without(chosen["spec"]["template"], HASH_LABEL)
        if template == template_without(found["spec"]["template"], HASH_LABEL):
            raise already("the earlier revision is what is deployed")
        patch = undo_patch(found, template, _annotations(found, chosen), intent)
        await cluster.patch(path, patch, "application/json-patch+json")
        return Answer("delivered", "delivered", 200, detail=f"undone to revision {annotations_of(chosen)[REVISION]}")


def _annotations(found: Object, chosen: Object) -> dict[str, str]:
    kept = {key: value for key, value in annotations_of(found).items() if key in KEPT_ANNOTATIONS}
    taken = {key: value for key, value in annotations_of(chosen).items() if key not in KEPT_ANNOTATIONS}
    return taken | kept
