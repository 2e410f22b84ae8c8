"""Child processes: ready before used, their last words in the error, and none left in any way of ending."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sentinel.demo.children import Children, run_to_end
from sentinel.demo.place import DemoError
from tests.support.processes import alive, session_members, wait_until

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, subprocess, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "subprocess.Popen([sys.executable, '-c', 'import signal, time; signal.signal(15, 1); time.sleep(60)'])\n"
    "print('up', flush=True); time.sleep(60)",
]


async def at_once() -> bool:
    return True


async def never() -> bool:
    return False


async def test_all_end_with_the_block(tmp_path: Path) -> None:
    async with Children.running() as children:
        started = [await children.start(f"c{i}", SLEEPER, tmp_path / f"{i}.log", at_once) for i in range(3)]
        assert all(alive(child.process.pid) for child in started)
    assert not any(alive(child.process.pid) for child in started)


async def test_a_stubborn_child_and_its_own_child_are_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentinel.demo.children.STOP_SECONDS", 0.2)
    log = tmp_path / "log"

    async def up() -> bool:
        return "up" in log.read_text()

    async with Children.running() as children:
        child = await children.start("stubborn", STUBBORN, log, up)
        assert len(session_members(child.process.pid)) == 2
    wait_until(lambda: not session_members(child.process.pid), "the whole session to end")


async def test_a_child_that_ends_is_reported_with_its_last_words(tmp_path: Path) -> None:
    async with Children.running() as children:
        with pytest.raises(DemoError, match=r"(?s)loser ended with status 3.*the reason"):
            await children.start(
                "loser", [sys.executable, "-c", "print('the reason'); exit(3)"], tmp_path / "log", never
            )


async def test_a_command_that_fails_is_reported(tmp_path: Path) -> None:
    await run_to_end("fine", [sys.executable, "-c", ""], tmp_path / "log")
    with pytest.raises(DemoError, match="status 1"):
        await run_to_end("wrong", [sys.executable, "-c", "exit(1)"], tmp_path / "log")


async def test_being_cancelled_leaves_nothing(tmp_path: Path) -> None:
    pids: list[int] = []
    started = asyncio.Event()

    async def story() -> None:
        async with Children.running() as children:
            pids.extend([(await children.start(n, SLEEPER, tmp_path / n, at_once)).process.pid for n in ("a", "b")])
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(story())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not any(map(alive, pids))


PARENT = """
import asyncio, sys
from pathlib import Path
from sentinel.demo.children import Children

async def at_once(): return True

async def main():
    async with Children.running() as children:
        sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
        child = await children.start("c", sleeper, Path(sys.argv[1]), at_once)
        print(child.process.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def test_children_end_when_the_demo_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path / "log")], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        os.kill(parent.pid, signal.SIGKILL)
    wait_until(lambda: not alive(pid), "the child to end")
