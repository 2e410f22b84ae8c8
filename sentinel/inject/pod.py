"""A pod, or a pod template, with the sidecar in it; and without it again. Values in, values out."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from sentinel.inject import ports
from sentinel.inject.template import Template
from sentinel.inject.wish import Listener, Refused, Wish, wish_of
from sentinel.inject.words import CONTAINER, STATUS, TRAFFIC

Object = dict[str, Any]

REFERENCE_FOLDER = "/etc/sentinel/reference"
REFERENCE_FILE = f"{REFERENCE_FOLDER}/reference.sentinel"
CONFIG_VOLUME, REFERENCE_VOLUME = "sentinel-config", "sentinel-reference"
LONGEST_LINE = 1 << 20
"""Settings in an environment variable stay on one line."""


@dataclass(frozen=True, slots=True)
class Plan:
    """defaults: annotations that count where a pod has none. namespace, workload: of the pod, "" where not known."""

    template: Template
    defaults: Mapping[str, str] = field(default_factory=dict)
    namespace: str = ""
    workload: str = ""


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


def container_for(wish: Wish, plan: Plan) -> Object:
    """The sidecar as this pod needs it."""
    container = copy.deepcopy(plan.template.container)
    if not wish.config:
        container["args"] = ["run"]
    container["env"] = container.get("env", []) + _environment(wish, plan)
    others = [port for port in container["ports"] if not port["name"].startswith(TRAFFIC)]
    container["ports"] = [_traffic(index, listener) for index, listener in enumerate(wish.listeners)] + others
    for probe in ("startupProbe", "readinessProbe"):
        container[probe]["tcpSocket"] = {"port": wish.listeners[0].listen}
    mounts = [mount for mount in container["volumeMounts"] if _wanted(mount["name"], wish)]
    if wish.reference:
        mounts.append({"name": REFERENCE_VOLUME, "mountPath": REFERENCE_FOLDER, "readOnly": True})
    container["volumeMounts"] = mounts
    return container


def _traffic(index: int, listener: Listener) -> Object:
    return {"name": f"{TRAFFIC}{index}", "containerPort": listener.listen, "protocol": "TCP"}


def _environment(wish: Wish, plan: Plan) -> list[Object]:
    """Settings of the template, where the pod brings no file of its own; over them what the pod asked for."""
    settings = {} if wish.config else {key: value for key, value in plan.template.settings.items() if key != "relay"}
    found = {key.upper(): _flow(value) for key, value in settings.items()}
    found["MODEL__NAME"] = _text(wish.model)
    if wish.version:
        found["MODEL__VERSION"] = _text(wish.version)
    for index, listener in enumerate(wish.listeners):
        found[f"RELAY__{index}__LISTEN"] = f"0.0.0.0:{listener.listen}"
        found[f"RELAY__{index}__UPSTREAM"] = f"127.0.0.1:{listener.upstream}"
    if wish.reference:
        found["REFERENCE__PATH"] = REFERENCE_FILE
    if plan.namespace and "rollback" in settings:
        found["ROLLBACK__WORKLOAD__NAMESPACE"] = _text(plan.namespace)
    return [{"name": f"SENTINEL__{key}", "value": value} for key, value in found.items()]


def _flow(value: Any) -> str:
    """One line of YAML, as sentinel reads it from the environment."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=LONGEST_LINE, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def _text(value: str) -> str:
    """The same, for text that YAML might take for a number or a date."""
    return value if value.isidentifier() and yaml.safe_load(value) == value else json.dumps(value)


def volumes_for(wish: Wish, template: Template, spec: Object) -> list[Object]:
    """What has to be added; a volume of the pod that has such a name is used as it is."""
    volumes = [copy.deepcopy(volume) for volume in template.volumes if _wanted(volume["name"], wish)]
    for volume in volumes:
        if volume["name"] == CONFIG_VOLUME:
            volume["configMap"] = {"name": wish.config}
    if wish.reference:
        kind, name = wish.reference
        key = {"configMap": "name", "secret": "secretName", "persistentVolumeClaim": "claimName"}[kind]
        volumes.append({"name": REFERENCE_VOLUME, kind: {key: name}})
    there = {volume["name"] for volume in spec.get("volumes") or []}
    return [volume for volume in volumes if volume["name"] not in there]


def _wanted(volume: str, wish: Wish) -> bool:
    """Whether the template's volume is used: a pod's own configuration and reference take the place of its."""
    return {CONFIG_VOLUME: bool(wish.config), REFERENCE_VOLUME: wish.reference is None}.get(volume, True)


def marked(metadata: Object, wish: Wish, template: Template, status: Object) -> Object:
    """Metadata with the labels that monitors select by, and the note for `removed`."""
    labels = {key: value for key, value in template.labels.items() if key not in (metadata.get("labels") or {})}
    status = {
        "listen": {str(listener.listen): listener.upstream for listener in wish.listeners},
        "labels": sorted(labels),
        **status,
    }
    return {
        **metadata,
        "labels": {**(metadata.get("labels") or {}), **labels},
        "annotations": {**(metadata.get("annotations") or {}), STATUS: json.dumps(status, separators=(",", ":"))},
    }


def unmarked(metadata: Object, status: Object) -> Object:
    metadata = dict(metadata)
    gone = {"labels": set(status.get("labels", [])), "annotations": {STATUS}}
    for place, keys in gone.items():
        _put(metadata, place, {key: value for key, value in (metadata.get(place) or {}).items() if key not in keys})
    return metadata


def take_out(spec: Object, sidecar: Object, status: Object) -> None:
    """Remove the container and the volumes that came with it, in place."""
    for place in ("initContainers", "containers"):
        _put(spec, place, [container for container in spec.get(place) or [] if container is not sidecar])
    kept = {mount["name"] for container in _containers(spec) for mount in container.get("volumeMounts") or []}
    came = status.get("volumes", [mount["name"] for mount in sidecar["volumeMounts"]])
    gone = set(came) - kept
    _put(spec, "volumes", [volume for volume in spec.get("volumes") or [] if volume["name"] not in gone])


def _put(place: Object, key: str, value: Any) -> None:
    """Set a list or mapping; drop the key when it is empty."""
    if value:
        place[key] = value
    else:
        place.pop(key, None)


def status_of(pod: Object) -> Object:
    """The note that injection left; {} when there is none that can be read."""
    text = ((pod.get("metadata") or {}).get("annotations") or {}).get(STATUS, "{}")
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def listeners_in(status: Object) -> tuple[Listener, ...]:
    return tuple(Listener(int(listen), int(upstream)) for listen, upstream in status.get("listen", {}).items())
