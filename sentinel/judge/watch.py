"""A watch: one book, the incident that stands on it, and the words for both.

There is one watch over the inputs of all versions together, and per version one over its predictions, one over its
errors and one over its latency. Each opens at most one incident at a time.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sentinel.drift.accounts import normal_scores
from sentinel.drift.bets import Floats
from sentinel.drift.blocks import Counts
from sentinel.drift.book import Book
from sentinel.drift.capital import total
from sentinel.drift.categories import quoted
from sentinel.drift.scores import FeatureScores
from sentinel.judge.service import ServiceBook
from sentinel.judge.verdict import Cause, Finding

EVIDENCE_CEILING = 1e9
"""Evidence beyond this says no more; the books themselves keep logarithms."""
SHOWN_FINDINGS = 10
NAMED = 3
"""Features that the sentence of an incident names."""
MOSTLY = 0.5
OUTAGE_ROWS = 30
"""So many rows in a row without any feature of a role that was observed before: its features count as missing."""

Scores = Mapping[str, FeatureScores]


def evidence_of(log_wealth: float) -> float:
    return min(math.exp(min(log_wealth, 700.0)), EVIDENCE_CEILING)


@dataclass(frozen=True, slots=True)
class Opening:
    """Why a page is due. what: the effect in the operator's words."""

    cause: Cause
    features: tuple[str, ...]
    what: str
    rows: int
    windows: int


class Watch(Protocol):
    """What the judge asks of a watch; `pay` first, then the rows, then the rest."""

    @property
    def book(self) -> Book | ServiceBook:
        """Where the evidence is."""

    def log_wealth(self) -> float:
        """log of the wealth; a page is due at 0, if `opening` gives one."""

    def opening(self, scores: Scores) -> Opening | None:
        """What to say of a page, None where the effect is too small to page about."""

    def recovered(self, features: tuple[str, ...], seconds: float) -> bool:
        """Whether the features of an incident are back within tolerance, with evidence."""

    def findings(self, scores: Scores) -> list[Finding]:
        """What contributes to the wealth, the wealthiest first."""


