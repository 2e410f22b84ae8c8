"""Samples of HTTP/2 streams: put together, placed in time, or refused."""

import json

import pytest

from sentinel.intake.http1 import Unreadable
from sentinel.intake.http2 import read
from sentinel.traffic.channel import Sample, Side

ASKED = json.dumps([[":method", "POST"], [":path", "/v1/chat/completions"], ["content-type", "application/json"]])


def sample(content_type: str, *, closed: bool = False, status: int = 200) -> Sample:
    head = json.dumps([[":status", "200"], ["content-type", content_type]]).encode()
    answer = Side([head, b"data: {", b"}\n\n"], [0.1, 0.2, 0.3])
    return Sample(1, "http/2", 0, status, 1e9, 0.5, 0.1, Side([ASKED.encode(), b"{}"], [0.0, 0.0]), answer, closed)


def test_chunks_are_placed_in_the_body() -> None:
    (seen,) = read(sample("text/event-stream"), 1 << 20)  # type: ignore[misc]
    assert (seen.response.body, seen.aborted) == (b"data: {}\n\n", False)
    assert dict(zip(seen.chunk_seconds, seen.chunk_bytes, strict=True)) == {0.2: 7, 0.3: 10}


def test_an_event_stream_that_was_reset_is_read_as_far_as_it_came() -> None:
    (seen,) = read(sample("text/event-stream; charset=utf-8", closed=True), 1 << 20)  # type: ignore[misc]
    assert (seen.response.body, seen.aborted) == (b"data: {}\n\n", True)


@pytest.mark.parametrize(("status", "reason"), [(200, "incomplete"), (0, "no_response")])
def test_other_streams_that_were_reset_are_refused(status: int, reason: str) -> None:
    assert read(sample("application/grpc", closed=True, status=status), 1 << 20) == Unreadable(reason)
