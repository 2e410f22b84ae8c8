"""The part of kustomize that deploy/ uses: resources, components, generated ConfigMaps, merge and JSON patches.

A stand-in, since no package brings kustomize; its output was compared with that of kubectl 1.34 (name suffixes aside).
"""

import re
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]


def build(folder: Path) -> list[Manifest]:
    """What `kubectl kustomize` prints for `folder`, without name suffixes."""
    document = yaml.safe_load((folder / "kustomization.yaml").read_text())
    found = [item for path in document["resources"] for item in yaml.safe_load_all((folder / path).read_text())]
    for component in document.get("components", []):
        place = (folder / component).resolve()
        _patch(found, yaml.safe_load((place / "kustomization.yaml").read_text()), place)
    for generated in document.get("configMapGenerator", []):
        data = {path: (folder / path).read_text() for path in generated["files"]}
        metadata = {"name": generated["name"]}
        found.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    _patch(found, document, folder)
    for item in found:
        item["metadata"]["namespace"] = document["namespace"]
    return found


def _patch(found: list[Manifest], document: Manifest, folder: Path) -> None:
    for patch in document.get("patches", []):
        text = patch["patch"] if "patch" in patch else (folder / patch["path"]).read_text()
        change = yaml.safe_load(text)
        for item in found:
            if _matches(item, patch["target"]):
                _apply(item, change)


def _matches(item: Manifest, target: dict[str, str]) -> bool:
    group = item["apiVersion"].rpartition("/")[0]
    labels = {f"{key}={value}" for key, value in item["metadata"].get("labels", {}).items()}
    return (
        item["kind"] == target["kind"]
        and target.get("group", group) == group
        and re.fullmatch(target.get("name", ".*"), item["metadata"]["name"]) is not None
        and target.get("labelSelector", "") in labels | {""}
    )


def _apply(item: Manifest, change: Any) -> None:
    if isinstance(change, list):
        for step in change:
            _replace(item, step)
    else:
        merge(item, {key: value for key, value in change.items() if key == "spec"})


def _replace(item: Any, step: dict[str, Any]) -> None:
    assert step["op"] == "replace"
    *parents, last = [int(key) if key.isdigit() else key for key in step["path"].split("/")[1:]]
    for key in parents:
        item = item[key]
    assert last in item or isinstance(item, list)
    item[last] = step["value"]


def merge(base: dict[str, Any], change: dict[str, Any]) -> None:
    """Lays `change` over `base`: null removes, lists of named things merge by name."""
    for key, value in change.items():
        if value is None:
            base.pop(key, None)
        elif isinstance(value, dict):
            merge(base.setdefault(key, {}), value)
        elif isinstance(value, list) and all(isinstance(item, dict) and "name" in item for item in value):
            there = {item["name"]: item for item in base.get(key, [])}
            for item in value:
                merge(there.setdefault(item["name"], {}), item)
            base[key] = list(there.values())
        else:
            base[key] = value
