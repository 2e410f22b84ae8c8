"""The judge's memory as bytes, and back: evidence, trailing counts, open incidents, budget spent."""

from dataclasses import asdict, astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentinel.drift.accounts import GENERATION
from sentinel.drift.blocks import Blocks
from sentinel.judge.docket import Docket
from sentinel.judge.faults import LargestClient, Streaks
from sentinel.judge.roster import Roster, VersionState
from sentinel.judge.verdict import Incident
from sentinel.judge.watch import DriftWatch, Watch
from sentinel.reference.packing import FormatError, frame, pack_array, unframe, unpack_array

MAGIC = b"SNTLJDG\n"
VERSION = 1
WHAT = "the state of a judge"
QUICK = 1
"""zlib level: the state is written with every window, and most of it are floats that hardly shrink."""
CAPITAL = ("unbet", "saved", "bet", "rise")
METER = ("pending", "elapsed", "previous", "rows", "pairs", "jumps", "largest", "learnt")
"""What a meter of dependence remembers; its scores follow from the reference."""


class StateError(ValueError):
    """The bytes are no state that this version can go on from; the message says why."""


@dataclass(frozen=True, slots=True)
class Remembering:
    """Whose memory it is: of which reference and policy (fingerprints), over which versions and incidents."""

    reference: str
    policy: str
    roster: Roster
    docket: Docket


def encode(own: Remembering, notice: str) -> bytes:
    """notice: what is still to be said with the next verdict."""
    roster, docket = own.roster, own.docket
    content = {
        "reference": own.reference,
        "policy": own.policy,
        "accounts": GENERATION,
        "notice": notice,
        "until": roster.until,
        "versions": [_version(name, state) for name, state in roster.versions.items()],
        "faults": [[name, *_streaks(state.faults), *astuple(state.clients)] for name, state in roster.versions.items()],
        "watches": [[*key, _watch(watch)] for key, watch in roster.watches.items()],
        "open": [[*key, _incident(incident)] for key, incident in docket.open.items()],
        "pages": docket.pages,
    }
    return frame(MAGIC, VERSION, content, level=QUICK)


def adopt(own: Remembering, data: bytes) -> str:
    """Take over the memory in `data`; what is to be said of it with the next verdict."""
    try:
        content = unframe(MAGIC, VERSION, data, WHAT)
    except FormatError as error:
        raise StateError(f"the judge cannot go on from these {len(data)} bytes: {error}") from error
    own.docket.pages = list(content["pages"])
    own.docket.open = {
        (version, what): Incident(**{**incident, "features": tuple(incident["features"])})
        for version, what, incident in content["open"]
    }
    roster = own.roster
    roster.until = content["until"]
    for name, until, blocks, *labelled in content["versions"]:
        roster.enter(name)
        roster.versions[name] = VersionState(until, _restored(blocks), tuple(labelled) or (0, 0))
    if why := _starts_again(own, content):
        return f"evidence starts again: {why}"
    for name, until, clear, held, *clients in content.get("faults", ()):
        faults = {(kind, feature): windows for kind, feature, windows in held}
        roster.versions[name].faults = Streaks(until, faults, clear)
        roster.versions[name].clients = LargestClient(*clients)
    _adopt_watches(roster, content["watches"])
    return str(content["notice"])


def _starts_again(own: Remembering, content: dict[str, Any]) -> str:
    """Why evidence cannot be gone on from; "" where it can."""
    if content["reference"] != own.reference:
        return "the reference is another one"
    if content.get("accounts") != GENERATION:
        return "this sentinel bets on other drifts than the one before"
    if content["policy"] != own.policy:
        return "budget, tolerance or service levels were changed"
    return ""


def _adopt_watches(roster: Roster, watches: list[Any]) -> None:
    for version, what, arrays in watches:
        book = roster.watches[version, what].book
        for name in CAPITAL:
            setattr(book.capital, name, unpack_array(arrays[name], np.float64))
        book.blocks = _restored(arrays["blocks"])
        watch = roster.watches[version, what]
        if isinstance(watch, DriftWatch):
            watch.unobserved = arrays["unobserved"]
            watch.book.memory = unpack_array(arrays["memory"], np.float64)
            watch.book.recover_to = unpack_array(arrays["recover_to"], np.float64)
            if arrays["expected"] is not None:
                watch.book.expected = _restored(arrays["expected"], np.float64)
            for name in METER:
                setattr(watch.book.meter, name, unpack_array(arrays["meter"][name], np.float64))
            watch.book.learn_from(watch.book.meter)


def _version(name: str, state: VersionState) -> list[Any]:
    labelled = state.labelled if any(state.labelled) else ()  # without labels as it always was
    return [name, state.until, _blocks(state.recent), *labelled]


def _streaks(faults: Streaks) -> list[Any]:
    return [faults.until, faults.clear, [[*key, windows] for key, windows in faults.held.items()]]


def _watch(watch: Watch) -> dict[str, Any]:
    capital = watch.book.capital
    packed = {name: pack_array(getattr(capital, name)) for name in CAPITAL}
    packed["blocks"] = _blocks(watch.book.blocks)
    if not isinstance(watch, DriftWatch):
        return packed
    meter = {name: pack_array(_whole(getattr(watch.book.meter, name))) for name in METER}
    expected = None if watch.book.expected is None else _blocks(watch.book.expected)
    return {
        **packed,
        "unobserved": watch.unobserved,
        "memory": pack_array(watch.book.memory),
        "recover_to": pack_array(watch.book.recover_to),
        "meter": meter,
        "expected": expected,
    }


def _whole(array: NDArray[np.float64]) -> NDArray[Any]:
    """Counts kept as floats, as integers: they pack into a fraction of the bytes."""
    return array.astype(np.int64) if array.size and (array == np.rint(array)).all() else array


def _blocks(blocks: Blocks) -> list[Any]:
    return [pack_array(array) for array in (blocks.current, blocks.previous, blocks.fill)]


def _restored(packed: list[Any], dtype: type[np.generic] = np.int64) -> Blocks:
    current, previous, fill = packed
    return Blocks(unpack_array(current, dtype), unpack_array(previous, dtype), unpack_array(fill, np.int64))


def _incident(incident: Incident) -> dict[str, Any]:
    return asdict(incident)
