"""A judge for tests of the fleet: its state is the list of what it saw, so a period judged twice or skipped shows."""

import json
import sys

from sentinel.app import fleet as fleet_app
from sentinel.cli import main
from sentinel.store import WindowRecord
from sentinel.windows.closed import ClosedWindow
from tests.support import store_values as some


class Witness:
    """`PeriodJudge` that remembers (start, version, received) of every window, in its state only."""

    def judge(self, window: ClosedWindow, state: bytes | None, now: float) -> WindowRecord:
        seen = json.loads(state or b"[]")
        seen.append([window.start, window.key.version, window.traffic.received])
        return WindowRecord(window, verdict=some.verdict(window), judge_state=json.dumps(seen).encode())


class Lead:
    """Leadership as the test wants it."""

    def __init__(self, leads: bool = True) -> None:
        self.leads = leads

    def held(self, now: float) -> bool:
        return self.leads

    def release(self) -> None:
        self.leads = False


def lead_always() -> None:
    """The command line of sentinel with a `sentinel fleet` that believes it leads, whatever the lock says."""
    fleet_app.leadership = lambda database, holder: Lead()
    sys.exit(main())
