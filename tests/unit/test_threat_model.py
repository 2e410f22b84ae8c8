"""The threat model names real limits: what it says of them is what the code holds."""

from pathlib import Path

import pytest

from sentinel.app.attribution import MOST_MODELS, MOST_VERSIONS
from sentinel.config.settings import (
    CaptureSettings,
    DecodeSettings,
    EnvoySettings,
    ProcessSettings,
    StoreSettings,
    TelemetrySettings,
)
from sentinel.decode.bodies import MAX_ENCODINGS
from sentinel.decode.jsontext import MAX_LISTS, MAX_VALUES
from sentinel.decode.raw import MAX_PARTS
from sentinel.decode.sse import MAX_EVENTS
from sentinel.features.image import MAX_DECODED_PIXELS
from sentinel.features.text import MAX_CHARACTERS
from sentinel.intake.calls import MOST_CONNECTIONS
from sentinel.intake.envoy import LONGEST_MESSAGE_BYTES
from sentinel.intake.events import MOST_WAITING, WAITING_SECONDS
from sentinel.relay.frames import LARGEST_BLOCK_BYTES, MOST_FRAGMENTS
from sentinel.relay.hpack import LARGEST_TABLE_BYTES
from sentinel.relay.http1 import LONGEST_LINE
from sentinel.relay.http2 import MOST_STREAMS
from sentinel.relay.sending import LARGEST_FILE_BYTES
from sentinel.relay.supervisor import OBSERVER_SILENCE_SECONDS
from sentinel.relay.tally import LONGEST_PATH, MOST_ROUTES
from sentinel.rollback.egress import MOST_ANSWER_BYTES

TEXT = " ".join(Path("docs/threat-model.md").read_text(encoding="utf-8").split())


@pytest.mark.parametrize(
    "said",
    [
        f"request line {LONGEST_LINE >> 10} KiB, header block {LARGEST_BLOCK_BYTES >> 10} KiB",
        f"at most {MOST_FRAGMENTS} continuations, HPACK table {LARGEST_TABLE_BYTES >> 20} MiB, {MOST_STREAMS:,} open",
        f"`process.max_connections` ({ProcessSettings().max_connections:,} a worker)",
        f"`process.max_buffered_bytes` ({ProcessSettings().max_buffered_bytes >> 20} MiB a worker)",
        f"{MOST_ROUTES} have their own counts",
        f"{LARGEST_FILE_BYTES >> 20} MiB of memory files",
        f"| {OBSERVER_SILENCE_SECONDS:.0f} s to notice |",
        f"`capture.max_body_bytes` ({CaptureSettings().max_body_bytes >> 20} MiB)",
        f"`decode.max_decompressed_bytes` ({DecodeSettings().max_decompressed_bytes >> 20} MiB)",
        f"{EnvoySettings().max_exchanges:,} exchanges at a time (`envoy.max_exchanges`)",
        f"{EnvoySettings().max_held_bytes >> 20} MiB of them (`envoy.max_held_bytes`), {MOST_CONNECTIONS} connections, "
        f"messages to {LONGEST_MESSAGE_BYTES >> 20} MiB",
        f"at most {MAX_ENCODINGS} encodings",
        f"{MAX_LISTS:,} lists and {MAX_VALUES // 10**6} million values",
        f"{DecodeSettings().max_rows:,} rows, {DecodeSettings().max_columns} columns, {MAX_PARTS} form parts, "
        f"{MAX_EVENTS:,} events",
        f"{MAX_DECODED_PIXELS // 10**6} million pixels",
        f"the first {MAX_CHARACTERS:,} characters",
        f"{MOST_MODELS} models and {MOST_VERSIONS} versions",
        f"`telemetry.max_series` ({TelemetrySettings().max_series:,})",
        f"Paths (to {LONGEST_PATH} characters",
        f"{MOST_WAITING:,} halves that wait for their other half for {WAITING_SECONDS:.0f} s",
        f"{MOST_ANSWER_BYTES >> 10} KiB read of an answer",
        f"spool ({StoreSettings().spool_max_bytes >> 20} MiB)",
    ],
)
def test_limits_are_those_of_the_code(said: str) -> None:
    assert said in TEXT
