import gzip
import os
import zlib

import brotli
import pytest
import zstandard

from sentinel.decode.bodies import undo
from sentinel.decode.reasons import Reason, Refused

TEXT = os.urandom(2_000) + b"rows " * 20_000
LIMIT = 1 << 20
COMPRESSED = {
    "gzip": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
    "zstd": zstandard.ZstdCompressor().compress(TEXT),
    "br": brotli.compress(TEXT),
}


def undone(encoding: str, body: bytes, limit: int = LIMIT) -> bytes:
    return undo({"content-encoding": encoding}, body, limit)


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_each_encoding_gives_back_what_was_sent(encoding):
    assert undone(encoding, COMPRESSED[encoding]) == TEXT
    assert undone(f" {encoding.upper()} ", COMPRESSED[encoding]) == TEXT


def test_stacked_encodings_are_undone_last_first():
    assert undone("gzip, br", brotli.compress(COMPRESSED["gzip"])) == TEXT


def test_a_deflate_body_without_its_zlib_header_is_read():
    assert undone("deflate", COMPRESSED["deflate"][2:-4]) == TEXT


def test_a_zstd_stream_without_a_declared_size_is_read():
    stream = zstandard.ZstdCompressor().compressobj()
    assert undone("zstd", stream.compress(TEXT) + stream.flush()) == TEXT


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_members_that_follow_one_another_are_read(encoding):
    assert undone(encoding, COMPRESSED[encoding] * 2) == TEXT * 2


@pytest.mark.parametrize("encoding", COMPRESSED)
@pytest.mark.parametrize("kept", [1, 7, 1_000, -1])
def test_a_cut_body_is_bad_encoding(encoding, kept):
    with pytest.raises(Refused) as refused:
        undone(encoding, COMPRESSED[encoding][:kept])
    assert refused.value.reason is Reason.BAD_ENCODING


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_what_expands_beyond_the_limit_is_refused(encoding):
    with pytest.raises(Refused) as refused:
        undone(encoding, COMPRESSED[encoding], limit=len(TEXT) - 1)
    assert refused.value.reason is Reason.EXPANDS_TOO_FAR
    assert undone(encoding, COMPRESSED[encoding], limit=len(TEXT)) == TEXT


@pytest.mark.parametrize("encoding", ["lzma", "gzip, gzip, gzip, gzip"])
def test_an_encoding_that_is_unknown_or_stacked_too_high(encoding):
    with pytest.raises(Refused) as refused:
        undone(encoding, TEXT)
    assert refused.value.reason is Reason.UNKNOWN_ENCODING
