"""What `kubectl kustomize` prints for a folder."""

import functools
from pathlib import Path
from typing import Any

import yaml

from tests.support.kube_tools import run

Manifest = dict[str, Any]


@functools.cache
def _built(folder: Path) -> str:
    return run("kubectl", "kustomize", folder)


def build(folder: Path) -> list[Manifest]:
    return [manifest for manifest in yaml.safe_load_all(_built(folder)) if manifest]