class DriftWatch:
    """Watches features against the reference.

    labels: [F][K] names of the cells, for the words. missing_last: the last cell of a feature holds missing values.
    unobserved: rows without any of the features since there was one with some.
    """

    def __init__(
        self, cause: Cause, book: Book, labels: tuple[tuple[str, ...], ...], missing_last: bool = True
    ) -> None:
        self.missing_last = missing_last
        self.cause = cause
        self.book = book
        self.labels = labels
        self.unobserved = 0

    def seen(self, counts: Counts, rows: int) -> Counts:
        """What is bet on: the window's counts [F, K] or, where none of its `rows` had any feature, an outage.

        A few such rows are answers that were cut off; a role that was never observed is not expected.
        """
        if counts.any():
            self.unobserved = 0
            return counts
        self.unobserved += rows
        lost = np.zeros_like(counts)
        if self.unobserved >= OUTAGE_ROWS and self.book.meter.rows.any():
            lost[np.arange(len(lost)), self.book.laws.features.cells - 1] = rows
        return lost

    def log_wealth(self) -> float:
        return total(self.book.log_wealth())

    def opening(self, scores: Scores) -> Opening | None:
        spans = self.book.gate()
        if not spans:
            return None
        first, span = next(iter(spans.items()))
        gone = self._gone(span) if self._absent(first, span) else []
        chosen = list(dict.fromkeys([*spans, *gone]))
        rows = int(self.book.blocks.span(span)[first].sum())
        what = self._outage(gone) if gone else self._moves(spans, scores)
        names = tuple(self.book.laws.features.names[f] for f in chosen)
        return Opening(self._cause(first, span), names, what, rows, self.book.blocks.trailing_windows(span))

    def recovered(self, features: tuple[str, ...], seconds: float) -> bool:
        names = self.book.laws.features.names
        return self.book.recovered([names.index(name) for name in features if name in names], seconds)

    def findings(self, scores: Scores) -> list[Finding]:
        wealth = self.book.log_wealth()
        order = np.argsort(-wealth, kind="stable")[:SHOWN_FINDINGS]
        spans = self.book.excess(order.tolist()).argmax(axis=0)
        return [
            self._finding(int(f), float(wealth[f]), int(span), scores) for f, span in zip(order, spans, strict=True)
        ]

    def _finding(self, f: int, log_wealth: float, span: int, scores: Scores) -> Finding:
        name = self.book.laws.features.names[f]
        role = "prediction" if self.cause == "prediction_drift" else "input"
        known = scores.get(name)
        method = next((m for m in ("psi", "jensen_shannon") if known and m in known.distances), "divergence")
        score = known.distances[method] if known and method != "divergence" else self._divergence(f, span)
        cause = self._cause(f, span)
        change, dependence = self._change(f, span, scores), float(self.book.dependence()[f])
        return Finding(name, role, cause, evidence_of(log_wealth), change, score, method, dependence)

    def _divergence(self, f: int, span: int) -> float:
        """½Σ(p̂ − p0)²/p0 in nats over a trailing span."""
        p0 = self.book.laws.p0[f]
        return float(np.sum(np.divide(self._moved(f, span) ** 2, p0, out=np.zeros_like(p0), where=p0 > 0)) / 2)

    def _moved(self, f: int, span: int) -> Floats:
        """p̂ − p0 per cell; zeros without rows."""
        counts = self.book.blocks.span(span)[f]
        p0 = self.book.expected_shares(span)[f]
        return counts / counts.sum() - p0 if counts.sum() else np.zeros_like(p0)

    def _missing(self, f: int) -> int:
        return int(self.book.laws.features.cells[f]) - 1

    def _is_quality(self, f: int, span: int) -> bool:
        """Whether most of the departure is in the share of missing values."""
        if not self.missing_last:
            return False
        p0, moved, cell = self.book.laws.p0[f], self._moved(f, span), self._missing(f)
        return moved[cell] > 0 and bool(moved[cell] ** 2 / p0[cell] > self._divergence(f, span))

    def _absent(self, f: int, span: int) -> bool:
        """Whether every row of a span lacks a feature that the reference mostly has."""
        if not self.missing_last:
            return False
        counts, cell = self.book.blocks.span(span)[f], self._missing(f)
        return bool(counts[cell] == counts.sum() > 0 and self.book.laws.p0[f, cell] < MOSTLY)

    def _gone(self, span: int) -> list[int]:
        return [f for f in range(len(self.book.laws.features.names)) if self._absent(f, span)]

    def _moves(self, spans: Mapping[int, int], scores: Scores) -> str:
        """What contributes most, each with its direction."""
        told = [f"{self._label(f)} {self._change(f, span, scores)}" for f, span in list(spans.items())[:NAMED]]
        return " and ".join(told) + self._more(len(spans))

    @staticmethod
    def _more(number: int) -> str:
        return f" and {number - NAMED:,} more" if number > NAMED else ""

    def _outage(self, gone: list[int]) -> str:
        shown = ", ".join(self._label(f) for f in gone[:NAMED])
        return f"{shown}{self._more(len(gone))} missing in every row"

    def _cause(self, f: int, span: int) -> Cause:
        return "data_quality" if self.cause == "input_drift" and self._is_quality(f, span) else self.cause

    def _label(self, f: int) -> str:
        role = "prediction" if self.cause == "prediction_drift" else "input"
        name = self.book.laws.features.names[f]
        return name if name.startswith(role) else f"{role} {name}"

    def _change(self, f: int, span: int, scores: Scores) -> str:
        moved, ordered = self._moved(f, span), int(self.book.laws.features.ordered[f])
        if self._is_quality(f, span):
            return f"missing {100 * moved[self._missing(f)]:+.1f} points"
        known = scores.get(self.book.laws.features.names[f])
        if known is not None and known.change:
            return known.change
        if ordered:
            p0 = self.book.laws.p0[f, : int(self.book.laws.features.cells[f])]
            return f"about {float(normal_scores(p0, ordered) @ moved[: len(p0)]):+.2f} sd"
        cell = int(np.abs(moved).argmax())
        return f"share of {quoted(self.labels[f][cell])} {100 * moved[cell]:+.1f} points"


class ServiceWatch:
    """Watches one service level of one version. words, of: what is counted, and among what."""

    def __init__(self, cause: Cause, book: ServiceBook, words: str, of: str = "exchanges") -> None:
        self.cause = cause
        self.book = book
        self.words = words
        self.of = of

    def log_wealth(self) -> float:
        return self.book.log_wealth()

    def opening(self, scores: Scores) -> Opening | None:
        span = self.book.gate()
        if span is None:
            return None
        exchanges = self.book.ratio(span)[1]
        windows = self.book.blocks.trailing_windows(span)
        return Opening(self.cause, (self.cause,), self._change(span), exchanges, windows)

    def recovered(self, features: tuple[str, ...], seconds: float) -> bool:
        return self.book.recovered(seconds)

    def findings(self, scores: Scores) -> list[Finding]:
        share = self.book.ratio(0)[0]
        wealth = evidence_of(self.log_wealth())
        return [Finding(self.cause, "service", self.cause, wealth, self._change(0), share, "ratio")]

    def _change(self, span: int) -> str:
        return f"{self.words} {self.book.ratio(span)[0]:.2%} of {self.of}, {self.book.objective:.2%} accepted"
