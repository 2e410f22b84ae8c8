"""The mark that injection leaves in a pod's metadata: labels to select by, and what is needed to undo it."""

import json
from typing import Any

from sentinel.inject.template import Template
from sentinel.inject.wish import Listener, Wish
from sentinel.inject.words import STATUS

Object = dict[str, Any]


def marked(metadata: Object, wish: Wish, template: Template, status: Object) -> Object:
    """Metadata with the labels that monitors select by, and the note for `pod.removed`."""
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
        put(metadata, place, {key: value for key, value in (metadata.get(place) or {}).items() if key not in keys})
    return metadata


def put(place: Object, key: str, value: Any) -> None:
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
