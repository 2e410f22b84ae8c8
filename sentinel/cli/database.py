"""`sentinel db upgrade|check`."""

from argparse import Namespace

from sentinel.cli.problems import CommandError
from sentinel.cli.settings import settings_of
from sentinel.store import StoreError, open_store


def upgrade(arguments: Namespace) -> int:
    """Bring the schema to this release; nothing happens where it is there already."""
    return _open(arguments, upgrade=True, done="the schema is current")


def check(arguments: Namespace) -> int:
    """Exit 1 where the schema needs an upgrade or the audit chain is broken."""
    return _open(arguments, upgrade=False, done="the schema is current and the audit chain is whole")


def _open(arguments: Namespace, *, upgrade: bool, done: str) -> int:
    url = arguments.store or settings_of(arguments).store.url
    try:
        store = open_store(url, upgrade=upgrade)
        broken = store.verify_audit()
        store.close()
    except StoreError as error:
        raise CommandError(str(error)) from error
    if broken:
        raise CommandError(f"the audit of {store.database.name} was changed: {broken}")
    print(f"{store.database.name}: {done}")
    return 0
