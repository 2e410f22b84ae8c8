"""`sentinel db upgrade|check`."""

from argparse import Namespace

from sentinel.cli.problems import CommandError
from sentinel.cli.settings import settings_of
from sentinel.store import StoreError
from sentinel.store.upkeep import check as check_store
from sentinel.store.upkeep import upgrade as upgrade_store


def upgrade(arguments: Namespace) -> int:
    """Say from which schema to which."""
    try:
        before, after = upgrade_store(_url(arguments))
    except StoreError as error:
        raise CommandError(str(error)) from error
    print(f"schema {after}" if before == after else f"schema {before or 'none'} → {after}")
    return 0


def check(arguments: Namespace) -> int:
    """Every problem, one a line; exit 1 when there is one."""
    try:
        problems = check_store(_url(arguments))
    except StoreError as error:
        problems = [str(error)]
    for problem in problems:
        print(problem)
    if not problems:
        print("schema current, file sound, audit chain whole")
    return 1 if problems else 0


def _url(arguments: Namespace) -> str:
    return str(arguments.store or settings_of(arguments).store.url)
