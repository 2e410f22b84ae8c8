"""What the Kubernetes targets share: the API server from inside a pod, ReplicaSets by revision, safe patches.

A patch tests the resourceVersion that was read, so that it never lands on an object that someone else changed in
between, and it leaves the intent's id in an annotation, so that the same request asked again does nothing.
Contract: Kubernetes API conventions (JSON Patch RFC 6902, dryRun=All, optimistic concurrency); kubectl rollout undo.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from sentinel.config.settings import TargetSettings
from sentinel.rollback.egress import Egress
from sentinel.rollback.targets.api import CONFLICTS, Api, already, refuse
from sentinel.store.contract import Intent

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
API_SERVER = "https://kubernetes.default.svc"
ROLLBACK_ID = "sentinel-sidecar.github.io/rollback-id"
"""Annotation with the id of the last rollback that was carried out on an object."""

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cluster:
    """The API server as one target may use it."""

    api: Api
    namespace: str
    dry_run_first: bool

    def path(self, group: str, kind: str, name: str = "") -> str:
        """Path of a namespaced resource such as ("apps/v1", "deployments", "fraud")."""
        base = f"/apis/{group}/namespaces/{quote(self.namespace, safe='')}/{kind}"
        return f"{base}/{quote(name, safe='')}" if name else base

    async def get(self, path: str) -> Object:
        return await self.api.call("GET", path)

    async def patch(self, path: str, patch: Any, content_type: str) -> Object:
        """Patch, after the server agreed to it in a dry run."""
        body, headers = json.dumps(patch).encode(), {"Content-Type": content_type}
        if self.dry_run_first:
            await self.api.call("PATCH", f"{path}?dryRun=All", body, headers)
        return await self.api.call("PATCH", path, body, headers)


def cluster_of(settings: TargetSettings, egress: Egress, now: float) -> Cluster:
    """Options: `namespace` (default default), `server_dry_run` (default true)."""
    return Cluster(
        Api(egress, settings.url or API_SERVER, now, settings.secret_file or f"{SERVICE_ACCOUNT}/token", CONFLICTS),
        namespace=settings.options.get("namespace", "default"),
        dry_run_first=settings.options.get("server_dry_run", "true") != "false",
    )


def annotations_of(found: Object) -> dict[str, str]:
    return dict(found.get("metadata", {}).get("annotations") or {})


def done_before(found: Object, intent: Intent) -> None:
    """Raises Settled when this very request was already carried out on the object."""
    if annotations_of(found).get(ROLLBACK_ID) == intent.id:
        raise already("this request was already carried out")


def undo_patch(found: Object, template: Object, annotations: Mapping[str, str], intent: Intent) -> list[Object]:
    """JSON Patch that puts `template` in place, if the object is still the one that was read."""
    return [
        {"op": "test", "path": "/metadata/resourceVersion", "value": found["metadata"]["resourceVersion"]},
        {"op": "replace", "path": "/spec/template", "value": template},
        {"op": "add", "path": "/metadata/annotations", "value": {**annotations, ROLLBACK_ID: intent.id}},
    ]


def selector_query(found: Object) -> str:
    """The label selector of a workload as a query; `matchExpressions` included."""
    selector = found["spec"]["selector"]
    terms = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for expression in selector.get("matchExpressions") or []:
        key, values = expression["key"], ",".join(expression.get("values") or [])
        operator = expression["operator"]
        terms.append(
            {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}.get(operator, f"!{key}")
        )
    return urlencode({"labelSelector": ",".join(terms)})


def owned(listed: Object, owner: Object, revision_annotation: str) -> list[Object]:
    """ReplicaSets that the workload controls and that carry a revision, newest first."""
    uid = owner["metadata"]["uid"]
    mine = [
        item
        for item in listed.get("items") or []
        if any(ref.get("uid") == uid and ref.get("controller") for ref in item["metadata"].get("ownerReferences") or [])
    ]
    numbered = [item for item in mine if annotations_of(item).get(revision_annotation, "").isdigit()]
    return sorted(numbered, key=lambda item: -int(annotations_of(item)[revision_annotation]))


def template_without(template: Object, hash_label: str) -> Object:
    """The pod template without the label that the controller adds."""
    metadata = dict(template.get("metadata") or {})
    metadata["labels"] = {key: value for key, value in (metadata.get("labels") or {}).items() if key != hash_label}
    return {**template, "metadata": metadata}


def version_of(template: Object, label: str) -> str:
    """The model version that a pod template carries in a label or annotation; "" when it does not."""
    metadata = template.get("metadata") or {}
    for place in ("labels", "annotations"):
        if label in (metadata.get(place) or {}):
            return str(metadata[place][label])
    return ""


def choose(replica_sets: Sequence[Object], current: Object, intent: Intent, version_label: str) -> Object:
    """The ReplicaSet to go back to. Raises Settled when the live version is not the one judged, or none is there.

    With a version label: the newest of the version to go to. Without: the one before the newest, as kubectl does.
    """
    if not version_label:
        if len(replica_sets) < 2:
            raise refuse("no_revision", "there is no earlier revision; check revisionHistoryLimit")
        return replica_sets[1]
    live = version_of(current, version_label)
    if live != intent.from_version:
        raise already(f"version {live!r} is deployed, not the one judged")
    for item in replica_sets:
        if version_of(item["spec"]["template"], version_label) == intent.to_version:
            return item
    raise refuse("no_revision", f"no revision carries {version_label}={intent.to_version}")
