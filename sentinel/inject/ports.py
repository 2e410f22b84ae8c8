"""Which of the model's ports and probes give way to the sidecar's.

A Service that names its target port finds it among the containers' ports. The name stays on the model's container and
points to the sidecar's number: Kubernetes reads it as written, and before 1.32 it does not look for names in native
sidecars at all (kubernetes#127976). The model's own probes and hooks that used the name get the model's number, so that
they go on asking the model.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sentinel.inject.wish import Listener, declared_ports

Object = dict[str, Any]

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
HOOKS = ("postStart", "preStop")
ASKS = ("httpGet", "tcpSocket")


def move(spec: Object, listeners: tuple[Listener, ...]) -> dict[str, str]:
    """Point named ports to the sidecar, in place. What probes said before: "container/path/of/probe" -> port name."""
    ahead = {listener.upstream: listener.listen for listener in listeners}
    before: dict[str, str] = {}
    for container, port in declared_ports(spec):
        upstream = port["containerPort"]
        if "name" in port and upstream in ahead:
            port["containerPort"] = ahead[upstream]
            for path, ask in _asks(container):
                if ask["port"] == port["name"]:
                    before[f"{container['name']}/{path}"] = port["name"]
                    ask["port"] = upstream
    return before


def move_back(spec: Object, listeners: tuple[Listener, ...], before: Mapping[str, str]) -> None:
    """Undo `move`, in place."""
    behind = {listener.listen: listener.upstream for listener in listeners}
    for _, port in declared_ports(spec):
        if "name" in port and port["containerPort"] in behind:
            port["containerPort"] = behind[port["containerPort"]]
    for container in spec.get("containers") or []:
        for path, ask in _asks(container):
            ask["port"] = before.get(f"{container['name']}/{path}", ask["port"])


def _asks(container: Object) -> Iterator[tuple[str, Object]]:
    """Every place in a container where the kubelet connects to one of its ports."""
    lifecycle = container.get("lifecycle") or {}
    places = {name: container.get(name) or {} for name in PROBES}
    places |= {f"lifecycle/{name}": lifecycle.get(name) or {} for name in HOOKS}
    for path, place in places.items():
        for kind in ASKS:
            if kind in place:
                yield f"{path}/{kind}", place[kind]
