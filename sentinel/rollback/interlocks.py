"""The one table of reasons not to roll back. Pure.

Each row is a word (the outcome in metrics and audit), a condition and a sentence. The first row that holds decides;
when none holds, the rollback is asked for. `dry_run` comes last, so that a dry run says what enforcing would do.
A row is filled in from the facts of the case, and those facts are what the audit keeps as the decision's inputs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from sentinel.judge.verdict import Incident, State, Verdict
from sentinel.rollback.history import VersionHistory
from sentinel.rollback.past import Past, Request
from sentinel.rollback.policy import RollbackPolicy, Rule

HOUR_SECONDS = 3600.0
DAY_SECONDS = 86400.0
PAGE_EVIDENCE = 1.0
"""Wealth at which a book acts (see Incident.rollback_evidence)."""

DRIFT_CAUSES = ("input_drift", "prediction_drift")
"""Causes judged by the book of evidence, which has a stricter second book for rollbacks."""
SERVICE_CAUSES = ("error_ratio", "latency")
"""Causes judged over all traffic, and not over the rows of sampled exchanges."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The version under trial against its baseline: worse than it, both as bad, or not yet known.

    value: log evidence that it is worse. observations: of the baseline. concurrent: both serve now.
    """

    result: Literal["worse", "as_bad", "unknown"]
    value: float = 0.0
    observations: int = 0
    explanation: str = ""
    concurrent: bool = False


@dataclass(frozen=True, slots=True)
class Replicas:
    """How many replicas see the breach, of how many; the fleet's verdict over merged windows counts as one of one."""

    agree: int = 1
    total: int = 1


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else is known when deciding. comparisons: by cause, where a baseline was compared."""

    versions: VersionHistory = field(default_factory=VersionHistory)
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)
    replicas: Replicas = Replicas()


@dataclass(frozen=True)
class Case:
    """One open incident at one moment, with everything that bears on it."""

    incident: Incident
    verdict: Verdict
    policy: RollbackPolicy
    past: Past
    surroundings: Surroundings
    now: float
    facts: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", _facts(self))

    @cached_property
    def rule(self) -> Rule:
        return self.policy.rule(self.incident.cause)

    @cached_property
    def comparison(self) -> Comparison | None:
        return self.surroundings.comparisons.get(self.incident.cause)

    @cached_property
    def to_version(self) -> str:
        previous = self.surroundings.versions.previous(self.incident.version)
        return previous.version if previous else ""

    @cached_property
    def observations(self) -> int:
        """What bears on the cause: requests where all traffic was counted, else rows analysed."""
        release = self.surroundings.versions.release(self.incident.version)
        if self.incident.cause in SERVICE_CAUSES and release and release.exchanges:
            return release.exchanges
        return max(self.verdict.rows, release.observations if release else 0)

    @cached_property
    def release_age_seconds(self) -> float:
        release = self.surroundings.versions.release(self.incident.version)
        return self.now - release.since if release else float("inf")

    def requests(self, seconds: float, model: str = "") -> list[Request]:
        """Requests of the last `seconds`, of one model or of all."""
        since = self.now - seconds
        return [r for r in self.past.requests if r.at > since and model in ("", r.model)]


def _facts(case: Case) -> dict[str, Any]:
    """The inputs of a decision: plain JSON values, no feature values."""
    incident, verdict, policy = case.incident, case.verdict, case.policy
    replicas, comparison = case.surroundings.replicas, case.comparison
    mine = case.requests(float("inf"), incident.model)
    return {
        "incident_id": incident.id,
        "model": incident.model,
        "from_version": incident.version,
        "to_version": case.to_version,
        "cause": incident.cause,
        "mode": policy.mode,
        "state": str(verdict.state),
        "evidence": round(incident.evidence, 6),
        "rollback_evidence": round(incident.rollback_evidence, 6),
        "observations": case.observations,
        "minimum_rows": case.rule.minimum_rows,
        "breach_seconds": round(max(case.now - incident.opened_at, 0.0), 3),
        "for_seconds": case.rule.for_seconds,
        "release_age_seconds": round(case.release_age_seconds, 3) if case.release_age_seconds < float("inf") else None,
        "deploy_window_seconds": case.rule.deploy_window_seconds,
        "verdict_age_seconds": round(max(case.now - verdict.end, 0.0), 3),
        "expires_seconds": policy.expires_seconds,
        "since_last_request_seconds": round(case.now - mine[0].at, 3) if mine else None,
        "cooldown_seconds": policy.cooldown_seconds,
        "requests_last_hour": len(case.requests(HOUR_SECONDS)),
        "max_per_hour": policy.max_per_hour,
        "requests_of_model_last_day": len(case.requests(DAY_SECONDS, incident.model)),
        "max_per_day": policy.max_per_day,
        "replicas_agree": replicas.agree,
        "replicas_total": replicas.total,
        "quorum_ratio": policy.quorum_ratio,
        "baseline": comparison.result if comparison else "not compared",
        "baseline_explanation": comparison.explanation if comparison else "",
        "freeze": next((window.text for window in policy.freezes if window.covers(case.now)), ""),
        "paused": case.past.paused,
    }


@dataclass(frozen=True, slots=True)
class Interlock:
    """word: outcome when the condition holds. sentence: what a person reads, filled in from the facts."""

    word: str
    holds: Callable[[Case], bool]
    sentence: str


def _inputs_drifted_too(case: Case) -> bool:
    """Unless both versions serve now, inputs that moved since the release explain moved predictions: the world changed.

    The judge watches the inputs of all versions together, so an incident on them counts whichever version it names.
    """
    comparison = case.comparison
    beside = comparison is not None and comparison.concurrent
    released = case.now - case.release_age_seconds
    drifted = any(i.cause == "input_drift" and i.opened_at >= released for i in case.verdict.open)
    return case.incident.cause == "prediction_drift" and drifted and not beside


def _compared(result: str) -> Callable[[Case], bool]:
    return lambda case: case.comparison is not None and case.comparison.result == result


def _taken_back_before(case: Case) -> bool:
    """The version to go to was itself taken back lately."""
    requests = case.requests(case.policy.flip_flop_seconds, case.incident.model)
    return any(request.from_version == case.to_version for request in requests)


def _asked_for_this_version(case: Case) -> bool:
    requests = case.requests(float("inf"), case.incident.model)
    return any(request.from_version == case.incident.version for request in requests)


def _cooling_down(case: Case) -> bool:
    return bool(case.requests(case.policy.cooldown_seconds, case.incident.model))


def _no_quorum(case: Case) -> bool:
    """Fails closed: no replica known is no quorum."""
    replicas = case.surroundings.replicas
    return replicas.total < 1 or replicas.agree < max(replicas.total * case.policy.quorum_ratio, 1)


RATE_LIMITED = "suppressed_rate_limit"

INTERLOCKS: tuple[Interlock, ...] = (
    Interlock(
        "suppressed_off",
        lambda case: case.policy.mode == "off",
        "Rollbacks are switched off.",
    ),
    Interlock(
        "suppressed_cause",
        lambda case: case.rule.action != "rollback",
        "A breach of {cause} pages only; no rule lets it roll back.",
    ),
    Interlock(
        "suppressed_paused",
        lambda case: bool(case.past.paused),
        "Rollbacks are paused: {paused}.",
    ),
    Interlock(
        "suppressed_stale",
        lambda case: case.now - case.verdict.end > case.policy.expires_seconds,
        "The verdict is {verdict_age_seconds:.0f} s old; a rollback for it would come too late.",
    ),
    Interlock(
        "suppressed_blind",
        lambda case: case.verdict.state is State.BLIND,
        "The judge is blind; what cannot be measured is no reason to act.",
    ),
    Interlock(
        "suppressed_insufficient_data",
        lambda case: case.verdict.state is State.INSUFFICIENT or case.observations < case.rule.minimum_rows,
        "Version {from_version} has {observations} observations of the {minimum_rows} needed (verdict {state}).",
    ),
    Interlock(
        "suppressed_recovering",
        lambda case: case.verdict.state is State.OK,
        "The incident is open but the last window is ok.",
    ),
    Interlock(
        "suppressed_recovering",
        lambda case: case.incident.cause in case.verdict.kept,
        "The incident is open but the last window keeps its service level ({cause}).",
    ),
    Interlock(
        "suppressed_evidence",
        lambda case: case.incident.cause in DRIFT_CAUSES and case.incident.rollback_evidence < PAGE_EVIDENCE,
        "The evidence suffices for a page but not for a rollback: {rollback_evidence:.3g} of 1.",
    ),
    Interlock(
        "suppressed_for_duration",
        lambda case: case.now - case.incident.opened_at < case.rule.for_seconds,
        "The breach stands for {breach_seconds:.0f} s of the {for_seconds:.0f} s asked for.",
    ),
    Interlock(
        "suppressed_no_previous",
        lambda case: not case.incident.version or not case.to_version,
        "No version is known to have served {model} before {from_version!r}.",
    ),
    Interlock(
        "suppressed_one_per_version",
        _asked_for_this_version,
        "A rollback of version {from_version} was already asked for; one per version.",
    ),
    Interlock(
        "suppressed_deploy_window",
        lambda case: case.release_age_seconds > case.rule.deploy_window_seconds,
        "Version {from_version} serves for {release_age_seconds:.0f} s; only in the first "
        "{deploy_window_seconds:.0f} s may it be taken back by machine.",
    ),
    Interlock(
        "suppressed_baseline_bad",
        _compared("as_bad"),
        "The baseline {to_version} is as bad, so the world changed and not the version. {baseline_explanation}",
    ),
    Interlock(
        "suppressed_baseline_unknown",
        _compared("unknown"),
        "It is not yet known whether {from_version} is worse than the baseline {to_version}. {baseline_explanation}",
    ),
    Interlock(
        "suppressed_baseline_bad",
        _inputs_drifted_too,
        "The inputs of {model} drift too, so the world changed and not only the version.",
    ),
    Interlock(
        "suppressed_flip_flop",
        _taken_back_before,
        "Version {to_version} was itself taken back lately; going back to it would flip-flop.",
    ),
    Interlock(
        "suppressed_cooldown",
        _cooling_down,
        "The last request for {model} was {since_last_request_seconds} s ago; quiet time is {cooldown_seconds:.0f} s.",
    ),
    Interlock(
        RATE_LIMITED,
        lambda case: len(case.requests(HOUR_SECONDS)) >= case.policy.max_per_hour,
        "{requests_last_hour} rollbacks were asked for in the last hour, over all models; allowed are {max_per_hour}.",
    ),
    Interlock(
        RATE_LIMITED,
        lambda case: len(case.requests(DAY_SECONDS, case.incident.model)) >= case.policy.max_per_day,
        "{requests_of_model_last_day} rollbacks of {model} were asked for in the last day; allowed are {max_per_day}.",
    ),
    Interlock(
        "suppressed_freeze",
        lambda case: any(window.covers(case.now) for window in case.policy.freezes),
        "Rollbacks are frozen: {freeze}.",
    ),
    Interlock(
        "suppressed_quorum",
        _no_quorum,
        "{replicas_agree} of {replicas_total} replicas see the breach; {quorum_ratio:.0%} must.",
    ),
    Interlock(
        "dry_run",
        lambda case: case.policy.mode == "dry_run",
        "Dry run: {from_version} would be rolled back to {to_version} for {cause}.",
    ),
)

TRIGGERED = Interlock(
    "triggered", lambda _case: True, "Rollback of {model} from {from_version} to {to_version} asked for: {cause}."
)

OUTCOMES: tuple[str, ...] = tuple(dict.fromkeys([TRIGGERED.word, *(interlock.word for interlock in INTERLOCKS)]))
"""Every word a decision can have, for metric labels."""


def judge_case(case: Case) -> Interlock:
    """The first interlock that holds, or `TRIGGERED`."""
    return next((interlock for interlock in INTERLOCKS if interlock.holds(case)), TRIGGERED)
