"""What many pairs of answers add up to: how often rows differ, by how much, how fast both are, and what that proves.

Pure, of fixed size, and no value of any row in it: counts and logarithmic buckets. The words are chosen here, once, for
the status page, the audit and the command.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sentinel.judge.equivalence import Pairs, Verdict, bounds, verdict
from sentinel.shadow.answers import Compared, OutputKind, OutputPairs
from sentinel.traffic import bucket_of
from sentinel.windows.latency import percentiles

QUANTILES = (0.5, 0.9, 0.99)
MOST_OUTPUTS = 32
"""Outputs told apart; a row's verdict is made of all of them all the same."""
SIDES = REFERENCE, CANDIDATE = "reference", "candidate"
UNANSWERED: Mapping[str, str] = {
    "error": "got an error",
    "no_answer": "got no answer",
    "undecodable": "got an answer that cannot be read",
}
"""Why a candidate's answer cannot be compared: the word that is counted, and what a person reads."""
MOST_NEEDED = 1 << 24
"""Pairs beyond which a forecast is no help."""

Buckets = dict[int, int]


@dataclass(frozen=True, slots=True)
class Terms:
    """What equivalence means. margin_ratio: rows that may differ; tolerance_sd: distance at which a value does.

    alpha: chance of either verdict being wrong.
    """

    margin_ratio: float = 0.01
    tolerance_sd: float = 0.1
    alpha: float = 0.01


@dataclass(slots=True)
class OutputAccount:
    """One output. distances: bucket (`sentinel.traffic.buckets`, of standard deviations) -> rows."""

    kind: OutputKind
    rows: int = 0
    differing: int = 0
    distances: Buckets = field(default_factory=dict)

    def add(self, output: OutputPairs) -> None:
        self.rows += len(output.differs)
        self.differing += int(output.differs.sum())
        for distance in output.distances[np.isfinite(output.distances)].tolist():
            _count(self.distances, distance)

    def absorb(self, other: "OutputAccount") -> None:
        """Take in what another account knows of the same output."""
        self.rows += other.rows
        self.differing += other.differing
        _sum(self.distances, other.distances)

    @property
    def agreement_ratio(self) -> float:
        return 1 - self.differing / self.rows if self.rows else 1.0

    def quantiles(self) -> dict[float, float]:
        """Distance in standard deviations by quantile, within 1 %; empty for classes."""
        return percentiles(self.distances, QUANTILES)


@dataclass(slots=True)
class Account:
    """One reference against one candidate. unanswered: why -> pairs; latency: side -> bucket -> answers."""

    pairs: Pairs = field(default_factory=Pairs)
    rows: int = 0
    differing_rows: int = 0
    outputs: dict[str, OutputAccount] = field(default_factory=dict)
    unanswered: dict[str, int] = field(default_factory=dict)
    latency: dict[str, Buckets] = field(default_factory=lambda: {side: {} for side in SIDES})

    def add(self, compared: Compared, *, each_row: bool = False) -> None:
        """A pair of answers. each_row: their rows were drawn on their own, so each is a pair to itself."""
        differing = int(compared.rows.sum())
        self.rows += len(compared.rows)
        self.differing_rows += differing
        self.pairs |= Pairs(len(compared.rows), differing) if each_row else Pairs(1, compared.share)
        for name, output in compared.outputs.items():
            if name in self.outputs or len(self.outputs) < MOST_OUTPUTS:
                self.outputs.setdefault(name, OutputAccount(output.kind)).add(output)

    def miss(self, why: str, pairs: int = 1) -> None:
        """Pairs whose second answer cannot be compared. why: one of UNANSWERED."""
        self.pairs |= Pairs(unanswered=pairs)
        self.unanswered[why] = self.unanswered.get(why, 0) + pairs

    def time(self, side: str, seconds: float) -> None:
        """An answer of one side took so long."""
        _count(self.latency[side], seconds)

    def absorb(self, other: "Account") -> None:
        """Take in what another account knows of the same two models.

        Evidence is a function of sums, so what two replicas saw proves together what one that saw both would have.
        """
        self.pairs |= other.pairs
        self.rows += other.rows
        self.differing_rows += other.differing_rows
        _sum(self.unanswered, other.unanswered)
        for side in SIDES:
            _sum(self.latency[side], other.latency[side])
        for name, output in other.outputs.items():
            if name in self.outputs or len(self.outputs) < MOST_OUTPUTS:
                self.outputs.setdefault(name, OutputAccount(output.kind)).absorb(output)


