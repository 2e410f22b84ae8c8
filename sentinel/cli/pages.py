"""`--html`, `--pdf` and `--png` of the commands that have a page."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from sentinel.cli.problems import CommandError
from sentinel.report import browser


def wants_page(arguments: Namespace) -> bool:
    return bool(arguments.html or arguments.pdf or arguments.png)


def write_pages(arguments: Namespace, page: Callable[[], str]) -> None:
    """Write the page wherever it was asked for, and say where; nothing where it was not."""
    if not wants_page(arguments):
        return
    document = page()
    for name, write in (("html", _html), ("pdf", browser.pdf), ("png", browser.png)):
        if path := getattr(arguments, name):
            try:
                write(document, Path(path))
            except browser.NoBrowser as error:
                raise CommandError(str(error)) from error
            if not arguments.json:
                print(path)


def _html(document: str, path: Path) -> None:
    path.write_text(document, encoding="utf-8", errors="replace")
