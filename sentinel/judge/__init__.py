"""Scores and service levels over time become verdicts, breaches and incidents. Pure."""

from sentinel.drift.budget import FalsePageBudget, Tolerance
from sentinel.judge.judge import Judge
from sentinel.judge.policy import ServiceLevels
from sentinel.judge.state import StateError
from sentinel.judge.verdict import Finding, Incident, State, Verdict

__all__ = [
    "FalsePageBudget",
    "Finding",
    "Incident",
    "Judge",
    "ServiceLevels",
    "State",
    "StateError",
    "Tolerance",
    "Verdict",
]
