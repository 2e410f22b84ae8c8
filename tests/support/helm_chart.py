"""The chart rendered by Helm's own code, and what came out of it."""

import shutil
from pathlib import Path
from typing import Any

import helm_python
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "sentinel"
EXAMPLES = ROOT / "deploy" / "examples"
PARENT = EXAMPLES / "image-classifier-chart"
NAMESPACE = "serving"
RELEASE = "fraud"

Manifest = dict[str, Any]


def merged(*layers: dict[str, Any]) -> dict[str, Any]:
    """Values laid over each other, the last on top."""
    whole: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            both = isinstance(value, dict) and isinstance(whole.get(key), dict)
            whole[key] = merged(whole[key], value) if both else value
    return whole


def rendered(values: dict[str, Any], chart: Path = CHART) -> dict[str, str]:
    """Template path -> text; raises HelmError where the schema or a template refuses the values."""
    with helm_python.Chart.load(chart) as loaded:
        loaded.validate_schema(values)
        return loaded.render(values, name=RELEASE, namespace=NAMESPACE)


def parsed(files: dict[str, str]) -> list[Manifest]:
    texts = (text for name, text in files.items() if not name.endswith("NOTES.txt"))
    return [manifest for text in texts for manifest in yaml.safe_load_all(text) if manifest]


def manifests(values: dict[str, Any], chart: Path = CHART) -> list[Manifest]:
    return parsed(rendered(values, chart))


def parent_chart(folder: Path, own_values: bool = True) -> Path:
    """The example chart with this one vendored into it, as `helm dependency build` does."""
    copy = folder / PARENT.name
    shutil.copytree(PARENT, copy)
    shutil.copytree(CHART, copy / "charts" / CHART.name)
    if not own_values:
        (copy / "values.yaml").write_text("{}\n")
    return copy


def one(found: list[Manifest], kind: str, name: str = "") -> Manifest:
    """The manifest of that kind; of that name, where several are there."""
    (match,) = [m for m in found if m["kind"] == kind and (not name or m["metadata"]["name"] == name)]
    return match


def kinds(found: list[Manifest]) -> set[str]:
    return {manifest["kind"] for manifest in found}
