"""What a text says as numbers and words that can be kept: none of them gives the text back.

length       characters
tokens       words and punctuation marks, about what a tokeniser makes of English
script       writing system of most letters (Unicode blocks): latin, cyrillic, han …; none
mixed        share of letters in another script than that
repetition   share of three-word runs that were there before (a stuck model repeats itself)
refusal      whether it begins as refusals do
language     ISO 639 code by CLD2, "unknown" where it is not sure; needs the extra `language`
unseen       share of tokens that the reference's texts do not have (with a vocabulary)
"""

import re
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np

from sentinel.decode.rows import Column

MAX_CHARACTERS = 20_000
"""Read of one text; its length is exact all the same."""

LANGUAGE_CHARACTERS = 2_000
"""Read to tell a language; more changes nothing."""
UNKNOWN = "unknown"

ASPECTS = frozenset({"length", "tokens", "script", "mixed", "repetition", "refusal", "language", "unseen"})

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that CLD2 refuses."""

_TOKEN = re.compile(r"\w+|[^\w\s]")
_REFUSAL = re.compile(
    r"(?:i['’]?m (?:really |very |so )?sorry|i am sorry|sorry,|i apologi[sz]e|unfortunately,? i|"
    r"i (?:can(?:no|['’])t|can not|am (?:not able|unable)|won['’]t|will not|must decline)|i['’]m (?:not able|unable)|"
    r"as an (?:ai|artificial)|as a (?:large )?language model|my apologies)",
    re.IGNORECASE,
)

# First code points of runs of letters and who writes them (Unicode 16 blocks); "" where no letters of a script are.
_BLOCKS: Sequence[tuple[int, str]] = (
    (0x0000, ""),
    (0x0041, "latin"),
    (0x005B, ""),
    (0x0061, "latin"),
    (0x007B, ""),
    (0x00C0, "latin"),
    (0x0250, ""),
    (0x0370, "greek"),
    (0x0400, "cyrillic"),
    (0x0530, "armenian"),
    (0x0590, "hebrew"),
    (0x0600, "arabic"),
    (0x0700, ""),
    (0x0900, "devanagari"),
    (0x0980, "indic"),
    (0x0E00, "thai"),
    (0x0E80, ""),
    (0x10A0, "georgian"),
    (0x1100, "hangul"),
    (0x1200, "ethiopic"),
    (0x13A0, ""),
    (0x1E00, "latin"),
    (0x1F00, "greek"),
    (0x2000, ""),
    (0x3040, "kana"),
    (0x3100, ""),
    (0x3400, "han"),
    (0xA000, ""),
    (0xAC00, "hangul"),
    (0xD7B0, ""),
    (0xF900, "han"),
    (0xFB00, ""),
    (0x20000, "han"),
    (0x32000, ""),
)
_STARTS = np.array([start for start, _ in _BLOCKS], dtype=np.uint32)
_SCRIPTS = sorted({script for _, script in _BLOCKS})  # "" is the first
_SCRIPT_OF = np.array([_SCRIPTS.index(script) for _, script in _BLOCKS])


class Words(Protocol):
    """A vocabulary: what share of tokens it does not have."""

    def unseen_share(self, tokens: Sequence[str]) -> float: ...


def columns(texts: Sequence[object], vocabulary: Words | None = None) -> dict[str, Column]:
    """Aspect -> one value per text; what is no text is missing."""
    rows = [_aspects(text, vocabulary) if isinstance(text, str) else {} for text in texts]
    names = ASPECTS if vocabulary is not None else ASPECTS - {"unseen"}
    names = names if tells_languages() else names - {"language"}
    return {name: [row.get(name) for row in rows] for name in sorted(names)}


def tokens(text: str) -> list[str]:
    """Words and punctuation marks of the part that is read, in lower case."""
    return _TOKEN.findall(text[:MAX_CHARACTERS].lower())


@cache
def tells_languages() -> bool:
    """Whether the library that tells languages is installed."""
    return find_spec("pycld2") is not None


@cache
def _cld2() -> Any:
    """Loaded with the first text: 6 MB, a few microseconds a text."""
    return import_module("pycld2")


def language(text: str) -> str:
    """ISO 639 code of the language of a text, UNKNOWN where CLD2 is not sure."""
    plain = _CONTROL.sub(" ", text[:LANGUAGE_CHARACTERS]).encode()
    library = _cld2()
    try:
        sure, _, found = library.detect(plain)
    except library.error:  # characters that it does not take
        return UNKNOWN
    return str(found[0][1]) if sure else UNKNOWN


def _aspects(text: str, vocabulary: Words | None) -> dict[str, float | str]:
    words = tokens(text)
    script, mixed = _script(text[:MAX_CHARACTERS])
    found: dict[str, float | str] = {
        "length": float(len(text)),
        "tokens": float(len(words)),
        "script": script,
        "mixed": mixed,
        "repetition": _repetition(words),
        "refusal": "true" if _REFUSAL.match(text[:MAX_CHARACTERS].lstrip()) else "false",
    }
    if tells_languages():
        found["language"] = language(text)
    return found if vocabulary is None else {**found, "unseen": vocabulary.unseen_share(words)}


def _script(text: str) -> tuple[str, float]:
    """The script of most letters, and the share of letters in others."""
    points = np.frombuffer(text.encode("utf-32-le", errors="replace"), dtype="<u4")
    blocks = np.searchsorted(_STARTS, points, side="right") - 1
    letters = np.bincount(_SCRIPT_OF[blocks], minlength=len(_SCRIPTS))
    letters[0] = 0
    total = int(letters.sum())
    if total == 0:
        return "none", 0.0
    most = int(letters.argmax())
    return _SCRIPTS[most], 1 - int(letters[most]) / total


def _repetition(words: Sequence[str]) -> float:
    """Share of three-word runs that repeat an earlier one; 0 for fewer than four words."""
    runs = list(zip(words, words[1:], words[2:], strict=False))
    return 1 - len(set(runs)) / len(runs) if len(runs) > 1 else 0.0
