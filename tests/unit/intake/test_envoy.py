"""What Envoy tells, as bytes of HTTP/2 in any cut: exchanges, or a counted reason; bounded whoever calls."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jh2.config import H2Configuration
from jh2.connection import H2Connection
from jh2.events import ResponseReceived, StreamReset

from sentinel.intake.calls import MOST_CONNECTIONS, MOST_SILENT_BYTES, Connection
from sentinel.intake.envoy import LONGEST_MESSAGE_BYTES, RATIO_HEADER, EnvoyIntake, Limits
from sentinel.intake.ext_proc import METHOD_PATH, BadMessage, Observed
from sentinel.intake.push import Pushed
from sentinel.traffic import Exchange

RECORDED = Path(__file__).parents[2] / "data/intake/envoy"
POST, GET = (
    [(RECORDED / f"extproc-{n}.req.pb").read_bytes() for n in numbers] for numbers in ((1, 2, 3, 4), (5, 6, 7))
)


@dataclass
class Transport:
    """What asyncio gives a protocol; `aborted` when it was ended."""

    written: bytearray = field(default_factory=bytearray)
    unread: int = 0
    aborted: bool = False

    def write(self, data: bytes) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return self.unread

    def abort(self) -> None:
        self.aborted = True

    close = abort


class Caller:
    """A client on one connection to an intake; keeps what the intake told."""

    def __init__(self, limits: Limits = Limits(8, 1 << 20, 1000)) -> None:  # noqa: B008 - frozen
        self.exchanges: list[Exchange] = []
        self.undecodable: list[str] = []
        self.dropped: list[str] = []
        self.ratios: list[float] = []
        told = (self.exchanges.append, self.undecodable.append, self.dropped.append, self.ratios.append)
        self.now = 50.0
        self.intake = EnvoyIntake(Pushed(*told), limits, lambda: self.now)
        self.transport = Transport()
        self.connections: set[Connection] = set()
        self.connection = Connection(METHOD_PATH, self.intake.open_call, limits.calls, self.connections)
        self.connection.connection_made(self.transport)  # type: ignore[arg-type]
        self.http2: Any = H2Connection(H2Configuration(client_side=True, header_encoding="latin-1"))
        self.http2.initiate_connection()
        self.answers: dict[int, dict[str, str]] = {}
        self.resets: dict[int, int] = {}
        self.pump()

    def pump(self, cut: int = 1 << 30) -> None:
        """Carry bytes both ways, towards the intake in pieces of `cut`."""
        data = self.http2.data_to_send()
        for at in range(0, len(data), cut):
            self.connection.data_received(data[at : at + cut])
        for event in self.http2.receive_data(bytes(self.transport.written)):
            if isinstance(event, ResponseReceived):
                self.answers[event.stream_id] = dict(event.headers)
            elif isinstance(event, StreamReset):
                self.resets[event.stream_id] = event.error_code
        self.transport.written.clear()

    def open(self, path: str = METHOD_PATH, **headers: str) -> int:
        stream: int = self.http2.get_next_available_stream_id()
        plain = {name.replace("_", "-"): value for name, value in headers.items()}
        pseudo = {":method": "POST", ":scheme": "http", ":authority": "sentinel", ":path": path}
        self.http2.send_headers(stream, list((pseudo | plain).items()))
        return stream

    def tell(self, messages: Sequence[bytes], cut: int = 1 << 30) -> int:
        stream = self.open(content_type="application/grpc")
        self.http2.send_data(stream, framed(*messages))
        self.pump(cut)
        return stream


def framed(*messages: bytes) -> bytes:
    return b"".join(b"\0" + len(message).to_bytes(4, "big") + message for message in messages)


def message(part: str, **fields: Any) -> bytes:
    from sentinel.intake.ext_proc import _request_class

    built = _request_class()()
    told = getattr(built, part)
    for name, value in fields.items():
        if name == "pairs":
            where = told.trailers if part.endswith("trailers") else told.headers
            for key, text in value.items():
                where.headers.add(key=key, raw_value=text)
        else:
            setattr(told, name, value)
    told.SetInParent()
    return built.SerializeToString()


@pytest.mark.parametrize("cut", [1, 7, 1 << 30])
def test_a_recorded_request_becomes_an_exchange(cut: int) -> None:
    caller = Caller()
    stream = caller.tell(POST, cut)
    (exchange,) = caller.exchanges
    assert (exchange.method, exchange.target, exchange.status) == ("POST", "/v1/models/x:predict", 200)
    assert exchange.request.body == b'{"instances": [[1, 2]]}'
    assert exchange.response.body == b'{"predictions":[1],"n":23}'
    assert exchange.request.headers["content-type"] == "application/json"
    assert not any(name.startswith(":") for name in exchange.request.headers | exchange.response.headers)
    assert caller.answers[stream]["grpc-status"] == "0"
    assert (caller.intake.calls, caller.intake.held_bytes) == (0, 0)


def test_a_request_without_a_body_has_ended_with_its_head() -> None:
    caller = Caller()
    caller.tell(GET)
    assert [one.method for one in caller.exchanges] == ["GET"]
    assert caller.exchanges[0].request.body == b""


def test_times_are_those_of_arrival() -> None:
    observed = Observed(1000, 1e9, 10.0)
    for at, one in zip((10.0, 10.1, 10.5, 10.75), POST, strict=True):
        observed.take(one, at)
    exchange = observed.outcome()
    assert isinstance(exchange, Exchange)
    assert (exchange.started_at, exchange.first_byte_seconds, exchange.duration_seconds) == (1e9, 0.5, 0.75)
    assert exchange.chunk_seconds == (0.75,)


def test_a_grpc_answer_has_its_status_in_the_trailers() -> None:
    caller = Caller()
    asked = message("request_headers", pairs={b":path": b"/a.B/C", b"content-type": b"application/grpc"})
    caller.tell([
        asked, message("request_body", body=b"\0\0\0\0\x01a", end_of_stream=True),
        message("response_headers", pairs={b":status": b"200"}), message("response_body", body=b"\0\0\0\0\x01b"),
        message("response_trailers", pairs={b"grpc-status": b"0"}),
    ])  # fmt: skip
    refused = message("response_headers", pairs={b":status": b"200", b"grpc-status": b"5"}, end_of_stream=True)
    caller.tell([asked, message("request_body", end_of_stream=True), refused])
    assert [(one.protocol, one.grpc_status, one.response.body) for one in caller.exchanges] == [
        ("grpc", 0, b"\0\0\0\0\x01b"), ("grpc", 5, b""),
    ]  # fmt: skip


def test_long_bodies_are_given_up_not_held() -> None:
    caller = Caller(Limits(8, 1 << 20, 10))
    piece = message("request_body", body=b"x" * 6)
    stream = caller.tell([POST[0], piece, piece, piece])
    assert caller.intake.held_bytes == 0
    caller.http2.send_data(
        stream,
        framed(message("request_body", end_of_stream=True), *POST[2:3], message("response_body", end_of_stream=True)),
    )
    caller.pump()
    assert [(one.request.truncated, one.request.body, one.response.truncated) for one in caller.exchanges] == [
        (True, b"", False)
    ]


def ended(caller: Caller, stream: int) -> None:
    caller.http2.end_stream(stream)


def cancelled(caller: Caller, stream: int) -> None:
    caller.http2.reset_stream(stream)


def vanished(caller: Caller, stream: int) -> None:
    caller.connection.connection_lost(None)


@pytest.mark.parametrize("leave", [ended, cancelled, vanished])
@pytest.mark.parametrize(
    ("told", "undecodable", "dropped"),
    [(0, [], ["intake_full"]), (1, ["no_response"], []), (3, ["incomplete"], [])],
)
def test_half_a_request_is_counted_by_reason(leave: Any, told: int, undecodable: list[str], dropped: list[str]) -> None:
    caller = Caller()
    stream = caller.tell(POST[:told])
    leave(caller, stream)
    caller.pump()
    assert (caller.exchanges, caller.undecodable, caller.dropped) == ([], undecodable, dropped)
    assert (caller.intake.calls, caller.intake.held_bytes) == (0, 0)


def test_a_call_that_is_told_and_reset_in_one_breath_harms_no_other() -> None:
    caller = Caller()
    stream = caller.open()
    caller.http2.send_data(stream, framed(*POST))
    caller.http2.reset_stream(stream)
    caller.pump()
    caller.tell(GET)
    assert [one.method for one in caller.exchanges] == ["POST", "GET"]
    assert not caller.transport.aborted


def test_an_event_stream_that_was_broken_off_is_told_as_such() -> None:
    caller = Caller()
    head = message("response_headers", pairs={b":status": b"200", b"content-type": b"text/event-stream"})
    stream = caller.tell([*POST[:2], head, message("response_body", body=b"data: 1\n\n")])
    cancelled(caller, stream)
    caller.pump()
    assert [(one.aborted, one.response.body) for one in caller.exchanges] == [(True, b"data: 1\n\n")]


def test_an_early_answer_leaves_a_request_of_which_the_rest_is_not_known() -> None:
    caller = Caller()
    stream = caller.tell([POST[0], *POST[2:]])
    ended(caller, stream)
    caller.pump()
    assert caller.exchanges[0].request.truncated


@pytest.mark.parametrize(
    "hostile",
    [
        b"\x01\0\0\0\x01x",  # compressed
        b"\0" + (LONGEST_MESSAGE_BYTES + 1).to_bytes(4, "big"),
        framed(b"\xff\xff\xff"),
        framed(POST[0], POST[0]),  # a head twice
        framed(POST[0], POST[1], POST[1]),  # a body after the end
    ],
)
def test_hostile_messages_are_refused_and_counted(hostile: bytes) -> None:
    caller = Caller()
    stream = caller.open()
    caller.http2.send_data(stream, hostile)
    caller.pump()
    assert (caller.exchanges, caller.undecodable) == ([], ["bad_message"])
    assert (caller.intake.calls, caller.intake.held_bytes) == (0, 0)
    caller.tell(POST)
    assert len(caller.exchanges) == 1  # the connection goes on


def test_what_is_beyond_the_room_is_dropped_and_counted() -> None:
    caller = Caller(Limits(8, 2000, 5000))
    first = caller.tell([POST[0], message("request_body", body=b"x" * 1500)])
    second = caller.tell([POST[0], message("request_body", body=b"x" * 1500)])
    assert caller.dropped == ["intake_full"]
    assert second in caller.resets
    assert first not in caller.resets
    assert caller.intake.held_bytes <= 2000


def test_too_many_calls_are_refused_and_counted() -> None:
    caller = Caller(Limits(2, 1 << 20, 1000))
    other = Connection(METHOD_PATH, caller.intake.open_call, 8, caller.connections)  # allows more than the intake does
    caller.connection, caller.transport = other, Transport()
    other.connection_made(caller.transport)  # type: ignore[arg-type]
    caller.http2 = H2Connection(H2Configuration(client_side=True, header_encoding="latin-1"))
    caller.http2.initiate_connection()
    caller.pump()
    streams = [caller.tell(POST[:1]) for _ in range(3)]
    assert caller.dropped == ["intake_full"]
    assert list(caller.resets) == streams[2:]
    assert caller.intake.calls == 2


def test_other_methods_are_answered_unimplemented() -> None:
    caller = Caller()
    stream = caller.open("/grpc.health.v1.Health/Check")
    caller.pump()
    assert caller.answers[stream]["grpc-status"] == "12"
    assert caller.dropped == caller.undecodable == []


@pytest.mark.parametrize(("said", "heard"), [("0.25", [0.25]), ("0", []), ("nan", []), ("2", []), ("x", [])])
def test_the_ratio_is_what_envoy_says(said: str, heard: list[float]) -> None:
    caller = Caller()
    caller.open(**{RATIO_HEADER: said})
    caller.pump()
    assert caller.ratios == heard


def test_who_does_not_read_is_cut_off() -> None:
    caller = Caller()
    caller.transport.unread = 1 << 20
    caller.http2.ping(b"12345678")
    caller.pump()
    assert caller.transport.aborted


def test_who_speaks_something_else_is_cut_off() -> None:
    transport = Transport()
    connection = Connection(METHOD_PATH, lambda headers: None, 8, set())
    connection.connection_made(transport)  # type: ignore[arg-type]
    connection.data_received(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    assert transport.aborted


def test_a_frame_that_never_ends_is_cut_off() -> None:
    caller = Caller()
    caller.connection.data_received(b"\xff\xff\xff\0\0\0\0\0\1")
    for _ in range(MOST_SILENT_BYTES >> 16):
        assert not caller.transport.aborted
        caller.connection.data_received(bytes(1 << 16))
    assert caller.transport.aborted


def test_too_many_connections_are_cut_off() -> None:
    caller = Caller()
    caller.connections.update(Connection(METHOD_PATH, lambda headers: None, 8, set()) for _ in range(MOST_CONNECTIONS))
    one, transport = Connection(METHOD_PATH, lambda headers: None, 8, caller.connections), Transport()
    one.connection_made(transport)  # type: ignore[arg-type]
    assert transport.aborted
    one.connection_lost(None)
    assert one not in caller.connections


def messages() -> Iterator[bytes]:
    yield from (*POST, *GET)
    yield message("request_trailers", pairs={b"a": b"b"})
    yield message("response_trailers", pairs={b"grpc-status": b"13"})


@given(st.lists(st.sampled_from(list(messages())), max_size=8), st.data())
def test_any_messages_in_any_order_give_an_exchange_or_a_reason(told: list[bytes], data: st.DataObject) -> None:
    observed = Observed(20, 0.0, 0.0)
    try:
        for one in told:
            at = data.draw(st.integers(0, len(one)))
            damaged = one[:at] + data.draw(st.binary(max_size=2)) + one[at:]
            observed.take(data.draw(st.sampled_from([one, one[:at], damaged])), 1.0)
    except BadMessage:
        return
    outcome = observed.outcome()
    assert isinstance(outcome, Exchange) or outcome in {"no_request", "no_response", "incomplete"}
    assert observed.held <= 40
