"""From settings to rules, and every problem at once."""

import pytest

from sentinel.config.settings import RollbackSettings, RuleSettings
from sentinel.rollback.policy import policy_from, problems


def test_defaults_are_careful() -> None:
    made = policy_from(RollbackSettings())
    assert made.mode == "dry_run"
    assert made.rule("input_drift").action == "page"
    assert {cause for cause, rule in made.rules.items() if rule.action == "rollback"} == {
        "prediction_drift",
        "error_ratio",
        "latency",
    }


def test_rules_override_triggers_and_inherit_the_rest() -> None:
    settings = RollbackSettings(
        minimum_rows=50,
        rules=(RuleSettings(cause="latency", action="page"), RuleSettings(cause="input_drift", for_seconds=30)),
    )
    made = policy_from(settings)
    assert made.rule("latency").action == "page"
    assert (made.rule("input_drift").minimum_rows, made.rule("input_drift").for_seconds) == (50, 30)
    assert made.rule("input_drift").deploy_window_seconds == settings.deploy_window_seconds


def test_all_problems_at_once() -> None:
    settings = RollbackSettings(
        triggers=("latencyy",),
        rules=(RuleSettings(cause="moon"),),
        freeze=("always",),
    )
    found = problems(settings)
    assert [problem.path for problem in found] == [
        "rollback.triggers[0]",
        "rollback.rules[0].cause",
        "rollback.freeze[0]",
    ]
    with pytest.raises(ValueError, match="latencyy"):
        policy_from(settings)
