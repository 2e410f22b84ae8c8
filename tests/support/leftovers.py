"""Finds processes that a test left behind, by a mark in the environment that children inherit."""

import contextlib
import os
from pathlib import Path
from uuid import uuid4

from tests.support.processes import alive

NAME = "SENTINEL_TEST_MARK"


class Mark:
    """Processes started with `environment` carry the mark, and so do all that they start."""

    def __init__(self) -> None:
        self._value = uuid4().hex

    @property
    def variable(self) -> tuple[str, str]:
        """Name and value to set in an environment."""
        return NAME, self._value

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {NAME: self._value}

    def living(self) -> list[str]:
        """Command lines of the marked processes that still live, this one left out."""
        entry = f"{NAME}={self._value}".encode()
        found = []
        for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
            with contextlib.suppress(OSError):
                if (
                    pid != os.getpid()
                    and entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                    and alive(pid)
                ):
                    found.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found
