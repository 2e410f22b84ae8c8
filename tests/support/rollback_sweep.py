"""Kill -9 at random moments between breach and acknowledged delivery, over a real receiver and a real store.

One scenario: an observer process commits the windows of a release that breaches, and delivers; it is killed at random
moments, once to three times, and started again, until nothing is pending. What then must hold is checked by `Scenario`.
Processes are forked from this one with everything imported, so that a kill falls into work and not into imports.
Time runs SPEED times faster for the code under test; nothing else is changed.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from sentinel.config.settings import RollbackSettings
from sentinel.judge.verdict import State
from sentinel.rollback.deliverer import Deliverer, DelivererOptions
from sentinel.rollback.desk import Desk
from sentinel.rollback.targets.building import build_targets
from sentinel.store import WindowRecord, open_store
from sentinel.store.contract import Store
from sentinel.store.errors import StoreError
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.window import WindowKey
from tests.support import rollback_receiver as receivers
from tests.support.processes import DEADLINE_SECONDS
from tests.support.rollback_cases import incident, verdict
from tests.support.rollback_delivery import target
from tests.support.rollback_receiver import Received, Receiver, Writer, answer, read_request

SPEED = 20.0
ATTEMPT_SECONDS = 0.25
LEASE_MARGIN_SECONDS = 10.0  # half a second of real time
MOST_KILLS = 3


def forked(work: Callable[[], None]) -> int:
    """Run `work` in a forked process; its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)


def clock_from(started: float, speed: float) -> Callable[[], float]:
    return lambda: started + (time.time() - started) * speed


def settings_for(address: str, folder: Path, attempt_seconds: float = ATTEMPT_SECONDS) -> RollbackSettings:
    return RollbackSettings(
        mode="enforce", targets=(target(address, folder, timeout_seconds=attempt_seconds),), minimum_rows=100
    )


def breach_windows(store: Store, desk: Desk, model: str, replica: str, clock: Callable[[], float]) -> None:
    """Judge and commit what a replica sees: version 1, version 2, and two windows of its breach. Safe to repeat."""
    start = clock() - 240.0
    known = desk.versions(model)
    if known.releases:
        start = known.releases[0].since
    for number, version in enumerate("1222"):
        begin = start + 60 * number
        opened_at = start + 60 * 3
        standing = (incident(model=model, id=f"breach of {model}", opened_at=opened_at),) if number >= 2 else ()
        made = replace(
            verdict(),
            model=model,
            version=version,
            start=begin,
            end=begin + 60,
            state=State.BREACH if standing else State.OK,
            opened=standing,
            open=standing,
        )
        plan = desk.decide(made, clock())
        closed = ClosedWindow(WindowKey(model, version, replica), begin, begin + 60, rows=500, reference_id="r")
        store.commit_window(WindowRecord(closed, {}, made, b"", plan.intents, plan.audit))


def observe(
    url: str, settings: RollbackSettings, model: str, replica: str, started: float, speed: float = SPEED
) -> None:
    """One life of an observer: windows, decision, deliveries until nothing is pending."""
    clock = clock_from(started, speed)
    store = open_store(url)
    breach_windows(store, Desk(store, settings, replica), model, replica, clock)
    options = DelivererOptions(clock=clock, lease_margin_seconds=LEASE_MARGIN_SECONDS)
    deliverer = Deliverer(store, build_targets(settings), options)

    async def deliver() -> None:
        while store.intents(state="pending"):
            if not await deliverer.deliver_due():
                await asyncio.sleep(0.005)

    asyncio.run(deliver())


async def _fickle(receiver: Receiver, request: Received, writer: Writer) -> None:
    """By model: accept; first fail; act, then cut; act and answer late. Afterwards 409 as receivers do."""
    model = json.loads(request.body)["data"]["model"]
    first = sum(json.loads(r.body)["data"]["model"] == model for r in receiver.requests) == 1
    kind = int(model.rpartition("-")[2]) % 4 if first else 0
    if kind == 1:
        await answer(writer, 503)
    elif kind == 2:
        await receivers.accept_then_cut(receiver, request, writer)
    else:
        if kind == 3:
            await asyncio.sleep(ATTEMPT_SECONDS / 10)
        await receivers.accept(receiver, request, writer)


