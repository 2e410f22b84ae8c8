"""What leads traffic to the pods of a workload: Services that select them, and a Canary, from which come Services."""

import copy
from collections.abc import Mapping
from typing import Any

from sentinel.inject.wish import Listener

Object = dict[str, Any]
Targets = dict[int, int]
"""Target port as it is -> as it has to be."""


def forward(listeners: tuple[Listener, ...]) -> Targets:
    """Through the sidecar."""
    return {listener.upstream: listener.listen for listener in listeners}


def backward(listeners: tuple[Listener, ...]) -> Targets:
    """Past it."""
    return {listener.listen: listener.upstream for listener in listeners}


def leads_to(front: Object, workload: Object, labels: Mapping[str, str]) -> bool:
    """Whether this object sends traffic to that workload, whose pods have these labels."""
    if front.get("kind") not in ("Service", "Canary"):
        return False
    spaces = {thing["metadata"].get("namespace") for thing in (front, workload)} - {None}
    if front["kind"] == "Canary":
        named = front["spec"]["targetRef"]
        is_meant = (named["kind"], named["name"]) == (workload["kind"], workload["metadata"]["name"])
    else:
        selector = front["spec"].get("selector") or {}
        is_meant = bool(selector) and selector.items() <= labels.items()
    return is_meant and len(spaces) < 2


def led(front: Object, targets: Targets) -> Object:
    """The same with its numeric target ports replaced; a port without a target leads to its own number."""
    changed = copy.deepcopy(front)
    spec = changed["spec"]
    for port in [spec["service"]] if front["kind"] == "Canary" else spec.get("ports") or []:
        target = port.get("targetPort", port["port"])
        if port.get("protocol", "TCP") == "TCP" and target in targets:
            port["targetPort"] = targets[target]
    return changed
