"""What the operator allows, as values the interlocks read. Pure; made once from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from sentinel.config.reading import Problem
from sentinel.config.settings import RollbackSettings
from sentinel.judge.verdict import Cause
from sentinel.rollback import freeze

Mode = Literal["dry_run", "enforce", "off"]
CAUSES: tuple[str, ...] = get_args(Cause)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a breach of one cause may lead to, and under which conditions."""

    cause: str
    action: Literal["page", "rollback"]
    minimum_rows: int = 200
    for_seconds: float = 0.0
    deploy_window_seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class Workload:
    """What the model runs as; an empty name stands for the model's own."""

    cluster: str = "default"
    namespace: str = "default"
    kind: str = "Deployment"
    name: str = ""


@dataclass(frozen=True, slots=True)
class RollbackPolicy:
    """Limits on rollbacks. `rules` holds one rule per cause; a cause without one pages only."""

    mode: Mode = "dry_run"
    targets: tuple[str, ...] = ()
    rules: Mapping[str, Rule] = field(default_factory=dict)
    workload: Workload = Workload()
    cooldown_seconds: float = 1800.0
    max_per_hour: int = 2
    max_per_day: int = 3
    flip_flop_seconds: float = 86400.0
    quorum_ratio: float = 0.5
    freezes: tuple[freeze.Freeze, ...] = ()
    expires_seconds: float = 600.0
    effect_seconds: float = 600.0
    dashboard_url: str = ""
    runbook_url: str = ""

    def rule(self, cause: str) -> Rule:
        return self.rules.get(cause, Rule(cause, "page"))


def policy_from(settings: RollbackSettings) -> RollbackPolicy:
    """The policy in the settings. Raises ValueError with every problem, one a line (see `problems`)."""
    if found := problems(settings):
        raise ValueError("\n".join(map(str, found)))
    return RollbackPolicy(
        mode=settings.mode,
        targets=tuple(target.name for target in settings.targets),
        rules=_rules(settings),
        workload=Workload(
            settings.workload.cluster, settings.workload.namespace, settings.workload.kind, settings.workload.name
        ),
        cooldown_seconds=settings.cooldown_seconds,
        max_per_hour=settings.max_per_hour,
        max_per_day=settings.max_per_day,
        flip_flop_seconds=settings.flip_flop_seconds,
        quorum_ratio=settings.quorum_ratio,
        freezes=tuple(freeze.parse(text) for text in settings.freeze),
        expires_seconds=settings.expires_seconds,
        effect_seconds=settings.effect_seconds,
        dashboard_url=settings.dashboard_url,
        runbook_url=settings.runbook_url,
    )


def _rules(settings: RollbackSettings) -> dict[str, Rule]:
    rules = {
        cause: Rule(
            cause,
            "rollback",
            minimum_rows=settings.minimum_rows,
            deploy_window_seconds=settings.deploy_window_seconds,
        )
        for cause in settings.triggers
    }
    for rule in settings.rules:
        rows, seconds = rule.minimum_rows, rule.deploy_window_seconds
        rules[rule.cause] = Rule(
            rule.cause,
            rule.action,
            minimum_rows=settings.minimum_rows if rows is None else rows,
            for_seconds=rule.for_seconds,
            deploy_window_seconds=settings.deploy_window_seconds if seconds is None else seconds,
        )
    return rules


def problems(settings: RollbackSettings) -> list[Problem]:
    """What is wrong with the settings beyond their types."""
    known = ", ".join(CAUSES)
    found = [
        Problem(f"rollback.{path}", f"unknown cause {cause}; known are {known}")
        for path, cause in _named_causes(settings)
        if cause not in CAUSES
    ]
    for i, text in enumerate(settings.freeze):
        try:
            freeze.parse(text)
        except ValueError as error:
            found.append(Problem(f"rollback.freeze[{i}]", str(error)))
    return found


def _named_causes(settings: RollbackSettings) -> list[tuple[str, str]]:
    triggers = [(f"triggers[{i}]", cause) for i, cause in enumerate(settings.triggers)]
    return triggers + [(f"rules[{i}].cause", rule.cause) for i, rule in enumerate(settings.rules)]
