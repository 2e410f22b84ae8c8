"""Decisions about rollbacks, told to metrics, timeline and log as the store wrote them, and only then.

A decision is made before it is written down, and can be overtaken on the way: of several in the same instant only as
many are written as the limits allow. What is told is read back, so that metrics and audit never differ.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from sentinel.rollback.past import DECISION
from sentinel.store.contract import AuditRecord
from sentinel.telemetry.recorder import Recorder

logger = logging.getLogger("sentinel.rollback")

READ_BACK = 1000
"""Newest audit records that are read to find a decision: more than are written while the store is away and back."""
FORGET_SECONDS = 86_400.0
"""After which a decision that never came into the store is not looked for any more: its window was refused."""


@dataclass(slots=True)
class Deciding:
    """Called from one thread."""

    recorder: Recorder
    _waiting: set[tuple[str, float]] = field(default_factory=set)

    def made(self, audit: Sequence[AuditRecord]) -> None:
        """Records that are on their way to the store."""
        self._waiting |= {(record.subject, record.at) for record in audit if record.action == DECISION}

    @property
    def waiting(self) -> bool:
        """Whether there is something to read back."""
        return bool(self._waiting)

    def written(self, trail: Sequence[AuditRecord], now: float) -> None:
        """Tell what has come into the store, oldest first. trail: its newest records."""
        for record in sorted(trail, key=lambda record: record.at):
            if record.action == DECISION and (record.subject, record.at) in self._waiting:
                self._waiting.remove((record.subject, record.at))
                self._tell(record)
        self._waiting = {(subject, at) for subject, at in self._waiting if now - at < FORGET_SECONDS}

    def _tell(self, record: AuditRecord) -> None:
        model, version = record.inputs["model"], record.inputs["from_version"]
        self.recorder.rollbacks.decision(record.outcome, model, version, record.at, record.sentence)
        logger.warning("rollback %s: %s", record.outcome, record.sentence)
