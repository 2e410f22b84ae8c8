"""What injection adds to a pod: the container, its volumes and labels, as the chart renders them.

The built-in templates are made from the chart (`make chart-files`); in a cluster the chart mounts its own rendering,
with every value that it was given. So there is one description of the sidecar.
"""

from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from sentinel.config import parse, split_address
from sentinel.inject.wish import Own
from sentinel.inject.words import CONTAINER, TRAFFIC

Object = dict[str, Any]

NATIVE_FROM = (1, 29)
"""Kubernetes version from which init containers may keep running by default (KEP-753)."""


@dataclass(frozen=True, slots=True)
class Template:
    """container: the sidecar. native: it is an init container that keeps running. settings: a sentinel.yaml."""

    container: Object
    native: bool
    volumes: tuple[Object, ...]
    labels: dict[str, str]
    settings: Object

    @property
    def own_ports(self) -> Own:
        ports = self.container["ports"]
        traffic = [port["containerPort"] for port in ports if port["name"].startswith(TRAFFIC)]
        return Own(traffic[0], frozenset(port["containerPort"] for port in ports) - {*traffic})


def built_in(kubernetes: tuple[int, int] = NATIVE_FROM) -> Template:
    """The template for a cluster of that version."""
    folder = files("sentinel.inject") / "built_in"
    name = "native.yaml" if kubernetes >= NATIVE_FROM else "plain.yaml"
    return _template(
        yaml.safe_load((folder / name).read_text()), yaml.safe_load((folder / "settings.yaml").read_text())
    )


def plain(template: Template) -> Template:
    """The same sidecar as a plain container. It pauses before it stops, since the model stops at the same time."""
    if not template.native:
        return template
    container = {key: value for key, value in template.container.items() if key != "restartPolicy"}
    lifecycle = built_in((1, 0)).container["lifecycle"]
    return replace(template, native=False, container={**container, "lifecycle": lifecycle})


def with_settings(template: Template, settings: Object) -> Template:
    """The same with these settings over its own, group by group. Raises ConfigurationError."""
    whole = {**template.settings, **settings}
    _, telemetry = split_address(parse(whole).telemetry.listen)
    ports = [
        port if port["name"].startswith(TRAFFIC) else {**port, "containerPort": telemetry}
        for port in template.container["ports"]
    ]
    return replace(template, container={**template.container, "ports": ports}, settings=whole)


def read(pod_file: Path) -> Template:
    """The template in a file that holds part of a pod: metadata and spec. Raises ValueError, OSError."""
    try:
        return _template(yaml.safe_load(pod_file.read_text()), {})
    except (yaml.YAMLError, AttributeError, TypeError, KeyError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{pod_file} holds no part of a pod with a container {CONTAINER}: {reason}") from error


def _template(pod: Object, settings: Object) -> Template:
    spec = pod["spec"]
    native = "initContainers" in spec
    (container,) = spec["initContainers" if native else "containers"]
    if container["name"] != CONTAINER:
        raise ValueError(f"its container is called {container['name']}")
    return Template(container, native, tuple(spec["volumes"]), pod["metadata"]["labels"], settings)
