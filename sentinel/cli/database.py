"""`sentinel db upgrade|check`."""

from argparse import Namespace

from sentinel.cli.problems import CommandError
from sentinel.cli.settings import settings_of
from sentinel.cli.telling import tell
from sentinel.store import StoreError, upkeep


def upgrade(arguments: Namespace) -> int:
    """Bring the schema to this release; nothing happens where it is there already."""
    try:
        before, after = upkeep.upgrade(_url(arguments))
    except StoreError as error:
        raise CommandError(str(error)) from error
    was = "" if before == after else f", was {before or 'empty'}"
    tell(arguments, f"the schema is {after}{was}", before=before, after=after)
    return 0


def check(arguments: Namespace) -> int:
    """Exit 1 where the schema needs an upgrade, the file is damaged or the audit chain is broken."""
    try:
        problems = upkeep.check(_url(arguments))
    except StoreError as error:
        raise CommandError(str(error)) from error
    sentence = "\n".join(problems) or "the schema is current, and the audit chain is whole"
    tell(arguments, sentence, sound=not problems, problems=problems)
    return 1 if problems else 0


def _url(arguments: Namespace) -> str:
    url: str = arguments.store or settings_of(arguments).store.url
    return url
