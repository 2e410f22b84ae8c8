"""A pod, or a pod template, with the sidecar in it; and without it again. Values in, values out."""

import copy
from typing import Any

from sentinel.inject import ports
from sentinel.inject.container import Plan, container_for, volumes_for
from sentinel.inject.mark import listeners_in, marked, put, status_of, unmarked
from sentinel.inject.wish import Refused, wish_of
from sentinel.inject.words import CONTAINER

Object = dict[str, Any]


def injected(pod: Object, plan: Plan) -> Object:
    """The pod with the sidecar; the same pod when it has one. Raises Refused."""
    if sidecar_in(pod["spec"]) is not None:
        return pod
    _check(pod["spec"])
    template = plan.template
    metadata = {"name": plan.workload, **(pod.get("metadata") or {})}
    wish = wish_of({**pod, "metadata": metadata}, plan.defaults, template.own_ports)
    changed = copy.deepcopy(pod)
    spec = changed["spec"]
    probes = ports.move(spec, wish.listeners)
    place = "initContainers" if template.native else "containers"
    there = spec.get(place) or []
    mine = [container_for(wish, plan)]
    spec[place] = mine + there if template.native else there + mine
    volumes = volumes_for(wish, plan.template, spec)
    spec["volumes"] = [*(spec.get("volumes") or []), *volumes]
    status = {"volumes": [volume["name"] for volume in volumes], "probes": probes}
    changed["metadata"] = marked(changed.get("metadata") or {}, wish, template, status)
    return changed


def removed(pod: Object) -> Object:
    """The pod as it was before `injected`; the same pod when no sidecar is in it."""
    if sidecar_in(pod["spec"]) is None:
        return pod
    changed = copy.deepcopy(pod)
    spec, status = changed["spec"], status_of(pod)
    take_out(spec, sidecar_in(spec) or {}, status)
    ports.move_back(spec, listeners_in(status), status.get("probes", {}))
    changed["metadata"] = unmarked(changed["metadata"], status)
    return changed


def sidecar_in(spec: Object) -> Object | None:
    """The sidecar's container, however it came there."""
    found = (container for container in _containers(spec) if container.get("command") == [CONTAINER])
    return next(found, None)


def _check(spec: Object) -> None:
    if spec.get("hostNetwork"):
        raise Refused("its pods use the host's network: put the sidecar in by hand, on ports that are free on the node")
    if any(container.get("name") == CONTAINER for container in _containers(spec)):
        raise Refused(f"another container is called {CONTAINER}: rename it")


def _containers(spec: Object) -> list[Object]:
    return [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]


def take_out(spec: Object, sidecar: Object, status: Object) -> None:
    """Remove the container and the volumes that came with it, in place."""
    for place in ("initContainers", "containers"):
        put(spec, place, [container for container in spec.get(place) or [] if container is not sidecar])
    kept = {mount["name"] for container in _containers(spec) for mount in container.get("volumeMounts") or []}
    came = status.get("volumes", [mount["name"] for mount in sidecar["volumeMounts"]])
    gone = set(came) - kept
    put(spec, "volumes", [volume for volume in spec.get("volumes") or [] if volume["name"] not in gone])
