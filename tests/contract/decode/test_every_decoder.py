"""What every decoder promises, on every recording: an answer, never an exception; bounded; the same every time."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.decode import DECODERS, Decoded, DecodeOptions, Reason, Undecodable, decode
from sentinel.decode.options import DEFAULT
from sentinel.features import Extractor
from sentinel.traffic import Exchange
from tests.support.decode_made import made_exchanges
from tests.support.decode_wire import recorded_exchanges

MADE = made_exchanges()
EXCHANGES = {**recorded_exchanges(), **MADE}
SMALL = {name: exchange for name, exchange in EXCHANGES.items() if len(exchange.request.body) < 10_000}
ANY = Extractor(None)
FORCED = [DecodeOptions(protocol=name) for name in DECODERS]


def check(found: Decoded | Undecodable) -> None:
    if isinstance(found, Undecodable):
        assert found.reason in set(Reason)
        assert found.reason != Reason.INTERNAL_ERROR
        return
    assert 0 < found.rows <= DEFAULT.max_rows
    for columns in (found.inputs, found.predictions):
        assert len(columns) <= DEFAULT.max_columns
        for name, values in columns.items():
            assert isinstance(name, str)
            assert len(values) == found.rows
            assert isinstance(values, np.ndarray | list)
    for name in (found.model, found.version, found.request_id):
        assert len(name) <= 128
    for name, values in ANY.columns(found).items():
        assert len(values) == found.rows, name
        assert not isinstance(values, np.ndarray) or values.ndim == 1


def with_bodies(exchange: Exchange, request: bytes, response: bytes) -> Exchange:
    return replace(
        exchange,
        request=replace(exchange.request, body=request),
        response=replace(exchange.response, body=response),
    )


@pytest.mark.parametrize("name", EXCHANGES)
def test_recordings_decode_by_every_decoder_or_say_why_not(name):
    for options in (DEFAULT, *FORCED):
        check(decode(EXCHANGES[name], options))


@pytest.mark.parametrize("name", MADE)
def test_what_was_made_decodes(name):
    assert isinstance(decode(EXCHANGES[name]), Decoded)


@pytest.mark.parametrize("name", SMALL)
def test_every_truncation(name):
    """Byte by byte: each prefix of the request and of the answer."""
    exchange = SMALL[name]
    request, response = exchange.request.body, exchange.response.body
    for end in range(len(request)):
        check(decode(with_bodies(exchange, request[:end], response)))
    for end in range(len(response)):
        check(decode(with_bodies(exchange, request, response[:end])))


@pytest.mark.parametrize("junk", [b"\0", b"}", b"\xff" * 40, b"{}" * 40])
@pytest.mark.parametrize("name", SMALL)
def test_junk_behind_the_body(name, junk):
    exchange = SMALL[name]
    check(decode(with_bodies(exchange, exchange.request.body + junk, exchange.response.body + junk)))


@st.composite
def mutations(draw: st.DrawFn) -> Exchange:
    exchange = SMALL[draw(st.sampled_from(sorted(SMALL)))]
    bodies = [bytearray(exchange.request.body), bytearray(exchange.response.body)]
    for _ in range(draw(st.integers(1, 4))):
        body = bodies[draw(st.integers(0, 1))]
        at = draw(st.integers(0, len(body)))
        cut = draw(st.integers(0, 8))
        body[at : at + cut] = draw(
            st.binary(max_size=8) | st.sampled_from([b"[" * 50, b"1e999", b"-1", b"null", b'"', b"\xff\xff\xff\xff"])
        )
    return with_bodies(exchange, bytes(bodies[0]), bytes(bodies[1]))


@given(mutations(), st.sampled_from([DEFAULT, *FORCED]))
@settings(max_examples=1500, deadline=None)
def test_mutations(exchange, options):
    check(decode(exchange, options))


@given(st.binary(max_size=200), st.binary(max_size=200), st.sampled_from(FORCED))
@settings(max_examples=500, deadline=None)
def test_noise(request_body, response_body, options):
    exchange = SMALL["triton/infer-binary"]
    check(decode(with_bodies(exchange, request_body, response_body), options))


HOSTILE = {
    "nesting 10^5": b"[" * 100_000 + b"]" * 100_000,
    "objects 10^5 deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "10^6 columns": b"{" + b",".join(b'"c%d":1' % i for i in range(1_000_000)) + b"}",
    "10^6 values": b"[" + b"1," * 999_999 + b"1]",
    "10^6 rows": b'{"instances":[' + b"[1]," * 999_999 + b"[1]]}",
    "10^6 tensors": b'{"inputs":[' + b'{"name":"x","shape":[1],"datatype":"FP32","data":[1]},' * 300_000 + b"1]}",
    "10 GB tensor": b'{"inputs":[{"name":"x","shape":[50000,50000],"datatype":"FP32","data":[1]}]}',
    "huge integer": b'{"instances":[[' + b"9" * 100_000 + b"]]}",
    "many huge integers": b'{"instances":[' + b",".join([b"9" * 4_000] * 200) + b"]}",
    "NaN and a huge integer": b'{"instances":[[NaN,' + b"9" * 4_299 + b"]]}",
    "invalid UTF-8": b'{"instances":[["\xff\xfe"]]}',
    "one long text among many": b'{"instances":[' + b'["' + b"x" * 1_000_000 + b'"]' + b',["y"]' * 9_000 + b"]}",
    "lone surrogates": b'{"instances":[["\\ud800"]]}',
    "nested NaN": b"[" * 50_000 + b"NaN" + b"]" * 50_000,
    "nothing": b"",
    "blanks": b" " * 100_000,
    "a null": b"null",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_sizes(body):
    for name in ("mlserver/infer-json", "kserve/v1-predict", "litserve/predict"):
        exchange = EXCHANGES[name]
        check(decode(with_bodies(exchange, body, exchange.response.body)))
        check(decode(with_bodies(exchange, exchange.request.body, body)))
