"""What every target promises, and what all configured ones share. Nothing here knows of stores, retries or audit."""

from dataclasses import dataclass
from typing import Protocol

from sentinel.config.settings import TargetSettings
from sentinel.rollback.egress import Egress
from sentinel.rollback.retries import Answer
from sentinel.store.contract import Intent


class Target(Protocol):
    """A deployment system that can be asked for one rollback.

    `ask` may be called again for the same intent, after a crash too, and must then do no second rollback: it passes the
    intent's id on, or finds the version already changed and answers `already_done`.
    """

    @property
    def name(self) -> str:
        """Name in configuration, metrics and audit."""

    @property
    def timeout_seconds(self) -> float:
        """Time one attempt may take in all."""

    async def ask(self, intent: Intent, attempt: int, now: float) -> Answer:
        """Make attempt `attempt` (from 1) at time `now`. Raises EgressError or SecretError when no answer came."""


@dataclass(frozen=True, slots=True)
class Configured:
    """A target as the settings name it, with its only way out."""

    settings: TargetSettings
    egress: Egress

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def timeout_seconds(self) -> float:
        return self.settings.timeout_seconds
