"""What is wrong with settings beyond their types: files they name and words only one layer understands."""

from collections.abc import Callable
from pathlib import Path

from sentinel.config import Problem, Settings


def problems(settings: Settings) -> list[Problem]:
    """Everything found, each with its dotted path."""
    return [problem for check in CHECKS for problem in check(settings)]


def _files(settings: Settings) -> list[Problem]:
    named = [("admin.token_file", settings.admin.token_file)]
    named += [
        (f"rollback.targets[{i}].secret_file", target.secret_file) for i, target in enumerate(settings.rollback.targets)
    ]
    return [problem for path, name in named if name and (problem := _unreadable(path, name))]


def _unreadable(path: str, name: str) -> Problem | None:
    try:
        with Path(name).open("rb"):
            return None
    except OSError as error:
        return Problem(path, f"cannot read {name}: {error.strerror}")


CHECKS: tuple[Callable[[Settings], list[Problem]], ...] = (_files,)
