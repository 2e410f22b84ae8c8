"""The relay worker stays small: it must load neither the analysis nor what reads configuration."""

import subprocess
import sys


def test_the_worker_loads_none_of_the_heavy_packages() -> None:
    code = "import sys, sentinel.relay.worker; print(' '.join(sys.modules))"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    heavy = {"numpy", "scipy", "sqlalchemy", "aiohttp", "yaml", "h11", "prometheus_client", "sentinel.config", "rich"}
    assert not heavy & loaded