@contextlib.contextmanager
def receiver_process(port_file: Path) -> Iterator[str]:
    """A receiver in a process of its own, so that no kill touches it; its base address."""

    async def serve() -> None:
        receiver = Receiver([_fickle])

        async def connection(reader: asyncio.StreamReader, writer: Writer) -> None:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                request = await read_request(reader)
                if request.method == "GET":
                    seen = [r.headers["webhook-id"] for r in receiver.requests]
                    await answer(writer, 200, body=json.dumps({"seen": seen, "accepted": receiver.accepted}).encode())
                else:
                    receiver.requests.append(request)
                    await _fickle(receiver, request, writer)
            writer.close()

        server = await asyncio.start_server(connection, "127.0.0.1", 0, backlog=512)
        port_file.with_suffix(".new").write_text(str(server.sockets[0].getsockname()[1]))
        port_file.with_suffix(".new").rename(port_file)
        await server.serve_forever()

    pid = forked(lambda: asyncio.run(serve()))
    try:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not port_file.exists():
            assert time.monotonic() < deadline, "the receiver did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port_file.read_text()}/"
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def receiver_saw(address: str) -> dict[str, Counter[str]]:
    """Ids as the receiver saw and accepted them, with how often."""
    with urllib.request.urlopen(address, timeout=DEADLINE_SECONDS) as answered:
        found = json.load(answered)
    return {name: Counter(ids) for name, ids in found.items()}


@dataclass
class Sweep:
    """kills: state that the kill left behind -> times. problems: everything that should not be."""

    kills: Counter[str] = field(default_factory=Counter)
    scenarios: int = 0
    requests: int = 0
    problems: list[str] = field(default_factory=list)


def sweep(folder: Path, kills: int, seed: int, progress: Callable[[int], None] = lambda _done: None) -> Sweep:
    """Run scenarios until `kills` processes were killed."""
    made, rng = Sweep(), random.Random(seed)
    with receiver_process(folder / "port") as address:
        usual = _undisturbed_seconds(folder / "first", address)
        while made.kills.total() < kills:
            made.scenarios += 1
            _scenario(made, folder / str(made.scenarios), address, rng, usual)
            progress(made.kills.total())
    return made


def _undisturbed_seconds(folder: Path, address: str) -> float:
    folder.mkdir()
    begun = time.monotonic()
    pid = _start(folder, address, "undisturbed-1", time.time())
    assert _wait(pid, DEADLINE_SECONDS), "the undisturbed run did not end"
    return time.monotonic() - begun


def _start(folder: Path, address: str, model: str, started: float) -> int:
    url, settings = f"sqlite:///{folder}/store.db", settings_for(address, folder)
    return forked(lambda: observe(url, settings, model, "a", started))


def _wait(pid: int, seconds: float) -> bool:
    """Whether the process ended by itself, well, within the time; it is gone afterwards."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, code = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(code) == 0
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return False


def _scenario(made: Sweep, folder: Path, address: str, rng: random.Random, usual: float) -> None:
    folder.mkdir()
    model, started = f"model-{made.scenarios}", time.time()
    for _ in range(rng.randint(1, MOST_KILLS)):
        pid = _start(folder, address, model, started)
        time.sleep(rng.uniform(0.0, usual))
        os.kill(pid, signal.SIGKILL)
        _, code = os.waitpid(pid, 0)
        if os.waitstatus_to_exitcode(code) == -signal.SIGKILL:
            made.kills[_left_behind(folder, address)] += 1
    if not _wait(_start(folder, address, model, started), DEADLINE_SECONDS):
        made.problems.append(f"{model}: the last observer did not end well")
    _check(made, folder, address, model)


def _left_behind(folder: Path, address: str) -> str:
    """What the store holds after a kill, in words."""
    if not (folder / "store.db").exists():
        return "no store yet"
    try:
        store = open_store(f"sqlite:///{folder}/store.db")
    except StoreError:
        return "store half made"
    try:
        intents = store.intents()
        if not intents:
            return "nothing decided"
        (intent,) = intents
        if intent.state == "delivered":
            return "delivered"
        sent = receiver_saw(address)["seen"][intent.id]
        recorded = len(store.deliveries(intent.id))
        return "sent, not written down" if sent > recorded else "decided" if not sent else "waiting to try again"
    finally:
        store.close()


def _check(made: Sweep, folder: Path, address: str, model: str) -> None:
    store = open_store(f"sqlite:///{folder}/store.db")
    intents, trail = store.intents(), [record.outcome for record in reversed(store.audit_trail())]
    seen = receiver_saw(address)
    ids = [intent.id for intent in intents]
    made.requests += sum(seen["seen"][identity] for identity in ids)
    wrong = [
        sentence
        for holds, sentence in (
            ([intent.state for intent in intents] == ["delivered"], f"intents are {[i.state for i in intents]}"),
            ([seen["accepted"][identity] for identity in ids] == [1], f"accepted {ids}, not once"),
            (trail == ["triggered", "delivered"], f"the audit says {trail}"),
            (store.verify_audit() == "", store.verify_audit()),
        )
        if not holds
    ]
    made.problems += [f"{model}: {sentence}" for sentence in wrong]
    store.close()
