import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.features.text import ASPECTS, columns, tokens
from sentinel.features.vocabulary import Vocabulary


def one(text, **more):
    return {name: values[0] for name, values in columns([text], **more).items()}


def test_what_a_text_says():
    found = one("Hello, world! Hello again.")
    assert (found["length"], found["tokens"], found["script"], found["mixed"]) == (26, 7, "latin", 0)


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Grüße aus Österreich", "latin"),
        ("Привет, мир", "cyrillic"),
        ("Γειά σου", "greek"),
        ("你好，世界", "han"),
        ("こんにちは", "kana"),
        ("안녕하세요", "hangul"),
        ("مرحبا", "arabic"),
        ("שלום", "hebrew"),
        ("नमस्ते", "devanagari"),
        ("สวัสดี", "thai"),
        ("12 + 30 = 42 🎉", "none"),
        ("", "none"),
    ],
)
def test_the_script_of_a_text(text, script):
    assert one(text)["script"] == script


def test_letters_of_another_script_are_mixed_in():
    assert one("abc где")["mixed"] == 0.5


def test_repetition():
    assert one("a b c d e f")["repetition"] == 0
    assert one("no no no no no no no no")["repetition"] > 0.8


@pytest.mark.parametrize(
    "text", ["I'm sorry, but no.", "I cannot help", "  As an AI model", "I can’t do that", "Sorry, no"]
)
def test_how_refusals_begin(text):
    assert one(text)["refusal"] == "true"
    assert one("Sure: " + text)["refusal"] == "false"


def test_unseen_words():
    vocabulary = Vocabulary.of([tokens("the cat sat on the mat")])
    assert one("The cat sat.", vocabulary=vocabulary)["unseen"] == 0.25
    assert one("", vocabulary=vocabulary)["unseen"] == 0


def test_vocabularies_merge_and_come_back_from_bytes():
    merged = Vocabulary.of([["a"]]) | Vocabulary.of([["b"]])
    again = Vocabulary.from_bytes(merged.to_bytes())
    assert again.unseen_share(["a", "b"]) == 0
    assert again.unseen_share(["zebra"]) == 1
    with pytest.raises(ValueError, match="8192 bytes, not 3"):
        Vocabulary.from_bytes(b"abc")


@given(st.lists(st.text() | st.none() | st.integers(), max_size=5))
def test_any_values(values):
    found = columns(values)
    assert set(found) == ASPECTS - {"unseen"}
    for column in found.values():
        assert len(column) == len(values)
        assert [value is None for value in column] == [not isinstance(value, str) for value in values]


def test_long_and_broken_texts():
    assert one("ab " * 1_000_000)["length"] == 3_000_000
    assert one("\ud800 lone surrogate")["script"] == "latin"
