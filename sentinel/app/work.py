"""Tasks that run as long as their process does. One that fails ends the process, for a supervisor to start it again.

A process that answers scrapes while nobody closes its windows any more would be worse than one that is away.
"""

import asyncio
import logging
import traceback
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger("sentinel.work")


class WorkFailed(RuntimeError):
    """A task ended by an exception; the message names both, and holds nothing that the exception says."""


class Work:
    """Sets `stop` when a task fails; the owner then ends, and asks `check`."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._tasks: list[asyncio.Task[Any]] = []
        self._failed = ""

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    async def cancel(self) -> None:
        """End all tasks."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def check(self) -> None:
        """Raises WorkFailed if a task has failed."""
        if self._failed:
            raise WorkFailed(self._failed)

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        self._failed = f"{task.get_name()} failed with {type(error).__name__}"
        # where, but not what the exception says: it may hold a piece of a payload
        logger.critical("%s at\n%s", self._failed, "".join(traceback.format_tb(error.__traceback__)))
        self._stop.set()
