"""The turnaround tracker, told as a sequence of what passed: `>` from the client, `<` from the server."""

import pytest

from sentinel.relay.following import Opaque
from sentinel.relay.http1 import Http1
from sentinel.traffic.ledger import RECEIVED, SAMPLED_OUT
from tests.support.relay_trackers import Notes

POST = b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody"
GET = b"GET /g?q=1 HTTP/1.1\r\nHost: h\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def follow(*steps: tuple[str, bytes], ratio: float = 1.0) -> tuple[Notes, Http1]:
    notes = Notes()
    tracker = Http1(notes.follower(ratio), 0)
    for at, (direction, data) in enumerate(steps):
        (tracker.client if direction == ">" else tracker.server)(data, float(at))
    return notes, tracker


def test_an_exchange_ends_when_the_next_request_begins() -> None:
    notes, _ = follow((">", POST), ("<", OK), (">", GET), ("<", OK), (">", GET))
    assert notes.cells[RECEIVED] == 3
    assert notes.codes() == {"2xx": 2}
    assert [sample.request.chunks for sample in notes.samples] == [[POST], [GET]]
    assert {route.route.path for route in notes.tally.all()} == {"/p", "/g"}


def test_times_run_from_first_client_byte_to_first_and_last_server_byte() -> None:
    notes, tracker = follow((">", POST[:30]), (">", POST[30:]), ("<", OK[:10]), ("<", OK[10:20]), ("<", OK[20:]))
    assert tracker.resting(now=100, quiet_seconds=1)
    (sample,) = notes.samples
    assert (sample.started_at, sample.first_byte_seconds, sample.duration_seconds) == (0, 3, 4)
    assert sample.response.seconds == [2, 3, 4]


@pytest.mark.parametrize("size", range(1, 60))
def test_chunk_sizes_change_nothing(size: int) -> None:
    sides = [(">", POST), ("<", OK), (">", GET), ("<", b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")]
    steps = [(side, data[i : i + size]) for side, data in sides for i in range(0, len(data), size)]
    notes, tracker = follow(*steps)
    assert tracker.resting(1e3, 1)
    assert notes.codes() == {"2xx": 1, "4xx": 1}
    assert [b"".join(s.request.chunks) for s in notes.samples] == [POST, GET]
    assert [b"".join(s.response.chunks) for s in notes.samples] == [OK, sides[3][1]]


@pytest.mark.parametrize(
    "answer",
    [
        (CONTINUE, OK),
        (CONTINUE + OK,),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + CONTINUE + OK,),
        (CONTINUE[:7], CONTINUE[7:] + OK[:3], OK[3:]),
    ],
)
def test_interim_answers_do_not_end_a_request(answer: tuple[bytes, ...]) -> None:
    head, body = POST[:-4], POST[-4:]
    notes, tracker = follow((">", head), ("<", answer[0]), *(("<", part) for part in answer[1:]))
    assert tracker.resting(1e3, 1)
    assert notes.codes() == {"2xx": 1}
    notes, tracker = follow((">", head), ("<", CONTINUE), (">", body), ("<", OK))
    assert tracker.resting(1e3, 1)
    assert notes.codes() == {"2xx": 1}
    assert notes.samples[0].request.chunks == [head, body]


def test_body_after_an_early_answer_belongs_to_the_old_request() -> None:
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"
    notes, _ = follow((">", POST[:-4]), ("<", refusal), (">", b"\x00rest of the body"), (">", GET), ("<", OK))
    assert notes.cells[RECEIVED] == 2
    assert notes.codes() == {"4xx": 1}


def test_upgrade_counts_the_exchange_and_goes_opaque() -> None:
    notes = Notes()
    tracker = Http1(notes.follower(), 0)
    tracker.client(b"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n", 0)
    with pytest.raises(Opaque, match="upgrade"):
        tracker.server(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", 1)
    assert notes.codes() == {"1xx": 1}
    assert len(notes.samples) == 1


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([(">", b"\x16\x03\x01\x02\x00\x01")], "request_line"),
        ([(">", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")], "http2"),
        ([(">", b"GET /\r\n")], "request_line"),
        ([(">", b"G" * 20000)], "request_line"),
        ([(">", GET), ("<", b"<html>not http")], "status_line"),
        ([("<", b"220 mail.example ESMTP")], "unasked_answer"),
    ],
)
def test_what_is_not_http1_goes_opaque_by_reason(steps: list[tuple[str, bytes]], reason: str) -> None:
    with pytest.raises(Opaque, match=reason):
        follow(*steps)


@pytest.mark.parametrize(
    ("answer", "by_client", "code"),
    [
        (b"", True, "canceled"),
        (b"", False, "disconnected"),
        (OK[:-1], True, "canceled"),
        (OK[:-1], False, "disconnected"),
        (OK, True, "2xx"),
        (OK, False, "2xx"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil close", False, "2xx"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil close", True, "canceled"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", False, "disconnected"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", False, "2xx"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", False, "2xx"),
    ],
)
def test_a_closed_connection_tells_whole_answers_from_cut_ones(answer: bytes, by_client: bool, code: str) -> None:
    notes, tracker = follow((">", GET), *([("<", answer)] if answer else []))
    tracker.closed(by_client=by_client, now=9)
    assert notes.codes() == {code: 1}
    assert notes.samples[0].closed


def test_head_is_whole_without_its_body() -> None:
    notes, tracker = follow((">", b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"), ("<", OK[:-2]))
    assert tracker.resting(1e3, 1)
    assert notes.codes() == {"2xx": 1}


def test_streams_give_gaps_and_plain_answers_do_not() -> None:
    stream = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    notes, _ = follow((">", GET), ("<", stream), ("<", b"2\r\na\n\r\n"), ("<", b"2\r\nb\n\r\n"))
    assert sum(notes.tally.all()[0].gaps.values()) == 2
    notes, _ = follow((">", GET), ("<", OK[:-2]), ("<", b"o"), ("<", b"k"))
    assert notes.tally.all()[0].gaps == {}


def test_what_exceeds_the_room_is_cut_and_marked() -> None:
    notes = Notes()
    tracker = Http1(notes.follower(room_bytes=100), 0)
    tracker.client(POST, 0)
    tracker.server(OK[:-2], 1)
    for at in range(50):
        tracker.server(b"x" * 10, 2.0 + at)
    tracker.closed(by_client=False, now=99)
    response = notes.samples[0].response
    assert response.cut
    assert sum(map(len, response.chunks)) <= 100


def test_unsampled_exchanges_are_counted_so() -> None:
    notes, _ = follow((">", GET), ("<", OK), (">", GET), ("<", OK), (">", GET), ratio=0.0)
    assert notes.samples == []
    assert notes.cells[SAMPLED_OUT] == 2
