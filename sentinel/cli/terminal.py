"""Where commands write tables: as wide as a terminal is, and never broken where a file or another program reads."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

PIPE_COLUMNS = 240
"""Columns where there is no terminal; `COLUMNS` in the environment wins."""


def console(*, prose: bool = False) -> "Console":
    """A console on standard output. prose: sentences are neither coloured nor broken."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPE_COLUMNS
    return Console(width=width, highlight=not prose, soft_wrap=prose)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[float], None]]:
    """A bar on standard error while a terminal watches; nothing else. It is told the share done, 0 to 1."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda share: bar.update(task, completed=share)