def _sum(counts: dict[Any, int], more: Mapping[Any, int]) -> None:
    for key, count in more.items():
        counts[key] = counts.get(key, 0) + count


def _count(buckets: Buckets, value: float) -> None:
    bucket = bucket_of(value)
    buckets[bucket] = buckets.get(bucket, 0) + 1


@dataclass(frozen=True, slots=True)
class Result:
    """An account at one moment. lower, upper: least and most share of rows that may differ, by the evidence."""

    verdict: Verdict
    sentence: str
    lower: float
    upper: float
    account: Account

    def plain(self) -> dict[str, Any]:
        """JSON values."""
        account = self.account
        return {
            "verdict": self.verdict,
            "explanation": self.sentence,
            "pairs": account.pairs.answered,
            "unanswered": dict(account.unanswered),
            "rows": account.rows,
            "differing_rows": account.differing_rows,
            "differing_ratio": account.pairs.ratio,
            "differing_ratio_bounds": [self.lower, self.upper],
            "outputs": {name: _plain_output(output) for name, output in account.outputs.items()},
            "latency_seconds": {side: _named(latency_quantiles(account, side)) for side in SIDES},
        }


def latency_quantiles(account: Account, side: str) -> dict[float, float]:
    """Seconds by quantile; empty without answers."""
    return percentiles(account.latency[side], QUANTILES)


def _plain_output(output: OutputAccount) -> dict[str, Any]:
    told = {"kind": output.kind, "agreement_ratio": output.agreement_ratio}
    return told if output.kind == "class" else told | {"difference_sd": _named(output.quantiles())}


def _named(quantiles: Mapping[float, float]) -> dict[str, float]:
    return {f"p{quantile * 100:g}": value for quantile, value in quantiles.items()}


def result(account: Account, terms: Terms) -> Result:
    """What the account proves now."""
    found = verdict(account.pairs, terms.margin_ratio, terms.alpha)
    lower, upper = bounds(account.pairs, terms.alpha)
    sentence = _SENTENCES[found](account, terms, lower, upper)
    return Result(found, sentence, lower, upper, account)


def _equivalent(account: Account, terms: Terms, _lower: float, upper: float) -> str:
    return f"Fewer than {_share(terms.margin_ratio)} of rows differ: {_seen(account)}, at most {_share(upper)}."


def _different(account: Account, terms: Terms, lower: float, _upper: float) -> str:
    differing = {name: output.differing for name, output in account.outputs.items() if output.differing}
    worst = max(differing, key=lambda name: differing[name], default="")
    where = f"most often in {worst}" if worst else "rows or outputs are missing"
    told = f"{_seen(account)}, at least {_share(lower)}; {where}"
    return f"More than {_share(terms.margin_ratio)} of rows differ: {told}."


def _unknown(account: Account, terms: Terms, lower: float, upper: float) -> str:
    if not account.pairs.answered:
        why = f": {_obstacles(account)}" if account.unanswered else ""
        return f"No pair of answers was compared yet{why}."
    told = f"{_seen(account)}, between {_share(lower)} and {_share(upper)}; the margin is {_share(terms.margin_ratio)}"
    if account.pairs.unanswered > terms.margin_ratio * account.pairs.answered:
        return f"Not known: {told}. {_obstacles(account).capitalize()}, which counts as if they differed."
    more = _needed(account.pairs, terms)
    return f"Not yet known: {told}.{f' {more:,} more pairs without a difference would show it.' if more else ''}"


_SENTENCES = {"equivalent": _equivalent, "different": _different, "unknown": _unknown}


def _seen(account: Account) -> str:
    return f"{account.differing_rows:,} of {account.rows:,} did"


def _obstacles(account: Account) -> str:
    told = [f"{count:,} {UNANSWERED[why]}" for why, count in account.unanswered.items()]
    return f"of {account.pairs.answered + account.pairs.unanswered:,} asked {', '.join(told)}"


def _needed(pairs: Pairs, terms: Terms) -> int:
    """Further pairs, none differing, that would prove equivalence; 0 where that is too many to tell."""
    least, more = 0, 1
    while verdict(pairs | Pairs(more), terms.margin_ratio, terms.alpha) != "equivalent":
        least, more = more, 2 * more
        if more > MOST_NEEDED:
            return 0
    while more - least > 1:
        middle = (least + more) // 2
        proven = verdict(pairs | Pairs(middle), terms.margin_ratio, terms.alpha) == "equivalent"
        least, more = (least, middle) if proven else (middle, more)
    return more


def _share(ratio: float) -> str:
    return f"{ratio:.2%}" if ratio < 0.1 else f"{ratio:.0%}"
