"""A demo stage for end-to-end tests: model server, deployment stand-in, sidecar and traffic, in short windows."""

import contextlib
import io
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from rich.console import Console

from sentinel.demo.dataset import HEALTHY, load
from sentinel.demo.model import GOOD, prepare
from sentinel.demo.place import Place
from sentinel.demo.sidecar import Timing
from sentinel.demo.staging import Plan, Stage, staged
from sentinel.demo.telling import Teller
from sentinel.demo.watching import Seen
from tests.support.ports import demo_ports

WINDOW_SECONDS = 1.0
HEALTHY_WINDOWS = 3
FURTHER_WINDOWS = 4


@contextlib.asynccontextmanager
async def healthy(folder: Path) -> AsyncIterator[Stage]:
    """A stage on which version 1 has been serving well."""
    plan = Plan(Place(folder), demo_ports(), Timing(window_seconds=WINDOW_SECONDS))
    teller = Teller(Console(file=io.StringIO()))
    with plan.place.claimed():
        async with staged(plan, prepare(folder), load()[HEALTHY], teller) as stage:
            await stage.until("healthy windows", lambda seen: ok(seen, GOOD))
            yield stage


def ok(seen: Seen, version: str) -> bool:
    """Whether the last windows are all of `version` and healthy."""
    tail = seen.last(version, HEALTHY_WINDOWS)
    return bool(tail) and all(window.state == "ok" for window in tail)


def beside(seen: Seen, versions: Sequence[str]) -> bool:
    """Whether each of the versions has served well of late, one beside the other."""
    latest = [[w.state for w in seen.windows if w.window.key.version == v][-HEALTHY_WINDOWS:] for v in versions]
    return all(states == ["ok"] * HEALTHY_WINDOWS for states in latest)


async def further_windows(stage: Stage) -> None:
    """Until some more windows have closed."""
    count = len(stage.seen.windows) + FURTHER_WINDOWS
    await stage.until("further windows", lambda seen: len(seen.windows) >= count)
