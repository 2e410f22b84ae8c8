"""Manifests against the schemas that an API server would hold them to, unknown fields refused."""

import functools
import json
from pathlib import Path
from typing import Any

import kubernetes_validate
from jsonschema import Draft7Validator

CRDS = Path(__file__).parents[1] / "data" / "helm" / "crds"
LOOSE = "x-kubernetes-preserve-unknown-fields"


def check(manifest: dict[str, Any], version: str = "1.34") -> None:
    """Raises AssertionError or ValidationError with the place and the reason."""
    schema = _custom().get((manifest["apiVersion"], manifest["kind"]))
    if schema is None:
        kubernetes_validate.validate(manifest, version, strict=True)
        return
    problems = [f"{'.'.join(map(str, error.path))}: {error.message}" for error in schema.iter_errors(manifest)]
    assert not problems, f"{manifest['kind']} {manifest['metadata']['name']}: {problems}"
    if manifest["kind"] == "Rollout":
        check(_as_deployment(manifest), version)
    if manifest["kind"] == "InferenceService" and manifest["spec"]["predictor"].get("containers"):
        check(_as_pod(manifest), version)


def _as_deployment(rollout: dict[str, Any]) -> dict[str, Any]:
    """A Deployment with the Rollout's pods, to check these."""
    spec = {key: rollout["spec"][key] for key in ("selector", "template")}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": rollout["metadata"], "spec": spec}


def _as_pod(service: dict[str, Any]) -> dict[str, Any]:
    """A Pod of what an InferenceService adds to its runtime's."""
    predictor = service["spec"]["predictor"]
    spec = {key: predictor[key] for key in ("containers", "initContainers", "volumes") if key in predictor}
    metadata = {key: predictor.get(key, {}) for key in ("labels", "annotations")}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


@functools.cache
def _custom() -> dict[tuple[str, str], Draft7Validator]:
    found = [json.loads(path.read_text()) for path in sorted(CRDS.glob("*.json"))]
    return {(crd["apiVersion"], crd["kind"]): Draft7Validator(_strict(crd["schema"], top=True)) for crd in found}


def _strict(schema: Any, top: bool = False) -> Any:
    """The schema as an API server with strict field validation reads it."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: _strict(value) for key, value in schema.items() if key != "properties"}
    if isinstance(schema.get("properties"), dict):
        strict["properties"] = {name: _strict(value) for name, value in schema["properties"].items()}
        if not schema.get(LOOSE):
            strict.setdefault("additionalProperties", False)
    if top:
        strict["properties"]["metadata"] = {"type": "object"}
    return strict
