"""Which tokens texts have, as one bit each: enough to say what share of a text is new, too little to say what it was.

A token sets the bit that a hash of 16 bits gives it (linear counting, Whang et al. 1990). With v distinct tokens a new
token is taken for a known one with probability 1 − exp(−v/2^16): 14 % at 10,000, the same for reference and window.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

BITS = 1 << 16
_SPREAD, _WORD = np.uint64(2_654_435_769), np.uint64(1 << 32)
SEEN_ONCE, SEEN_TWICE = 1, 2


class Vocabulary:
    """8 KB, mergeable by |."""

    __slots__ = ("_bits",)

    def __init__(self, bits: np.ndarray[tuple[int], np.dtype[np.bool_]] | None = None) -> None:
        self._bits = np.zeros(BITS, dtype=np.bool_) if bits is None else bits

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]]) -> "Vocabulary":
        """The vocabulary of tokenised texts."""
        made = cls()
        for tokens in texts:
            made._bits[_places(tokens)] = True
        return made

    def unseen_share(self, tokens: Sequence[str]) -> float:
        """Share of tokens whose bit is not set; 0 for none."""
        return float(1 - self._bits[_places(tokens)].mean()) if tokens else 0.0

    def __or__(self, other: "Vocabulary") -> "Vocabulary":
        return Vocabulary(self._bits | other._bits)

    def to_bytes(self) -> bytes:
        return np.packbits(self._bits).tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Vocabulary":
        """ValueError: not 8,192 bytes."""
        if len(data) != BITS // 8:
            raise ValueError(f"a vocabulary has {BITS // 8} bytes, not {len(data)}; build the reference again")
        return cls(np.unpackbits(np.frombuffer(data, dtype=np.uint8)).astype(np.bool_))


class Learning:
    """Tokens of a reference's texts, with whether more than one text has each.

    Of its own texts a reference must not say that all tokens are known: a text counts as unseen those tokens that no
    other text has (leaving one out), which is what a new text from the same source would show.
    """

    __slots__ = ("_texts",)

    def __init__(self) -> None:
        self._texts = np.zeros(BITS, dtype=np.uint8)

    def learn(self, texts: Iterable[Sequence[str]]) -> None:
        for tokens in texts:
            places = np.unique(_places(tokens))
            self._texts[places] = np.minimum(self._texts[places] + 1, SEEN_TWICE)

    def __or__(self, other: "Learning") -> "Learning":
        """What was learnt from the texts of both."""
        both = Learning()
        both._texts = np.minimum(self._texts + other._texts, SEEN_TWICE)
        return both

    def unseen_share(self, tokens: Sequence[str]) -> float:
        """Share of the tokens of a learnt text that no other text has; 0 for none."""
        return float(1 - (self._texts[_places(tokens)] == SEEN_TWICE).mean()) if tokens else 0.0

    def vocabulary(self) -> Vocabulary:
        return Vocabulary(self._texts >= SEEN_ONCE)


def read_vocabularies(kept: Mapping[str, bytes]) -> dict[str, Vocabulary]:
    """The vocabularies that a reference keeps, by text column."""
    return {column: Vocabulary.from_bytes(data) for column, data in kept.items()}


def _places(tokens: Iterable[str]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """CRCs of like words are alike in many bits; a multiplication by 2³²/φ spreads them (Knuth 6.4)."""
    sums = np.array([zlib.crc32(token.encode(errors="replace")) for token in tokens], dtype=np.uint64)
    return (sums * _SPREAD % _WORD >> np.uint64(16)).astype(np.intp)
