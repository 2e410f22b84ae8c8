"""External programs that tests need: found, or named with the command that installs them."""

import os
import shutil
from typing import NoReturn

import pytest

_PACKAGES = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
    "chromium": "chromium",
    "gcc": "gcc",
    "nginx": "nginx-light",
    "node": "nodejs",
    "h2load": "nghttp2-client",
    "curl": "curl",
}


def need(program: str) -> str:
    """Path of `program`; without it the test is skipped by name, and fails where SENTINEL_REQUIRE_ALL=1."""
    path = shutil.which(program)
    if path is None:
        missing(f"{program} is not installed: apt-get install -y --no-install-recommends {_PACKAGES[program]}")
    return path


def missing(message: str) -> NoReturn:
    """Skip by name; fail where SENTINEL_REQUIRE_ALL=1."""
    if os.environ.get("SENTINEL_REQUIRE_ALL") == "1":
        pytest.fail(message)
    pytest.skip(message)
