"""Strict reading of samples: exchanges, or the reason why not."""

import pytest

from sentinel.intake.http1 import Unreadable, read
from sentinel.traffic import Exchange
from sentinel.traffic.channel import Sample, Side

GET = b"GET /a?b=1 HTTP/1.1\r\nHost: h\r\nX-Id: 7\r\nX-Id: 8\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Trailer: t\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def sample(request: bytes, response: bytes, *, closed: bool = False, cut: bool = False, size: int = 7) -> Sample:
    def side(data: bytes) -> Side:
        chunks = [data[i : i + size] for i in range(0, len(data), size)]
        return Side(chunks, [0.1 * i for i in range(len(chunks))], cut)

    return Sample(1, "http/1.1", 0, 200, 1e9, 0.5, 0.25, side(request), side(response), closed)


def exchange(request: bytes, response: bytes, **how: bool) -> Exchange:
    (only,) = read(sample(request, response, **how), 1 << 20)
    return only


def test_a_plain_exchange() -> None:
    seen = exchange(GET, OK)
    assert (seen.method, seen.target, seen.path, seen.status) == ("GET", "/a?b=1", "/a", 200)
    assert seen.request.headers["x-id"] == "7, 8"
    assert seen.response.headers["content-type"] == "text/plain"
    assert seen.response.body == b"ok"
    assert (seen.started_at, seen.duration_seconds, seen.first_byte_seconds) == (1e9, 0.5, 0.25)
    assert seen.chunk_seconds == ()


@pytest.mark.parametrize(
    ("request_", "response", "closed", "status", "body"),
    [
        (POST, CHUNKED, False, 200, b"ok"),
        (POST, CONTINUE + OK, False, 200, b"ok"),
        (POST, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + CONTINUE + OK, False, 200, b"ok"),
        (b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", OK[:-2], False, 200, b""),
        (GET, b"HTTP/1.1 204 No Content\r\n\r\n", False, 204, b""),
        (GET, b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", False, 200, b"ok"),
        (b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\nuntil close", True, 200, b"until close"),
    ],
)
def test_forms_of_answers(request_: bytes, response: bytes, closed: bool, status: int, body: bytes) -> None:
    seen = exchange(request_, response, closed=closed)
    assert (seen.status, seen.response.body, seen.response.truncated) == (status, body, False)


def test_upgrade_is_an_exchange_of_its_own() -> None:
    ask = b"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert exchange(ask, switch).status == 101


def test_pipelined_requests_are_told_apart() -> None:
    both = read(sample(POST + GET, OK + CHUNKED), 1 << 20)
    assert isinstance(both, list)
    assert [(one.method, one.response.body) for one in both] == [("POST", b"ok"), ("GET", b"ok")]


def test_streams_carry_the_times_of_their_chunks() -> None:
    assert len(exchange(GET, CHUNKED).chunk_seconds) > 2


def test_early_answer_leaves_a_truncated_request() -> None:
    seen = exchange(POST[:-2], b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
    assert (seen.status, seen.request.truncated, seen.request.body) == (413, True, b"")


def test_long_and_cut_bodies_are_marked_and_not_given() -> None:
    (long,) = read(sample(POST, OK), 3)
    assert long.request.truncated
    assert not long.response.truncated
    seen = exchange(POST, OK[:-1], cut=True)
    assert (seen.response.truncated, seen.response.body) == (True, b"")


@pytest.mark.parametrize(
    ("request_", "response", "closed", "reason"),
    [
        (
            b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            OK,
            False,
            "malformed_request",
        ),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", OK, False, "malformed_request"),
        (POST, b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", False, "malformed_response"),
        (POST, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", False, "malformed_response"),
        (POST, OK + b"junk", False, "malformed_response"),
        (POST, b"", True, "no_response"),
        (POST[:20], b"", True, "incomplete"),
        (POST, OK[:-1], True, "malformed_response"),
        (POST, OK[:-1], False, "incomplete"),
        (POST + GET, OK, False, "pairing"),
    ],
)
def test_what_cannot_be_read_has_its_reason(request_: bytes, response: bytes, closed: bool, reason: str) -> None:
    assert read(sample(request_, response, closed=closed), 1 << 20) == Unreadable(reason)


STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_chunks_of_a_stream_are_placed_in_its_body() -> None:
    pieces = [STREAM, b"3\r\nabc\r\n2\r\nd", b"e\r\n", b"4\r\nfghi\r\n", b"0\r\n\r\n"]
    sides = Side([POST], [0.0]), Side(pieces, [0.1, 0.2, 0.3, 0.4, 0.5])
    (seen,) = read(Sample(1, "http/1.1", 0, 200, 1e9, 0.5, 0.1, *sides), 1 << 20)  # type: ignore[misc]
    assert seen.response.body == b"abcdefghi"
    assert dict(zip(seen.chunk_seconds, seen.chunk_bytes, strict=True)) == {0.2: 4, 0.3: 5, 0.4: 9, 0.5: 9}


@pytest.mark.parametrize("end", [b"", b"3\r\nab", b"5"])
def test_an_event_stream_that_was_broken_off_is_read_as_far_as_it_came(end: bytes) -> None:
    seen = exchange(POST, STREAM + b"3\r\nabc\r\n" + end, closed=True)
    assert seen.aborted
    assert seen.response.body == b"abc" + end[3:]
    assert not seen.response.truncated


def test_other_answers_that_were_broken_off_are_incomplete() -> None:
    broken = CHUNKED[: CHUNKED.index(b"0\r\nX-Trailer")]
    assert isinstance(read(sample(GET, broken, closed=True), 100), Unreadable)
    assert not exchange(GET, CHUNKED).aborted
