"""The switches that people and receivers throw, as settings in the store: pause, and targets that said "gone".

Who threw them is in the audit; here is only whether they are on.
"""

from pathlib import Path
from typing import Protocol

PAUSED = "rollback.paused"
"""Setting: why rollbacks are paused; empty or absent when they are not."""


class Settings(Protocol):
    """The part of a store that keeps named values."""

    def setting(self, name: str) -> str | None: ...

    def put_setting(self, name: str, value: str) -> None: ...


def paused(store: Settings, pause_file: str = "") -> str:
    """Why rollbacks are paused, or ""."""
    if pause_file and Path(pause_file).exists():
        return f"the file {pause_file} exists"
    return store.setting(PAUSED) or ""


def disabled_setting(target: str) -> str:
    """Setting: why a target is not asked any more; empty or absent when it is."""
    return f"rollback.disabled.{target}"
