"""The parts of the chart that decide about safety, as they were when somebody last looked at them.

A change shows in the diff of tests/data/helm/snapshots. To renew: python -m tests.unit.helm.test_snapshots
"""

from pathlib import Path
from typing import Any

import pytest

from sentinel.cli.inject import dumped
from tests.support.helm_chart import ROOT, manifests, merged
from tests.support.helm_values import EVERYTHING, FLEET, OPTIONS

FOLDER = ROOT / "tests/data/helm/snapshots"
BULKY = ("PrometheusRule",)
"""Compared with their sources elsewhere; dashboards, too."""

CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "old-cluster": {"kubeVersion": "1.28", "injector": {"enabled": True}},
    "fleet": merged(FLEET, OPTIONS["deployment"]),
    "everything": EVERYTHING,
}


def snapshot(values: dict[str, Any]) -> str:
    found = manifests(merged({"kubeVersion": "1.34"}, values))
    shown = [item for item in found if item["kind"] not in BULKY and "-dashboard-" not in item["metadata"]["name"]]
    return "---\n".join(dumped(item) for item in shown)


@pytest.mark.parametrize("name", CASES)
def test_it_renders_as_it_did(name: str) -> None:
    assert snapshot(CASES[name]) == (FOLDER / f"{name}.yaml").read_text(), "look at the difference, then renew"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, values in CASES.items():
        Path(FOLDER / f"{name}.yaml").write_text(snapshot(values))


if __name__ == "__main__":
    main()
