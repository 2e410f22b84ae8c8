"""The HTTP/1 tracker and the strict reader on real traffic, cut anywhere, interleaved, truncated and altered.

Wherever the chunks end, the same exchanges come out; whatever is wrong with the bytes, the tracker raises Opaque or
goes on.
"""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.intake.http1 import Unreadable, read
from sentinel.relay.following import Opaque
from sentinel.relay.http1 import Http1
from sentinel.traffic.ledger import DROPPED_OPAQUE, RECEIVED
from tests.support.relay_trackers import Notes

WIRE = Path(__file__).parents[2] / "data" / "wire"
RECORDED = [
    (path.read_bytes(), path.with_suffix(".resp").read_bytes())
    for path in sorted(WIRE.glob("*/*.req"))
    if path.with_suffix(".resp").exists()
]


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted({cut % len(data) for cut in cuts} - {0}), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


def exchanges_of(notes: Notes) -> list[tuple[object, ...]]:
    found = []
    for sample in notes.samples:
        (seen,) = read(sample, 1 << 20)
        assert not isinstance(seen, Unreadable)
        found.append((seen.method, seen.target, seen.status, seen.request.body, seen.response.body))
    return found


def whole(recorded: list[tuple[bytes, bytes]]) -> list[tuple[object, ...]]:
    """The exchanges when every message is one chunk."""
    notes = Notes()
    tracker = Http1(notes.follower(), 0)
    for asked, answered in recorded:
        tracker.client(asked, 0.0)
        tracker.server(answered, 1.0)
    tracker.closed(by_client=False, now=2.0)
    return exchanges_of(notes)


def test_recorded_exchanges_are_all_read() -> None:
    assert len(RECORDED) > 50
    assert len(whole(RECORDED)) == len(RECORDED)


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda pair: pair[0][:40].decode("latin-1").split("\r")[0])
def test_every_cut_gives_the_same_exchange(recorded: tuple[bytes, bytes]) -> None:
    asked, answered = recorded
    expected = whole([recorded])
    for cut in range(1, max(len(asked), len(answered)), 7 if len(asked) + len(answered) > 800 else 1):
        notes = Notes()
        tracker = Http1(notes.follower(), 0)
        for piece in filter(None, (asked[:cut], asked[cut:])):
            tracker.client(piece, 0.0)
        for piece in filter(None, (answered[:cut], answered[cut:])):
            tracker.server(piece, 1.0)
        tracker.closed(by_client=False, now=2.0)
        assert exchanges_of(notes) == expected


@given(st.lists(st.sampled_from(RECORDED), min_size=1, max_size=4), st.lists(st.integers(0, 10**6), max_size=12))
@settings(max_examples=150, deadline=None)
def test_keep_alive_connections_cut_anywhere(recorded: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    notes = Notes()
    tracker = Http1(notes.follower(), 0)
    for asked, answered in recorded:
        for piece in pieces(asked, cuts):
            tracker.client(piece, 0.0)
        for piece in pieces(answered, cuts):
            tracker.server(piece, 1.0)
    tracker.closed(by_client=False, now=2.0)
    assert exchanges_of(notes) == whole(recorded)
    assert notes.cells[RECEIVED] == len(recorded)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_broken_traffic_is_followed_or_opaque_and_always_accounted_for(data: st.DataObject) -> None:
    notes = Notes()
    tracker = Http1(notes.follower(), 0)
    steps = st.tuples(st.booleans(), st.sampled_from(RECORDED), st.integers(0, 10**6), st.integers(0, 255))
    try:
        for from_client, recorded, place, byte in data.draw(st.lists(steps, max_size=8)):
            message = bytearray(recorded[0 if from_client else 1])
            message[place % len(message)] = byte
            kept = bytes(message[: 1 + place % (len(message) + 50)])
            (tracker.client if from_client else tracker.server)(kept, 0.0)
        tracker.closed(by_client=data.draw(st.booleans()), now=1.0)
    except Opaque:
        tracker.abandoned()
    assert notes.cells[RECEIVED] == len(notes.samples) + notes.cells[DROPPED_OPAQUE]
    for sample in notes.samples:
        assert isinstance(read(sample, 1 << 20), list | Unreadable)


@given(st.binary(max_size=400), st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_bytes_at_all(asked: bytes, answered: bytes) -> None:
    tracker = Http1(Notes().follower(), 0)
    try:
        for data in (asked, answered, asked):
            tracker.client(data, 0.0)
            tracker.server(data, 0.0)
        tracker.resting(1e9, 0.0)
    except Opaque:
        tracker.abandoned()
    tracker.closed(by_client=True, now=1.0)
