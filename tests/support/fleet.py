"""A judge for tests of the fleet: its state is the list of what it saw, so a period judged twice or skipped shows."""

import json

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
