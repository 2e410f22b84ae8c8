"""The demo's child processes: started in sessions of their own, waited for, and stopped whatever happens.

Ctrl-C reaches only the demo, which then stops its children in reverse order: SIGTERM, and SIGKILL to the whole session
of one that does not end. Should the demo itself be killed, the kernel sends each child a SIGTERM (Linux).
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sentinel.demo.place import DemoError

STOP_SECONDS = 30.0
START_SECONDS = 120.0
POLL_SECONDS = 0.05
LAST_LINES = 5
_PR_SET_PDEATHSIG = 1  # linux/prctl.h: the signal to get when the parent dies


@dataclass(frozen=True, slots=True)
class Child:
    name: str
    process: asyncio.subprocess.Process
    log: Path

    def check(self) -> None:
        """Raise DemoError when the process has ended."""
        if self.process.returncode is not None:
            raise DemoError(f"{self.name} ended with status {self.process.returncode}{_last_words(self.log)}")


class Children:
    """Every process started through it has ended when its `running` block is left."""

    def __init__(self, stack: contextlib.AsyncExitStack) -> None:
        self._stack = stack
        self._children: list[Child] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls) -> AsyncIterator["Children"]:
        async with contextlib.AsyncExitStack() as stack:  # stops each of them, even when stopping one fails
            yield cls(stack)

    async def start(self, name: str, command: Sequence[str], log: Path, ready: Callable[[], Awaitable[bool]]) -> Child:
        """Start `command`, output to `log`, and return once `ready()` says so; raises DemoError when it does not."""
        child = await _spawn(name, command, log)
        self._stack.push_async_callback(_stop, child)
        self._children.append(child)
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while not await ready():
            child.check()
            if asyncio.get_running_loop().time() > deadline:
                raise DemoError(f"{name} was not ready within {START_SECONDS:.0f} s{_last_words(log)}")
            await asyncio.sleep(POLL_SECONDS)
        return child

    def pid(self, name: str) -> int:
        """Process id of the child started as `name`."""
        return next(child.process.pid for child in self._children if child.name == name)

    def check(self) -> None:
        """Raise DemoError when any child has ended by itself."""
        for child in self._children:
            child.check()


async def run_to_end(name: str, command: Sequence[str], log: Path) -> None:
    """Run a command that ends by itself; raises DemoError when it fails."""
    child = await _spawn(name, command, log)
    try:
        if await child.process.wait():
            child.check()
    finally:
        await _stop(child)


async def _spawn(name: str, command: Sequence[str], log: Path) -> Child:
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
    return Child(name, process, log)


async def _stop(child: Child) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.process.terminate()
    try:
        await asyncio.wait_for(child.process.wait(), STOP_SECONDS)
    except TimeoutError:
        pass
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)
        await child.process.wait()


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _last_words(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.exists() else []
    shown = "\n  ".join(lines[-LAST_LINES:])
    return f"; its log {log} ends with\n  {shown}" if shown else f"; its log {log} is empty"
