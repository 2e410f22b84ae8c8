"""The command line as a user meets it: a real process in a folder of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def sentinel(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command; nothing of the caller's settings reaches it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SENTINEL__")}
    command = [sys.executable, "-m", "sentinel.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120, env=environment)


def answer(*arguments: str | Path, cwd: Path | None = None) -> Any:
    """The JSON that a command which ended well printed."""
    done = sentinel(*arguments, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
