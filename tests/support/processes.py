"""What tests of real processes need: whether one lives, and waiting for a condition with a deadline."""

import os
import time
from collections.abc import Callable
from pathlib import Path

DEADLINE_SECONDS = 120.0  # of a machine that does much else at the time; nothing waits this long where all is well


def alive(pid: int) -> bool:
    """Whether `pid` runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children_of(pid: int) -> list[int]:
    """Living processes whose parent is `pid`."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [child for child in map(int, listed) if alive(child)]


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def session_members(session: int) -> list[int]:
    """Living processes whose session is `session`."""
    return [
        pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _session(pid) == session and alive(pid)
    ]


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def wait_until(condition: Callable[[], bool], what: str, seconds: float = DEADLINE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.02)
