"""The sidecar's container and its volumes, as one pod wishes them. May not know where in a pod they go."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from sentinel.inject.template import Template
from sentinel.inject.wish import Listener, Wish
from sentinel.inject.words import TRAFFIC

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
    is_plain = value.replace("-", "").isalnum() and yaml.safe_load(value) == value
    return value if is_plain else json.dumps(value)


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
