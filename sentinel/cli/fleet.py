"""`sentinel fleet`."""

import logging
import sys
from argparse import Namespace

from sentinel.cli.problems import CommandError
from sentinel.cli.settings import settings_of


def fleet(arguments: Namespace) -> int:
    """Runs until SIGTERM; its log is one JSON line an event, on stderr."""
    from sentinel.app.fleet import run
    from sentinel.app.logs import JsonLines
    from sentinel.app.serving import CannotListen
    from sentinel.store import StoreError

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    given = {"store.url": arguments.store} if arguments.store else {}
    try:
        return run(settings_of(arguments, given))
    except (StoreError, CannotListen) as error:
        raise CommandError(str(error)) from error
