"""What the sentence of a breach says besides how far what moved: its kind, since when, what the model does. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sentinel.drift.faults import Finding as Fault
from sentinel.judge.roster import INPUTS, SHARED, Key, Roster
from sentinel.judge.verdict import Finding
from sentinel.judge.watch import DriftWatch, Scores

KINDS = {
    "lost_field": "schema break: the field is gone",
    "wrong_type": "schema break: values of another type",
    "swapped": "swapped with {detail}",
    "unit_change": "like a change of unit, {detail}",
    "stuck": "one value in all rows",
    "unseen_category": "new categories",
    "missing": "missing values",
    "one_client": "most rows come from one client",
    "duplicated_rows": "rows repeat",
}
"""Kinds of faults in the data, the most telling first."""

MOST_BESIDES = 3
ROLES = ("input", "prediction")


def kind(faults: Sequence[Fault], features: Sequence[str]) -> str:
    """What kind of change the data show in these features, or in the rows as a whole; "" where none is known."""
    about = {fault.kind: fault for fault in reversed(faults) if fault.feature in ("", *features)}
    return next((words.format(detail=about[name].detail) for name, words in KINDS.items() if name in about), "")


def besides(findings: Sequence[Finding], told: Sequence[str]) -> list[Finding]:
    """What else has evidence enough for a page of its own, the most first; `told` are named already."""
    more = [f for f in findings if f.role in ROLES and f.evidence >= 1 and f.feature not in told]
    return more[:MOST_BESIDES] if told else []


def moment(at: float) -> str:
    """A time for people: 2026-11-22 06:05 UTC. at: seconds since the epoch."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def of_the_model(roster: Roster, open_keys: Sequence[Key], version: str, scores: Scores) -> str:
    """What a version makes of drifted inputs, or whether its drifted predictions are its own; "" without drift."""
    own: Key = (version, "predictions")
    inputs = any(key in SHARED for key in open_keys)
    if own in open_keys:
        return "its predictions moved with its inputs" if inputs else _its_own(roster, open_keys, version)
    return _unmoved(roster.watches.get(own), scores) if inputs else ""


def _unmoved(watch: object, scores: Scores) -> str:
    if not isinstance(watch, DriftWatch):
        return "its predictions are not watched"
    first = watch.findings(scores)[0]
    return f"no proof that its predictions moved: {first.feature} {first.change}, evidence {first.evidence:.2g} of 1"


def _its_own(roster: Roster, open_keys: Sequence[Key], version: str) -> str:
    """Whether anything else moved: where nothing did, look at the version."""
    calm = [
        other
        for other in roster.versions
        if other != version and (other, "predictions") in roster.watches and (other, "predictions") not in open_keys
    ]
    beside = f", nor of the predictions of version {calm[-1]}" if calm else ""
    return f"no drift of its inputs is proven{beside}" if INPUTS in roster.watches else "its inputs are not watched"
