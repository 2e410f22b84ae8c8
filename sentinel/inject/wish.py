"""What one pod asks for in its annotations, checked. May not know how it is carried out."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sentinel.inject.words import CONFIG, LISTEN, MODEL, PORT, REFERENCE, VERSION

Object = dict[str, Any]

LARGEST_PORT = 65535
SOURCES = {"configmap": "configMap", "secret": "secret", "pvc": "persistentVolumeClaim"}
"""What a reference may lie in, as written in the annotation -> the kind of volume."""
OBJECT_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
"""RFC 1123 subdomain, as Kubernetes has it for ConfigMaps, Secrets and claims."""


class Refused(ValueError):
    """The pod stays as it is; the sentence says what to change."""


@dataclass(frozen=True, slots=True)
class Listener:
    """The sidecar's port, and the model's behind it."""

    listen: int
    upstream: int


@dataclass(frozen=True, slots=True)
class Own:
    """The sidecar's own ports. listen: the first for traffic, unless asked otherwise. taken: those for other things."""

    listen: int
    taken: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Wish:
    """reference: kind of volume and name, or None. config: name of a ConfigMap, or ""."""

    model: str
    version: str
    listeners: tuple[Listener, ...]
    config: str
    reference: tuple[str, str] | None


def wish_of(pod: Object, defaults: Mapping[str, str], own: Own) -> Wish:
    """pod: metadata and spec. defaults: annotations that count where the pod has none. Raises Refused."""
    metadata = pod.get("metadata") or {}
    asked = {**defaults, **{key: str(value) for key, value in (metadata.get("annotations") or {}).items()}}
    return Wish(
        model=asked.get(MODEL) or _name_of(metadata),
        version=asked.get(VERSION, ""),
        listeners=_listeners(pod.get("spec") or {}, asked, own),
        config=_object_name(CONFIG, asked.get(CONFIG, "")),
        reference=_reference(asked.get(REFERENCE, "")),
    )


def listeners_of(annotations: Mapping[str, str], own: Own) -> tuple[Listener, ...]:
    """The same for a Service, which declares no containers. Raises Refused."""
    upstream = [_number(PORT, word) for word in _words(annotations.get(PORT, ""))]
    if not upstream:
        raise Refused(f"name the port of the model server in the annotation {PORT}")
    return _paired(upstream, annotations, own)


def declared_ports(spec: Object) -> Iterator[tuple[Object, Object]]:
    """Each container with each TCP port that it declares."""
    for container in spec.get("containers") or []:
        for port in container.get("ports") or []:
            if port.get("protocol", "TCP") == "TCP":
                yield container, port


def _listeners(spec: Object, asked: Mapping[str, str], own: Own) -> tuple[Listener, ...]:
    declared = list(declared_ports(spec))
    if asked.get(PORT):
        upstream = [_port(word, declared) for word in _words(asked[PORT])]
    elif declared:
        upstream = [declared[0][1]["containerPort"]]
    else:
        raise Refused(f"no container declares a port: name the model server's in the annotation {PORT}")
    listeners = _paired(upstream, asked, own)
    owners = {port["containerPort"]: f"container {container['name']}" for container, port in declared}
    for port in [*(listener.listen for listener in listeners), *own.taken]:
        if port in owners:
            raise Refused(f"port {port} is taken by {owners[port]}: let the sidecar listen elsewhere by {LISTEN}")
        owners[port] = "the sidecar itself"
    return listeners


def _paired(upstream: list[int], asked: Mapping[str, str], own: Own) -> tuple[Listener, ...]:
    chosen = [_number(LISTEN, word) for word in _words(asked.get(LISTEN, ""))]
    if not chosen:
        chosen = [own.listen + index for index in range(len(upstream))]
    if len(chosen) != len(upstream):
        raise Refused(f"{LISTEN} names {len(chosen)} ports for {len(upstream)} of the model server: name as many")
    if len({*chosen, *upstream}) != 2 * len(upstream):
        raise Refused(f"a port is both the model server's and the sidecar's, or comes twice: {upstream} and {chosen}")
    return tuple(Listener(*pair) for pair in zip(chosen, upstream, strict=True))


def _port(word: str, declared: list[tuple[Object, Object]]) -> int:
    named: dict[str, int] = {port["name"]: port["containerPort"] for _, port in declared if "name" in port}
    return named[word] if word in named else _number(PORT, word)


def _number(annotation: str, word: str) -> int:
    if not word.isascii() or not word.isdigit() or not 0 < int(word[:6]) <= LARGEST_PORT:
        raise Refused(f"{annotation}: {word[:40]!r} is no port: give numbers, or names that a container declares")
    return int(word)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _reference(text: str) -> tuple[str, str] | None:
    if not text:
        return None
    source, slash, name = text.rpartition("/")
    kind = SOURCES.get(source if slash else "configmap")
    if kind is None:
        raise Refused(f"{REFERENCE}: {text[:80]!r} is not NAME of a ConfigMap, secret/NAME or pvc/NAME")
    return kind, _object_name(REFERENCE, name)


def _object_name(annotation: str, name: str) -> str:
    if name and not OBJECT_NAME.fullmatch(name):
        raise Refused(f"{annotation}: {name[:80]!r} is no name of a Kubernetes object")
    return name


def _name_of(metadata: Object) -> str:
    labels = metadata.get("labels") or {}
    for label in ("app.kubernetes.io/name", "app"):
        if labels.get(label):
            return str(labels[label])
    return str(metadata.get("name") or metadata.get("generateName", "").rstrip("-") or "model")
