"""What a process imports is a promise: the relay stays small, the observer stays free of heavy packages."""

import subprocess
import sys

import pytest

HEAVY_FOR_RELAY = {"numpy", "scipy", "sqlalchemy", "aiohttp", "prometheus_client", "yaml", "alembic", "rich"}
HEAVY_FOR_OBSERVER = {
    "scipy",
    "google.protobuf",
    "PIL",
    "pynvml",
    "pandas",
    "evidently",
    "numba",
    "sklearn",
    "grafanalib",
    "alembic",
    "pyarrow",
    "dask",
    "rich",
}


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [("sentinel.relay.worker", HEAVY_FOR_RELAY), ("sentinel.app", HEAVY_FOR_OBSERVER)],
)
def test_import_leaves_heavy_packages_out(module: str, forbidden: set[str]) -> None:
    code = f"import {module}, sys; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not forbidden & set(loaded)


def test_building_a_judge_loads_no_masked_arrays() -> None:
    """np.quantile and np.unique load numpy.ma, 5 MB that would stay."""
    code = (
        "import sys, numpy as np; from sentinel.drift import radius; counts = np.full(12, 100.0);"
        "p0 = radius.reference_law(counts); radius.drawn(radius.gaps(counts, p0), p0, 0.01); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "sentinel.drift.radius" in loaded
    assert "numpy.ma" not in loaded
