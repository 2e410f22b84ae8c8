import asyncio
import logging

import pytest

from sentinel.app.work import Work, WorkFailed


async def forever() -> None:
    await asyncio.Event().wait()


async def failing() -> None:
    raise ValueError("a piece of a payload")


async def test_a_task_that_fails_ends_its_process_and_tells_nothing_of_a_payload(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop = asyncio.Event()
    work = Work(stop)
    work.start("going on", forever())
    with caplog.at_level(logging.CRITICAL):
        work.start("windows", failing())
        await stop.wait()
    await work.cancel()
    with pytest.raises(WorkFailed, match="windows failed with ValueError"):
        work.check()
    assert "in failing" in caplog.text
    assert "payload" not in caplog.text.replace('"a piece of a payload"', "")  # the line of code, which is no payload


async def test_what_helps_is_begun_again() -> None:
    begun, stop = asyncio.Semaphore(0), asyncio.Event()

    async def helping() -> None:
        begun.release()
        raise OSError

    work = Work(stop, again_seconds=0.0)
    work.keep("gpu", helping)
    for _ in range(3):
        await begun.acquire()
    await work.cancel()
    work.check()
    assert not stop.is_set()


async def test_tasks_that_are_ended_have_not_failed() -> None:
    stop = asyncio.Event()
    work = Work(stop)
    work.start("going on", forever())
    await work.cancel()
    work.check()
    assert not stop.is_set()
