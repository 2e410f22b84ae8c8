"""Verdicts, incidents and policies for tests of rollback: one breach that nothing forbids, to be changed bit by bit."""

from dataclasses import replace
from typing import Any

from sentinel.judge.verdict import Finding, Incident, State, Verdict
from sentinel.rollback.history import VersionHistory
from sentinel.rollback.interlocks import Case, Surroundings
from sentinel.rollback.past import Past
from sentinel.rollback.policy import RollbackPolicy, Rule

NOW = 1_795_300_000.0  # a Saturday, 2026-11-21T22:26:40Z
RELEASED = NOW - 300.0
CAUSES = ("prediction_drift", "error_ratio", "latency")


def incident(**values: Any) -> Incident:
    made: dict[str, Any] = {
        "id": "incident-1",
        "model": "fraud",
        "version": "2",
        "cause": "prediction_drift",
        "opened_at": NOW - 60.0,
        "resolved_at": None,
        "evidence": 3.0,
        "rollback_evidence": 1.5,
        "features": ("score",),
        "explanation": "predictions moved",
    }
    return Incident(**made | values)


def finding(feature: str = "score", **values: Any) -> Finding:
    made: dict[str, Any] = {
        "feature": feature,
        "role": "prediction",
        "cause": "prediction_drift",
        "evidence": 2.0,
        "change": "mean +0.8 sd",
        "score": 0.4,
        "method": "psi",
    }
    return Finding(**made | values)


def verdict(*open_incidents: Incident, **values: Any) -> Verdict:
    standing = open_incidents or (incident(),)
    made: dict[str, Any] = {
        "model": standing[0].model,
        "version": standing[0].version,
        "start": NOW - 60.0,
        "end": NOW,
        "state": State.BREACH,
        "explanation": "breach",
        "evidence": 3.0,
        "findings": (finding(),),
        "opened": standing,
        "open": standing,
        "rows": 500,
    }
    return Verdict(**made | values)


def versions(*seen: tuple[str, float]) -> VersionHistory:
    """Releases as (version, since), each seen until the next began; the last until NOW."""
    history = VersionHistory()
    ends = [since for _, since in seen[1:]] + [NOW]
    for (version, since), end in zip(seen, ends, strict=True):
        history = history.seen(version, since, end, 1000)
    return history


def surroundings(**values: Any) -> Surroundings:
    made: dict[str, Any] = {"versions": versions(("1", NOW - 90_000.0), ("2", RELEASED))}
    return Surroundings(**made | values)


def policy(**values: Any) -> RollbackPolicy:
    made: dict[str, Any] = {
        "mode": "enforce",
        "targets": ("deployer",),
        "rules": {cause: Rule(cause, "rollback") for cause in CAUSES},
    }
    return RollbackPolicy(**made | values)


def case(**values: Any) -> Case:
    """A case that triggers; `incident`, `verdict`, `policy`, `past`, `surroundings` and `now` may be replaced."""
    standing = values.get("incident", incident())
    made: dict[str, Any] = {
        "incident": standing,
        "verdict": verdict(standing),
        "policy": policy(),
        "past": Past(),
        "surroundings": surroundings(),
        "now": NOW,
    }
    return Case(**made | values)


def rule(cause: str = "prediction_drift", **values: Any) -> dict[str, Rule]:
    """Rules of a policy with one rule changed."""
    return {name: replace(known, **values) if name == cause else known for name, known in policy().rules.items()}
