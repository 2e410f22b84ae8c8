"""Hostile label values become safe ones that stay apart."""

from hypothesis import given
from hypothesis import strategies as st

from sentinel.telemetry.labels import LONGEST_LABEL, UNKNOWN, label, trace_id


@given(st.text(alphabet=st.characters(), max_size=400))
def test_a_label_is_always_short_printable_utf8(value: str) -> None:
    safe = label(value)
    assert 1 <= len(safe) <= LONGEST_LABEL
    assert not any(ord(character) < 32 for character in safe)
    safe.encode("utf-8")


def test_surrogates_and_controls_are_replaced() -> None:
    assert label("a\ud800b\nc\x00") == "a�b�c�"
    assert label("") == UNKNOWN


def test_cut_labels_stay_apart() -> None:
    assert label("x" * 200 + "a") != label("x" * 200 + "b")


def test_trace_ids_are_checked() -> None:
    assert trace_id("4bf92f3577b34da6a3ce929d0e0e4736") == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert trace_id("") is None
    assert trace_id('a"} 1\n') is None
    assert trace_id("a" * 129) is None
