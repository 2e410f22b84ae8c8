"""The HTTP/2 tracker on frames made by hand, and on recorded connections cut at every byte."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import hpack as reference
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.intake.http2 import read
from sentinel.relay.detection import Detection
from sentinel.relay.following import Opaque, Tracker
from sentinel.relay.frames import LARGEST_BLOCK_BYTES
from sentinel.relay.hpack import BadBlock, Blocks, _fast, _pure, use_of_table, works
from sentinel.relay.http1 import Http1
from sentinel.relay.http2 import PREFACE, Http2
from sentinel.traffic.ledger import DROPPED_OPAQUE, RECEIVED
from tests.support.relay_trackers import Notes

WIRE = Path(__file__).parents[2] / "data" / "wire"
RECORDED = {
    f"{path.parent.name}/{path.name}": (path.read_bytes(), path.with_suffix("").with_suffix(".s2c.h2").read_bytes())
    for path in sorted(WIRE.glob("*/grpc.conn*.c2s.h2"))
}
DATA, HEADERS, RST, SETTINGS, GOAWAY, CONTINUATION = 0, 1, 3, 4, 7, 9
END_STREAM, END_HEADERS, PADDED, PRIORITY = 1, 4, 8, 0x20


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload


class Wire:
    """Both ends of a connection, with real HPACK encoders."""

    def __init__(self, ratio: float = 1.0) -> None:
        self.notes = Notes()
        self.tracker = Http2(self.notes.follower(ratio), 0)
        self.asks, self.answers = reference.Encoder(), reference.Encoder()
        self.now = 0.0
        self.client(PREFACE)

    def client(self, *frames: bytes) -> None:
        self.now += 1
        self.tracker.client(b"".join(frames), self.now)

    def server(self, *frames: bytes) -> None:
        self.now += 1
        self.tracker.server(b"".join(frames), self.now)

    def call(
        self, stream: int, *, path: str = "/a.B/C", flags: int = 0, extra: tuple[tuple[str, str], ...] = ()
    ) -> bytes:
        head = [(":method", "POST"), (":path", path), ("content-type", "application/grpc"), *extra]
        return frame(HEADERS, END_HEADERS | flags, stream, self.asks.encode(head))

    def answer(self, stream: int, *headers: tuple[str, str], flags: int = 0) -> bytes:
        return frame(HEADERS, END_HEADERS | flags, stream, self.answers.encode(headers))

    def trailers(self, stream: int, status: int = 0) -> bytes:
        return self.answer(stream, ("grpc-status", str(status)), flags=END_STREAM)


OK = (":status", "200")


def test_a_unary_call_is_one_exchange() -> None:
    wire = Wire()
    wire.client(wire.call(1), frame(DATA, END_STREAM, 1, b"question"))
    wire.server(wire.answer(1, OK, ("content-type", "application/grpc")), frame(DATA, 0, 1, b"reply"), wire.trailers(1))
    (sample,) = wire.notes.samples
    (seen,) = read(sample, 100)
    assert (seen.protocol, seen.method, seen.path, seen.status) == ("grpc", "POST", "/a.B/C", 200)
    assert (seen.grpc_status, seen.request.body, seen.response.body) == (0, b"question", b"reply")
    assert seen.request.headers["content-type"] == "application/grpc"
    assert seen.response.headers["grpc-status"] == "0"
    assert wire.notes.codes() == {"2xx": 1}
    assert wire.tracker.resting(9, 0)


@pytest.mark.parametrize(
    ("status", "code"), [(0, "2xx"), (1, "canceled"), (4, "timeout"), (5, "4xx"), (13, "5xx"), (14, "5xx"), (99, "5xx")]
)
def test_grpc_status_gives_the_class(status: int, code: str) -> None:
    wire = Wire()
    wire.client(wire.call(1, flags=END_STREAM))
    wire.server(wire.answer(1, OK, ("grpc-status", str(status)), flags=END_STREAM))  # trailers only
    assert wire.notes.codes() == {code: 1}


@pytest.mark.parametrize(("status", "code"), [("200", "2xx"), ("404", "4xx"), ("503", "5xx")])
def test_plain_http2_has_its_own_status(status: str, code: str) -> None:
    wire = Wire()
    head = wire.asks.encode([(":method", "GET"), (":path", "/x?y=1")])
    wire.client(frame(HEADERS, END_HEADERS | END_STREAM, 1, head))
    wire.server(wire.answer(1, (":status", "103")), wire.answer(1, (":status", status), flags=END_STREAM))
    assert wire.notes.codes() == {code: 1}
    assert wire.notes.tally.all()[0].route.protocol == "http/2"
    assert wire.notes.tally.all()[0].route.path == "/x"


def test_streams_are_interleaved_and_told_apart() -> None:
    wire = Wire()
    for stream in (1, 3, 5):
        wire.client(wire.call(stream, path=f"/s/{stream}"), frame(DATA, END_STREAM, stream, b"%d" % stream))
    for stream in (5, 1, 3):
        wire.server(wire.answer(stream, OK))
    for stream in (3, 5, 1):
        wire.server(frame(DATA, 0, stream, b"r%d" % stream), wire.trailers(stream))
    seen = {one.path: (one.request.body, one.response.body) for s in wire.notes.samples for one in read(s, 100)}
    assert seen == {"/s/1": (b"1", b"r1"), "/s/3": (b"3", b"r3"), "/s/5": (b"5", b"r5")}


def test_padding_priority_and_continuation() -> None:
    wire = Wire()
    block = wire.asks.encode([(":method", "POST"), (":path", "/p"), ("content-type", "application/grpc")])
    padded = bytes((3,)) + b"\0\0\0\1\x10" + block[:4] + b"pad"
    wire.client(frame(HEADERS, PADDED | PRIORITY, 1, padded), frame(CONTINUATION, 0, 1, b""))
    wire.client(frame(CONTINUATION, END_HEADERS, 1, block[4:]), frame(DATA, PADDED | END_STREAM, 1, b"\x02body__"))
    wire.server(wire.answer(1, OK), frame(DATA, PADDED | END_STREAM, 1, b"\x00done"))
    (seen,) = read(wire.notes.samples[0], 100)
    assert (seen.path, seen.request.body, seen.response.body) == ("/p", b"body", b"done")


def test_a_promise_is_decoded_for_the_table_and_is_no_exchange() -> None:
    wire = Wire()
    wire.client(wire.call(1, flags=END_STREAM))
    block = wire.answers.encode([(":method", "GET"), (":path", "/style.css"), ("x-new", "in the table")])
    promise = (2).to_bytes(4) + block[:3]
    wire.server(frame(5, 0, 1, promise), frame(CONTINUATION, END_HEADERS, 1, block[3:]))
    wire.server(wire.answer(2, OK, flags=END_STREAM), wire.answer(1, OK, ("x-new", "in the table"), flags=END_STREAM))
    (seen,) = read(wire.notes.samples[0], 100)
    assert seen.response.headers == {"x-new": "in the table"}
    assert wire.notes.cells[RECEIVED] == 1


def test_resets_and_goaway() -> None:
    wire = Wire()
    wire.client(wire.call(1), wire.call(3), wire.call(5, extra=(("grpc-timeout", "1S"),)), wire.call(7), wire.call(9))
    wire.client(frame(RST, 0, 1, (8).to_bytes(4)))
    wire.server(frame(RST, 0, 3, (7).to_bytes(4)))
    wire.client(frame(RST, 0, 5, (8).to_bytes(4)))
    wire.server(frame(GOAWAY, 0, 0, (7).to_bytes(4) + (0).to_bytes(4)))
    assert wire.notes.codes() == {"canceled": 1, "refused": 2, "timeout": 1}
    wire.tracker.closed(by_client=False, now=99)
    assert wire.notes.codes()["disconnected"] == 1
    wire.server(wire.answer(1, OK))  # of a stream that is over: nothing new
    assert wire.notes.cells[RECEIVED] == 5


def test_the_gaps_of_a_stream_of_messages_are_counted() -> None:
    wire = Wire()
    wire.client(wire.call(1, flags=END_STREAM))
    wire.server(wire.answer(1, OK), frame(DATA, 0, 1, b"one"))
    wire.server(frame(DATA, 0, 1, b"two"))
    wire.server(frame(DATA, 0, 1, b"three"), wire.trailers(1))
    assert sum(wire.notes.tally.all()[0].gaps.values()) == 2


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        ([frame(HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\x0f")], "http2_headers"),
        ([frame(HEADERS, 0, 1, b"\x82"), frame(DATA, 0, 1, b"x")], "http2_frames"),
        ([frame(CONTINUATION, END_HEADERS, 1, b"\x82")], "http2_frames"),
        ([frame(HEADERS, 0, 1, b"\x82"), *[frame(CONTINUATION, 0, 1)] * 100], "http2_headers"),
        ([frame(HEADERS, 0, 1, b"\x82" * LARGEST_BLOCK_BYTES), frame(CONTINUATION, 0, 1, b"\x82")], "http2_headers"),
        ([frame(DATA, PADDED, 1, b"\x09short")], "http2_frames"),
        ([(1 << 21).to_bytes(3) + bytes((HEADERS, 0, 0, 0, 0, 1))], "http2_frame_size"),
    ],
)
def test_what_is_broken_goes_opaque_by_reason(frames: list[bytes], reason: str) -> None:
    with pytest.raises(Opaque, match=reason):
        Wire().client(*frames)


def replay(make: Callable[[Notes], Tracker], asked: list[bytes], answered: list[bytes]) -> Notes:
    """All client bytes, then all server bytes, as the chunks given."""
    notes = Notes()
    tracker = make(notes)
    for chunk in asked:
        tracker.client(chunk, 1.0)
    for chunk in answered:
        tracker.server(chunk, 2.0)
    tracker.closed(by_client=True, now=3.0)
    return notes


def seen_in(notes: Notes) -> list[object]:
    return [read(sample, 1 << 20) for sample in notes.samples]


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_connections_cut_at_every_byte(name: str) -> None:
    asked, answered = RECORDED[name]
    expected = seen_in(replay(lambda notes: Http2(notes.follower(), 0), [asked], [answered]))
    assert len(expected) >= 1
    for cut in range(1, max(len(asked), len(answered))):
        notes = replay(
            lambda notes: Http2(notes.follower(), 0), [asked[:cut], asked[cut:]], [answered[:cut], answered[cut:]]
        )
        assert [bare(one) for one in seen_in(notes)] == [bare(one) for one in expected]


def bare(exchanges: object) -> object:
    """An exchange without the times of its chunks, which depend on the cut."""
    assert isinstance(exchanges, list)
    return [(one.target, one.status, one.grpc_status, one.request.body, one.response.body) for one in exchanges]


def test_a_server_may_send_its_settings_first() -> None:
    notes, chosen = Notes(), []
    detection = Detection(notes.follower(), 0, chosen.append)
    asked, answered = next(iter(RECORDED.values()))
    detection.server(answered[:20], 0.0)
    detection.client(asked, 1.0)
    (tracker,) = chosen
    tracker.server(answered[20:], 2.0)
    tracker.closed(by_client=True, now=3.0)
    assert len(notes.samples) == notes.cells[RECEIVED] >= 1
    with pytest.raises(Opaque, match="unasked_answer"):
        Detection(notes.follower(), 0, chosen.append).server(b"220 mail.example ESMTP " * 300, 0.0)


@pytest.mark.parametrize("size", [1, 2, 7, 24, 25, 1000])
def test_detection_tells_the_protocol_however_the_bytes_come(size: int) -> None:
    chosen: list[Tracker] = []
    asked, answered = next(iter(RECORDED.values()))

    class Following:
        def __init__(self, notes: Notes) -> None:
            self.now: Tracker = Detection(notes.follower(), 0, self.choose)

        def choose(self, tracker: Tracker) -> None:
            chosen.append(tracker)
            self.now = tracker

        def client(self, data: bytes, now: float) -> None:
            self.now.client(data, now)

        def server(self, data: bytes, now: float) -> None:
            self.now.server(data, now)

        def closed(self, *, by_client: bool, now: float) -> None:
            self.now.closed(by_client=by_client, now=now)

    chunks = [[data[i : i + size] for i in range(0, len(data), size)] for data in (asked, answered)]
    notes = replay(Following, *chunks)  # type: ignore[arg-type]
    assert isinstance(chosen[0], Http2)
    assert notes.cells[RECEIVED] >= 1
    plain = [[data[i : i + size] for i in range(0, len(data), size)] for data in (b"POST / HTTP/1.1\r\n\r\n", b"")]
    replay(Following, *plain)  # type: ignore[arg-type]
    assert isinstance(chosen[1], Http1)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_altered_and_truncated_connections_are_followed_or_opaque(data: st.DataObject) -> None:
    asked, answered = map(bytearray, data.draw(st.sampled_from(list(RECORDED.values()))))
    for message in (asked, answered):
        for _ in range(data.draw(st.integers(0, 3))):
            message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    edges = sorted({0, len(asked), *data.draw(st.lists(st.integers(0, len(asked)), max_size=5))})
    notes = Notes()
    tracker = Http2(notes.follower(), 0)
    try:
        for start, end in pairwise(edges):
            tracker.client(bytes(asked[start:end]), 1.0)
            tracker.server(bytes(answered[start:end]), 1.0)
        tracker.closed(by_client=True, now=2.0)
    except Opaque:
        tracker.abandoned()
    assert notes.cells[RECEIVED] == len(notes.samples) + notes.cells[DROPPED_OPAQUE]
    seen_in(notes)


headers = st.lists(
    st.tuples(st.sampled_from([":path", "x-a", "x-b", "grpc-timeout", "cookie"]), st.text("abc019", max_size=8)),
    min_size=1,
    max_size=6,
)


@given(st.lists(headers, min_size=1, max_size=20), st.sampled_from([0, 64, 4096, 65536]))
@settings(deadline=None)
def test_both_decoders_and_the_memory_agree_with_the_encoder(blocks: list[list[tuple[str, str]]], table: int) -> None:
    encoder, remembered, pure, fast = reference.Encoder(), Blocks(), _pure(), _fast()
    for number, sent in enumerate(blocks):
        if number == 1:
            encoder.header_table_size = table
        block = encoder.encode(sent)
        expected = tuple((name.encode(), value.encode()) for name, value in sent)
        assert remembered.decode(block).headers == pure(block) == fast(block) == expected


def literal(mark: int, name: bytes, value: bytes) -> bytes:
    """A field with a new name; mark 0x40: it is added to the table."""
    return bytes((mark, len(name))) + name + bytes((len(value),)) + value


FIELDS = st.sampled_from(
    [
        b"\x82", b"\x88",  # :method GET and :status 200 of the static table
        b"\xbe", b"\xbf", b"\xc3",  # first, second and sixth entry of the dynamic table
        b"\x7e\x01z",  # the name of its first entry with another value, added
        *(literal(mark, name, name * size) for mark in (0x40, 0x00) for name in (b"a", b"b") for size in (0, 1, 40)),
    ]
)  # fmt: skip
SIZES = st.sampled_from([b"\x20", b"\x3f\x21", b"\x3f\x81\x01"])  # the table gets 0, 64, 160 bytes


@given(st.lists(st.tuples(st.one_of(st.just(b""), SIZES), st.lists(FIELDS, max_size=3)), max_size=6), st.data())
@settings(max_examples=300, deadline=None)
def test_what_is_remembered_is_what_a_decoder_says(made: list[tuple[bytes, list[bytes]]], data: st.DataObject) -> None:
    """Few blocks, in any order and again and again, over a table that holds few entries."""
    blocks = [size + b"".join(fields) for size, fields in made] or [b""]
    remembered, plain = Blocks(), _pure()
    for block in (b"\x3f\x81\x01", *data.draw(st.lists(st.sampled_from(blocks), max_size=60))):
        try:
            expected = plain(block)
        except Exception:  # noqa: BLE001 - whatever the library says of a broken block
            with pytest.raises(BadBlock):
                remembered.decode(block)
            return
        assert remembered.decode(block).headers == expected


def test_additions_of_remembered_blocks_reach_the_decoder() -> None:
    """As nginx answers: every block adds again what it added before, and one day a block names what was added."""
    adds = literal(0x40, b"server", b"n")
    blocks = Blocks()
    for _ in range(1000):
        assert blocks.decode(adds).headers == ((b"server", b"n"),)
    assert blocks.decode(b"\xbe\xbf").headers == ((b"server", b"n"),) * 2


def test_the_fast_decoder_is_in_use_and_a_wrong_one_would_be_noticed() -> None:
    assert works(_fast)
    assert works(_pure)
    assert not works(lambda: lambda block: ((b"custom-key", b"custom-value"),))
    assert not works(lambda: lambda block: ())


@pytest.mark.parametrize(
    ("block", "use"),
    [
        (b"\x82\x86\xbe", (True, False, None)),
        (b"\x00\x01a\x01b\x0f\x10\x01c\x82", (False, False, None)),
        (b"\x82\x41\x01a", (False, True, None)),
        (b"\x82\x7e\x01a", (True, True, None)),
        (b"\x3f\xe1\x1f", (False, False, 4096)),
    ],
)
def test_what_a_block_does_with_the_table_is_told(block: bytes, use: tuple[bool, bool, int | None]) -> None:
    assert use_of_table(block) == use


@pytest.mark.parametrize("block", [b"\xff", b"\x00", b"\x40\x05abc", b"\x7f\xff\xff\xff\xff\xff\xff", b"\x82\x00\x01a"])
def test_truncated_blocks_never_reach_a_decoder(block: bytes) -> None:
    with pytest.raises(BadBlock):
        Blocks().decode(block)
