"""The channel's messages: what is written comes back, and nothing else is accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.traffic import Route, RouteTraffic, channel
from sentinel.traffic.channel import LAST_CHUNKS, MOST_CHUNKS, ChannelError, Sample, Side, Status

sides = st.lists(st.binary(min_size=1, max_size=50), max_size=5).map(
    lambda chunks: Side(chunks, [float(i) for i in range(len(chunks))])
)
samples = st.builds(
    Sample,
    sequence=st.integers(0, 2**63),
    protocol=st.sampled_from(channel.PROTOCOLS),
    listener=st.integers(0, 255),
    status=st.integers(0, 999),
    started_at=st.floats(0, 1e10),
    duration_seconds=st.floats(0, 1e5),
    first_byte_seconds=st.floats(0, 1e5),
    request=sides,
    response=sides,
    closed=st.booleans(),
    peer=st.sampled_from(["", "10.0.0.1", "fe80::1%eth0"]),
)


def message(*frames: list[channel.Buffer]) -> bytes:
    return b"".join([channel.message_head(7, len(frames)), *(piece for frame in frames for piece in frame)])


@given(st.lists(samples, max_size=4))
def test_samples_come_back(given_samples: list[Sample]) -> None:
    assert channel.decode(message(*map(channel.sample_buffers, given_samples))) == (7, given_samples)


def test_counts_come_back() -> None:
    traffic = RouteTraffic({"2xx": 3}, {-100: 3}, {-120: 3}, {5: 1}, 1.5, 10, 20)
    route, status = Route("POST", "/p", "http/1.1"), Status(4, 1.5, {"upgrade": 1})
    frames = [[channel.route_buffer(route, traffic)], [channel.status_buffer(status)]]
    assert channel.decode(message(*frames)) == (7, [(route, traffic), status])


def test_many_chunks_are_joined_below_what_the_kernel_gathers() -> None:
    side = Side([b"a"] * 5000, [0.001] * 5000)
    sample = Sample(1, "http/1.1", 0, 200, 0.0, 0.0, 0.0, side, Side())
    buffers = channel.sample_buffers(sample)
    assert len(buffers) == MOST_CHUNKS + 1
    _, (back,) = channel.decode(message(buffers))
    assert isinstance(back, Sample)
    assert b"".join(back.request.chunks) == b"a" * 5000


def test_joined_chunks_keep_the_times_of_the_first_and_the_last_ones() -> None:
    seconds = [i / 1000 for i in range(5000)]
    sample = Sample(1, "http/1.1", 0, 200, 0.0, 0.0, 0.0, Side(), Side([b"%04d" % i for i in range(5000)], seconds))
    _, (back,) = channel.decode(message(channel.sample_buffers(sample)))
    assert isinstance(back, Sample)
    assert back.response.seconds[:100] == pytest.approx(seconds[:100])
    assert back.response.seconds[-LAST_CHUNKS:] == pytest.approx(seconds[-LAST_CHUNKS:])
    assert back.response.chunks[-1] == b"4999"


@given(st.data())
def test_cut_and_altered_messages_are_refused_or_read_but_never_crash(data: st.DataObject) -> None:
    whole = bytearray(message(channel.sample_buffers(data.draw(samples)), [channel.status_buffer(Status(1, 2.0, {}))]))
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ChannelError):
        channel.decode(bytes(whole[:cut]))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        channel.decode(bytes(whole))
    except ChannelError:
        return


def test_a_chunk_later_than_the_table_holds_counts_as_late_as_that() -> None:
    sample = Sample(1, "http/1.1", 0, 200, 0.0, 0.0, 0.0, Side(), Side([b"soon", b"late"], [1.0, 1e9]))
    _, (back,) = channel.decode(message(channel.sample_buffers(sample)))
    assert isinstance(back, Sample)
    assert back.response.seconds == pytest.approx([1.0, 4294.967295])
