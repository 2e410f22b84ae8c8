"""`python -m sentinel.app`: the observer, as the supervisor starts it.

Exit codes: 0 told to stop, 1 failed, 2 the settings cannot be used (the supervisor then gives up at the first start).
"""

import asyncio
import logging
import sys

import uvloop

from sentinel.app.assembly import assemble, check_store
from sentinel.app.checks import problems
from sentinel.app.observer import Observer
from sentinel.app.serving import CannotListen
from sentinel.app.work import WorkFailed
from sentinel.config import ConfigurationError, parse
from sentinel.store import StoreError
from sentinel.traffic.handover import Handover


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[_handler()])
    try:
        handover = Handover.inherited()
    except RuntimeError as error:  # not started by a supervisor
        sys.stderr.write(f"sentinel: {error}\n")
        return 2
    try:
        settings = parse(handover.settings)
        if found := problems(settings):
            raise ConfigurationError(found)
        check_store(settings)
        observer = Observer(assemble(settings), handover)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(observer.run())
    except (CannotListen, WorkFailed) as error:
        sys.stderr.write(f"sentinel: {error}\n")
        return 1
    except (ConfigurationError, StoreError) as error:
        sys.stderr.write("".join(f"sentinel: {line}\n" for line in str(error).splitlines()))
        return 2
    return 0


def _handler() -> logging.Handler:
    from sentinel.app.logs import JsonLines

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    return handler


if __name__ == "__main__":
    sys.exit(main())
