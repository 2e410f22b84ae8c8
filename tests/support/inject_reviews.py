"""Admission reviews of tests/data/inject, and their answers applied as an API server applies them."""

import base64
import json
from pathlib import Path
from typing import Any

import jsonpatch

from sentinel.inject import words
from sentinel.inject.container import Plan
from sentinel.inject.template import built_in

FOLDER = Path(__file__).parents[1] / "data" / "inject"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
INJECTED = [
    name for name in NAMES if name not in ("pod-that-did-not-ask", "pod-without-ports", "pod-with-a-port-taken")
]
PODS = [name for name in INJECTED if name.startswith("pod")]
PLAN = Plan(built_in())

Object = dict[str, Any]


def review(name: str) -> Object:
    found: Object = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def pod(name: str) -> Object:
    """The object of a review."""
    found: Object = review(name)["request"]["object"]
    return found


def patched(asked: Object, answer: Object) -> Object:
    """The object of `asked` as it is stored after the answer; checks what the API server would check."""
    response = answer["response"]
    assert (answer["kind"], answer["apiVersion"]) == ("AdmissionReview", "admission.k8s.io/v1")
    assert (response["uid"], response["allowed"]) == (asked["request"]["uid"], True)
    assert ("patch" in response) is (response.get("patchType") == "JSONPatch")
    operations = json.loads(base64.b64decode(response["patch"])) if "patch" in response else []
    found: Object = jsonpatch.apply_patch(asked["request"]["object"], operations)
    return found


def again(asked: Object, changed: Object) -> Object:
    """The review that follows when another webhook changed the pod after us (reinvocationPolicy: IfNeeded)."""
    return {**asked, "request": {**asked["request"], "object": changed}}


def sidecar_of(changed: Object) -> Object:
    spec = changed["spec"]
    found = [*spec.get("initContainers", []), *spec["containers"]]
    (container,) = [container for container in found if container["name"] == words.CONTAINER]
    return container  # type: ignore[no-any-return]
