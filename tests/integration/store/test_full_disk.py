"""A full disk (a small tmpfs in its own mount namespace): refused in one sentence, nothing half, fine again after."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, sys
from sentinel.store import StoreUnavailable, open_store
from tests.support import store_values as some

folder = sys.argv[1]
open(f"{folder}/ballast", "wb").write(bytes(200_000))
store = open_store(f"sqlite:///{folder}/sentinel.db")
written = 0
try:
    while True:
        store.commit_window(some.record(written))
        written += 1
except StoreUnavailable as error:
    print(error)
assert len(list(store.windows(limit=10_000))) == written == len(store.verdicts(limit=10_000)) > 0
os.remove(f"{folder}/ballast")
assert store.commit_window(some.record(written))
assert store.verify_audit() == ""
"""


def test_a_full_disk(tmp_path: Path) -> None:
    space = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    mount = f"mount -t tmpfs -o size=600k tmpfs {tmp_path}"
    if subprocess.run([*space, "sh", "-c", mount], capture_output=True, check=False).returncode:
        if os.environ.get("SENTINEL_REQUIRE_ALL") == "1":
            pytest.fail("this machine allows no mount namespace, so the full disk cannot be tested")
        pytest.skip("this machine allows no mount namespace: run as root, or allow user namespaces")
    command = [*space, "sh", "-c", f'{mount} && exec "$@"', "sh", sys.executable, "-c", SCRIPT, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "cannot be used now: the disk is full: free some space" in done.stdout
