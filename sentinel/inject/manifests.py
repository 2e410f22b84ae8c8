"""Whole manifests: which kinds hold pods, and the Services before them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from sentinel.inject import kserve, pod
from sentinel.inject.container import Plan
from sentinel.inject.fronts import Targets, backward, forward, leads_to, led
from sentinel.inject.mark import listeners_in, status_of
from sentinel.inject.patch import difference
from sentinel.inject.wish import Listener, Refused, listeners_of
from sentinel.inject.words import INJECT

Object = dict[str, Any]

TEMPLATE = ("spec", "template")
PODS: dict[str, tuple[str, ...]] = {
    "Pod": (),
    "Deployment": TEMPLATE,
    "StatefulSet": TEMPLATE,
    "DaemonSet": TEMPLATE,
    "Rollout": TEMPLATE,
}
"""Where a kind holds its pods."""
INFERENCE_SERVICE = "InferenceService"


@dataclass(slots=True)
class Changed:
    """documents: all of them, in their order. notes: what was left as it is, and why. hints: what is left to do."""

    documents: list[Object]
    notes: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)


def inject(documents: Iterable[Object], plan: Plan, names: frozenset[str] = frozenset()) -> Changed:
    """Put the sidecar into every workload, or those of these names, and lead the Services before them to it."""

    def change(document: Object) -> Object:
        metadata = document["metadata"]
        own = replace(plan, namespace=metadata.get("namespace", plan.namespace), workload=metadata.get("name", ""))
        if document["kind"] == INFERENCE_SERVICE:
            return kserve.injected(document, own)
        return _in_pods(document, lambda found: pod.injected(found, own))

    return _changed(documents, change, names, forward)


def remove(documents: Iterable[Object], names: frozenset[str] = frozenset()) -> Changed:
    """Take it out of them again, and lead the Services back."""

    def change(document: Object) -> Object:
        if document["kind"] == INFERENCE_SERVICE:
            return kserve.removed(document)
        return _in_pods(document, pod.removed)

    return _changed(documents, change, names, backward)


def as_component(before: Iterable[Object], after: Iterable[Object]) -> Object:
    """The same change as a component of Kustomize: JSON patches, which replace no list whatever the kind."""
    patches = [
        {"target": _target(old), "patch": yaml.safe_dump(operations, sort_keys=False, width=120)}
        for old, new in zip(before, after, strict=True)
        if (operations := difference(old, new))
    ]
    return {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "patches": patches}


def _target(document: Object) -> Object:
    group = document["apiVersion"].rpartition("/")[0]
    return {**({"group": group} if group else {}), "kind": document["kind"], "name": document["metadata"]["name"]}


def led_by_annotations(service: Object, plan: Plan) -> Object:
    """The Service as its own annotations ask for it: the webhook sees no pods with it. Raises Refused."""
    annotations = service["metadata"].get("annotations") or {}
    return led(service, forward(listeners_of(annotations, plan.template.own_ports)))


def _changed(
    documents: Iterable[Object],
    change: Callable[[Object], Object],
    names: frozenset[str],
    targets: Callable[[tuple[Listener, ...]], Targets],
) -> Changed:
    result = Changed([])
    workloads: list[tuple[Object, Targets]] = []
    for document in documents:
        after = document
        if _is_meant(document, names):
            try:
                after = change(document)
            except Refused as reason:
                result.notes.append(f"{document['kind']} {document['metadata'].get('name', '')}: {reason}")
            if listeners := _listeners(document, after):
                workloads.append((document, targets(listeners)))
        result.documents.append(after)
    for workload, leads in workloads:
        _lead(result, workload, leads)
    return result


def _lead(result: Changed, workload: Object, targets: Targets) -> None:
    """Change what sends traffic to a workload, in place; without any, say what is left to do."""
    labels = ((_pods_in(workload) or {}).get("metadata") or {}).get("labels") or {}
    fronts = [leads_to(document, workload, labels) for document in result.documents]
    pairs = zip(result.documents, fronts, strict=True)
    result.documents = [led(document, targets) if is_front else document for document, is_front in pairs]
    if not any(fronts):
        ports = ", ".join(f"{before} → {after}" for before, after in targets.items())
        what = f"{workload['kind']} {workload['metadata'].get('name', '')}"
        result.hints.append(
            f"nothing here leads to {what}: where a Service names a target port by number, change {ports}"
        )


def _is_meant(document: Object, names: frozenset[str]) -> bool:
    metadata = document.get("metadata") or {}
    kind = document.get("kind")
    if kind == INFERENCE_SERVICE:
        labels = metadata.get("labels") or {}
    elif kind in PODS and _pods_in(document) is not None:
        labels = (_pods_in(document) or {}).get("metadata", {}).get("labels") or {}
    else:
        return False
    return labels.get(INJECT) != "false" and (not names or metadata.get("name") in names)


def _pods_in(document: Object) -> Object | None:
    """The pod or pod template in a document; None where another object holds it (a Rollout with workloadRef)."""
    found: Any = document
    for key in PODS[document["kind"]]:
        found = found.get(key) or {}
    return found if "spec" in found else None


def _in_pods(document: Object, change: Callable[[Object], Object]) -> Object:
    before = _pods_in(document)
    after = change(before) if before is not None else before
    if after is before or after is None:
        return document
    if document["kind"] == "Pod":
        return after
    return {**document, "spec": {**document["spec"], "template": after}}


def _listeners(before: Object, after: Object) -> tuple[Listener, ...]:
    """Noted in the pods after the sidecar was put in, or before it was taken out. None for what KServe makes itself."""
    if before["kind"] == INFERENCE_SERVICE:
        return ()
    return next(
        (found for document in (after, before) if (found := listeners_in(status_of(_pods_in(document) or {})))), ()
    )
