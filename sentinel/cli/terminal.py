"""Where commands write tables: as wide as a terminal is, and never broken where a file or another program reads."""

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

PIPE_COLUMNS = 240
"""Columns where there is no terminal; `COLUMNS` in the environment wins."""


def console() -> "Console":
    """A console on standard output."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPE_COLUMNS
    return Console(width=width)
