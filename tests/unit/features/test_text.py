import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.features.text import ASPECTS, columns, tokens
from sentinel.features.vocabulary import Learning, Vocabulary


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


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Could you please tell me how to reset the password of my account?", "en"),
        ("Kannst du mir bitte sagen, wie ich mein Passwort zurücksetzen kann?", "de"),
        ("Pouvez-vous me dire comment réinitialiser mon mot de passe ?", "fr"),
        ("¿Puede decirme cómo restablecer la contraseña de mi cuenta?", "es"),
        ("パスワードをリセットする方法を教えてください", "ja"),
        ("Подскажите, пожалуйста, как сбросить пароль от аккаунта", "ru"),
        ("ok", "unknown"),
        ("", "unknown"),
        ("4 8 15 16 23 42", "unknown"),
        ("\x00\ud800\ufffe\x9f", "unknown"),
    ],
)
def test_languages(text, code):
    assert one(text)["language"] == code


def test_without_the_library_no_language_is_told(monkeypatch):
    monkeypatch.setattr("sentinel.features.text.tells_languages", lambda: False)
    assert "language" not in columns(["Could you please tell me how to reset the password?"])


def test_texts_of_a_reference_and_new_ones_of_their_kind_have_like_shares_of_unseen_tokens():
    """Leaving one out: else a reference would find no token unseen and every new text would drift."""
    draw = np.random.default_rng(7)
    words = [f"word{i}" for i in range(5000)]
    weights = 1 / np.arange(1, 5001)  # Zipf
    texts = [list(draw.choice(words, 20, p=weights / weights.sum())) for _ in range(800)]
    learning = Learning()
    learning.learn(texts[:600])
    own = [learning.unseen_share(text) for text in texts[:600]]
    vocabulary = Vocabulary.from_bytes(learning.vocabulary().to_bytes())
    new = [vocabulary.unseen_share(text) for text in texts[600:]]
    assert np.mean(own) == pytest.approx(np.mean(new), abs=4 * np.std(new) / np.sqrt(len(new)))
    assert vocabulary.unseen_share([f"other{i}" for i in range(100)]) > 0.8
