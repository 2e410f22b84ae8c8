"""What every target promises. Nothing here knows of stores, retries or audit."""

from typing import Protocol

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
