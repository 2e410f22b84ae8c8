"""Argo Rollouts: abort the update that is under way, or undo one that is complete.

Abort goes back to the stable ReplicaSet but leaves the new template in the spec; undo writes the earlier template.
RBAC: argoproj.io rollouts get, patch; rollouts/status patch; apps replicasets list; with workloadRef apps deployments
get, patch. Source: argoproj/argo-rollouts pkg/kubectl-argo-rollouts/cmd/{abort,undo}.
"""

from sentinel.rollback.retries import Answer, Settled
from sentinel.rollback.targets.api import already, refuse
from sentinel.rollback.targets.base import Configured
from sentinel.rollback.targets.kubernetes import (
    Cluster,
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

GROUP = "argoproj.io/v1alpha1"
HASH_LABEL = "rollouts-pod-template-hash"
REVISION = "rollout.argoproj.io/revision"
NOT_FOUND = 404


class ArgoRollouts(Configured):
    """Options: `namespace`, `name` (default: the model), `action` (auto, abort, undo), `version_label`."""

    async def ask(self, intent: Intent, attempt: int, now: float) -> Answer:
        cluster, options = cluster_of(self.settings, self.egress, now), self.settings.options
        path = cluster.path(GROUP, "rollouts", options.get("name") or intent.model)
        found = await cluster.get(path)
        done_before(found, intent)
        action = options.get("action", "auto")
        if action == "abort" or (action == "auto" and _in_progress(found)):
            return await _abort(cluster, path, found)
        return await _undo(cluster, path, found, intent, options.get("version_label", ""))


def _in_progress(found: Object) -> bool:
    status = found.get("status") or {}
    return bool(status.get("stableRS")) and status.get("currentPodHash") != status.get("stableRS")


async def _abort(cluster: Cluster, path: str, found: Object) -> Answer:
    if (found.get("status") or {}).get("abort"):
        raise already("the rollout is already aborted")
    if not _in_progress(found):
        raise refuse("nothing_in_progress", "no update is under way, so there is nothing to abort; use action undo")
    patch, kind = {"status": {"abort": True}}, "application/merge-patch+json"
    try:
        await cluster.patch(f"{path}/status", patch, kind)
    except Settled as settled:
        if settled.answer.status != NOT_FOUND:
            raise
        await cluster.patch(path, patch, kind)  # a custom resource without the status subresource
    return Answer("delivered", "delivered", 200, detail="the rollout was aborted")


async def _undo(cluster: Cluster, path: str, found: Object, intent: Intent, version_label: str) -> Answer:
    template_owner = found
    if reference := found["spec"].get("workloadRef"):
        path = cluster.path("apps/v1", "deployments", reference["name"])
        template_owner = await cluster.get(path)
        done_before(template_owner, intent)
    query = selector_query(found if found["spec"].get("selector") else template_owner)
    listed = await cluster.get(f"{cluster.path('apps/v1', 'replicasets')}?{query}")
    current = template_owner["spec"]["template"]
    chosen = choose(owned(listed, found, REVISION), current, intent, version_label)
    template = template_without(chosen["spec"]["template"], HASH_LABEL)
    if template == template_without(current, HASH_LABEL):
        raise already("the earlier revision is what is deployed")
    patch = undo_patch(template_owner, template, annotations_of(template_owner), intent)
    await cluster.patch(path, patch, "application/json-patch+json")
    return Answer("delivered", "delivered", 200, detail=f"undone to revision {annotations_of(chosen)[REVISION]}")
