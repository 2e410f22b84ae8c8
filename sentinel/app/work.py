"""Tasks that run as long as their process does.

What the process is there for ends it when it fails, for a supervisor to start it again: one that answers scrapes while
nobody closes its windows any more would be worse than one that is away. What helps is begun again.
"""

import asyncio
import logging
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

logger = logging.getLogger("sentinel.work")

AGAIN_SECONDS = 10.0
"""From the failure of a task to its new beginning."""


class WorkFailed(RuntimeError):
    """A task ended by an exception; the message names both, and holds nothing that the exception says."""


class Work:
    """Sets `stop` when a task that was started fails; the owner then ends, and asks `check`."""

    def __init__(self, stop: asyncio.Event, again_seconds: float = AGAIN_SECONDS) -> None:
        self._stop = stop
        self._again_seconds = again_seconds
        self._tasks: list[asyncio.Task[Any]] = []
        self._failed = ""

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """A task that must not fail."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def keep(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """A task that is begun again after it failed."""
        self.start(name, self._again(name, work))

    async def cancel(self) -> None:
        """End all tasks."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def check(self) -> None:
        """Raises WorkFailed if a task has failed."""
        if self._failed:
            raise WorkFailed(self._failed)

    async def _again(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                return await work()
            except Exception as error:  # noqa: BLE001 - whatever it is, the rest has to go on
                _tell(name, error)
            await asyncio.sleep(self._again_seconds)

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed = _tell(task.get_name(), error)
            self._stop.set()


def _tell(name: str, error: BaseException) -> str:
    """Where it failed, but not what the exception says: it may hold a piece of a payload."""
    said = f"{name} failed with {type(error).__name__}"
    logger.critical("%s at\n%s", said, "".join(traceback.format_tb(error.__traceback__)))
    return said
