"""The sidecar as the chart renders it, for those who use no chart: `sentinel inject` and the Kustomize components.

`make chart-files` runs this; a test compares. So the templates of the chart are the one description of the sidecar.
"""

import contextlib
import io
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import helm_python
import yaml

from sentinel.cli import main as main_of_sentinel

ROOT = Path(__file__).parents[1]
CHART = ROOT / "helm" / "sentinel"
PARENT = ROOT / "deploy" / "examples" / "image-classifier-chart"

BUILT_IN = "sentinel/inject/built_in"
NATIVE, PLAIN = "deploy/kustomize", "deploy/kustomize-plain"
KSERVE = "deploy/examples/kserve-sidecar"
VERSIONS = {"native": "1.34", "plain": "1.28"}
MODEL = "model"
HEADER = "# Made from the chart by `make chart-files`.\n"
LABEL = "sidecar"

Object = dict[str, Any]


def fragment_files() -> dict[str, str]:
    """Path in the project -> content."""
    files = {f"{BUILT_IN}/{name}.yaml": _yaml(_pod(version)) for name, version in VERSIONS.items()}
    files[f"{BUILT_IN}/settings.yaml"] = _yaml(_settings())
    reference = {"reference": {"configMap": "sentinel-reference"}}
    for folder, version in ((NATIVE, VERSIONS["native"]), (PLAIN, VERSIONS["plain"])):
        pod = _pod(version, reference)
        pod["spec"]["volumes"][-1]["configMap"]["optional"] = True
        files[f"{folder}/sidecar.yaml"] = _yaml(_merge_patch(pod))
        files[f"{folder}/rollout.yaml"] = _yaml(_json_patch(pod))
    files[f"{KSERVE}/sentinel/kustomization.yaml"] = _component(KSERVE)
    return files


def _component(folder: str) -> str:
    """What `sentinel inject -f model.yaml -o kustomize` prints there."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        main_of_sentinel(["inject", "-f", str(ROOT / folder / "model.yaml"), "-o", "kustomize"])
    return printed.getvalue()


def _pod(version: str, more: Mapping[str, Any] | None = None) -> Object:
    """The part of a pod template that the chart adds to one, for a cluster of that version."""
    found = _rendered({"fullnameOverride": "sentinel", "kubeVersion": version, **(more or {})})
    (workload,) = [item for item in found if item["kind"] == "Deployment"]
    spec = workload["spec"]["template"]["spec"]
    place = "initContainers" if spec["initContainers"] else "containers"
    containers = [container for container in spec[place] if container["name"] != MODEL]
    return {"metadata": {"labels": {"sentinel": LABEL}}, "spec": {place: containers, "volumes": spec["volumes"]}}


def _settings() -> Object:
    """What the chart writes into sentinel.yaml for every pod; what is of one pod is left to the injector."""
    found = _rendered({"fullnameOverride": "sentinel"})
    (config,) = [item for item in found if item["kind"] == "ConfigMap"]
    settings: Object = yaml.safe_load(config["data"]["sentinel.yaml"])
    return {key: value for key, value in settings.items() if key not in ("model", "relay", "rollback")}


def _rendered(values: Object) -> list[Object]:
    """The manifests of a chart that has this one as a dependency."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / PARENT.name
        shutil.copytree(PARENT, copy)
        shutil.copytree(CHART, copy / "charts" / CHART.name)
        (copy / "values.yaml").write_text("{}\n")
        with helm_python.Chart.load(copy) as chart:
            texts = chart.render({"sentinel": values}, name="sentinel", namespace="default")
    manifests = (text for name, text in texts.items() if not name.endswith("NOTES.txt"))
    return [manifest for text in manifests for manifest in yaml.safe_load_all(text) if manifest]


def _merge_patch(pod: Object) -> Object:
    """A strategic merge patch for a Deployment."""
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "any"}, "spec": {"template": pod}}


def _json_patch(pod: Object) -> list[Object]:
    """The same for kinds whose lists kustomize cannot merge: it fails where a list is not there."""
    (place,) = pod["spec"].keys() - {"volumes"}
    where = f"{place}/0" if place == "initContainers" else f"{place}/-"
    (sidecar,) = pod["spec"][place]
    added = [("metadata/labels/sentinel", LABEL), (f"spec/{where}", sidecar)]
    added += [("spec/volumes/-", volume) for volume in pod["spec"]["volumes"]]
    return [{"op": "add", "path": f"/spec/template/{path}", "value": value} for path, value in added]


def _yaml(document: Any) -> str:
    text: str = yaml.dump(document, Dumper=_Indented, sort_keys=True, width=120)
    return HEADER + text


class _Indented(yaml.SafeDumper):
    """Lists indented below their key, as in the other manifests."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def main() -> None:
    for name, content in fragment_files().items():
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_text(content)


if __name__ == "__main__":
    main()
