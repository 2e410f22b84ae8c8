"""The contract of a store: what is remembered, and what every implementation promises.

Atomicity: `commit_window` writes the window, scores, verdict, judge state, incident changes, intents and audit
records in one transaction, or nothing. Idempotency: a window is known by (model, version, replica, start); committing
it again returns False and changes nothing. Isolation: readers see whole commits only. Threads: methods are called
from one thread at a time per Store object; several processes may share a database. Times are seconds since the epoch.
Durability: what a method returned from is on disk. Retention: nothing is deleted but by `forget`.
Errors: StoreUnavailable when a retry may help, StoreIncompatible when the schema is newer than this code,
StoreCorrupt when the file is no database.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from sentinel.drift.scores import FeatureScores
from sentinel.judge.verdict import Incident, Verdict
from sentinel.store.profile import Profile
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.kept import KeptRows

if TYPE_CHECKING:
    from sentinel.store.labels import LabelStore

IntentState = Literal["pending", "delivered", "dead", "cancelled"]

LEASE_SECONDS = 90.0  # longer than the longest delivery attempt that settings allow (60 s)


@dataclass(frozen=True, slots=True)
class Intent:
    """A persisted decision to ask one target for one rollback; written before anything is sent.

    id is deterministic (same breach, same target: same id) and is the webhook-id and Idempotency-Key of every attempt.
    body: the exact bytes that are signed and sent.
    """

    id: str
    incident_id: str
    target: str
    model: str
    from_version: str
    to_version: str
    created_at: float
    expires_at: float
    body: bytes
    state: IntentState = "pending"
    attempts: int = 0
    next_attempt_at: float = 0.0
    last_result: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to send an intent. result: a short fixed word (delivered, refused, timeout, http_5xx …)."""

    intent_id: str
    attempt: int
    at: float
    result: str
    status: int
    seconds: float


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """Who did what and why; hash-chained by the store. inputs are plain JSON values, never feature values."""

    at: float
    actor: str
    action: str
    subject: str
    outcome: str
    sentence: str
    inputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """What the transaction that writes intents must still find true, whoever else decided in the same instant.

    most_per_hour: requests over all models; most_per_day, quiet_seconds: of the intents' model. otherwise: written in
    place of the intents and of the audit records beside them where a limit is reached.
    """

    most_per_hour: int
    most_per_day: int
    quiet_seconds: float
    otherwise: tuple[AuditRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class WindowRecord:
    """Everything that one closed window leads to, committed together.

    Without a verdict the window waits for the fleet's judge. judge_state b"": leave what is stored.
    profiles: mean and quantiles of features (`sentinel.store.profile`), kept with their scores.
    """

    window: ClosedWindow
    scores: Mapping[str, FeatureScores] = field(default_factory=dict)
    verdict: Verdict | None = None
    judge_state: bytes = b""
    intents: Sequence[Intent] = ()
    audit: Sequence[AuditRecord] = ()
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    limits: RequestLimits | None = None


@dataclass(frozen=True, slots=True)
class StoredWindow:
    """A window as read back, with its verdict's state and sentence ("" when it was never judged)."""

    window: ClosedWindow
    state: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Retention:
    """Days that single windows, and the hourly and daily roll-ups made of them, are kept; 0 keeps them for ever.

    rows_days: of kept rows.
    """

    window_days: float = 7.0
    hour_days: float = 90.0
    day_days: float = 0.0
    rows_days: float = 2.0


Grain = Literal["", "window", "hour", "day"]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which windows: those with start in [since, until). Empty strings choose all.

    grain "": single windows where they are still kept, roll-ups where they are not. replica "*": the fleet's merged
    windows, which are left out otherwise, since they repeat those of the replicas.
    """

    model: str = ""
    version: str = ""
    replica: str = ""
    since: float = 0.0
    until: float = 1e18
    grain: Grain = ""


class Store(Protocol):
    @property
    def labels(self) -> "LabelStore":
        """Predictions, labels and quality: a contract of its own (`sentinel.store.labels`)."""

    def commit_window(self, record: WindowRecord) -> bool:
        """Write all of `record` in one transaction; False when the window was already there."""

    def judge_state(self, model: str, replica: str = "") -> bytes | None:
        """The judge's state as of the last committed window of this model; replica "": the newest of any replica."""

    def windows(
        self,
        *,
        model: str = "",
        version: str = "",
        replica: str = "",
        since: float = 0.0,
        until: float = 1e18,
        limit: int = 1000,
    ) -> Iterable[StoredWindow]:
        """Windows with start in [since, until), oldest first."""

    def list_windows(self, chosen: Selection, limit: int = 1000) -> list[dict[str, Any]]:
        """Plain columns of the newest `limit` windows with their verdicts, oldest first: cheap, whatever the range."""

    def list_features(self, chosen: Selection, limit: int = 1000) -> list[dict[str, Any]]:
        """The newest `limit` scores and shapes of the features of windows, oldest first."""

    def merge_windows(self, chosen: Selection) -> list[ClosedWindow]:
        """The chosen windows added up: one per model, version and reference."""

    def keep_rows(self, sample: KeptRows) -> None:
        """Keep a sample of a window's rows until it is too old; a part of it where it is too large."""

    def kept_rows(self, chosen: Selection) -> Iterable[KeptRows]:
        """Samples of rows of windows with start in the range, oldest first; grain is ignored."""

    def verdicts(self, *, model: str = "", limit: int = 100) -> list[Verdict]:
        """Verdicts, newest first, without their incidents (see `incidents`)."""

    def closed_until(self, replica: str) -> float:
        """End of the newest window of this replica, of any model; 0.0 when there is none."""

    def incidents(self, *, model: str = "", open_only: bool = False, limit: int = 100) -> list[Incident]:
        """Incidents, newest first."""

    def commit_decision(
        self,
        *,
        incidents: Sequence[Incident] = (),
        intents: Sequence[Intent] = (),
        audit: Sequence[AuditRecord] = (),
        limits: RequestLimits | None = None,
    ) -> None:
        """Write what was decided apart from a window, in one transaction.

        Known intents stay as they are; open incidents take on the newer values, resolved ones stay.
        """

    def intents(self, *, state: IntentState | None = None, limit: int = 100) -> list[Intent]:
        """Intents, newest first."""

    def due_intents(self, now: float, limit: int = 16, lease_seconds: float = LEASE_SECONDS) -> list[Intent]:
        """Pending intents whose next attempt is due, claimed until now + lease_seconds.

        No other caller gets them before: the lease must be longer than sending all of them can take. `record_delivery`
        and `settle_intent` end it.
        """

    def record_delivery(
        self, delivery: Delivery, state: IntentState, next_attempt_at: float, *, audit: Sequence[AuditRecord] = ()
    ) -> None:
        """Write an attempt, the intent's new state and audit records in one transaction.

        A delivered intent stays delivered.
        """

    def settle_intent(
        self,
        intent_id: str,
        state: IntentState,
        result: str,
        *,
        next_attempt_at: float = 0.0,
        expires_at: float = 0.0,
        audit: Sequence[AuditRecord] = (),
    ) -> bool:
        """Change an intent without an attempt: expired, cancelled, or pending again (replay; expires_at 0: as before).

        False when there is no such intent or it was delivered, which nothing changes; then no audit is written either.
        """

    def deliveries(self, intent_id: str) -> list[Delivery]:
        """Attempts of one intent, oldest first."""

    def audit(self, record: AuditRecord) -> None:
        """Append one audit record."""

    def audit_trail(self, limit: int = 100) -> list[AuditRecord]:
        """Audit records, newest first."""

    def verify_audit(self) -> str:
        """The first break in the audit chain as a sentence, "" when it is whole."""

    def setting(self, name: str) -> str | None:
        """A small named value that survives restarts, such as rollback.paused."""

    def put_setting(self, name: str, value: str, *, audit: Sequence[AuditRecord] = ()) -> None:
        """Write a named value, and audit records in the same transaction."""

    def settings(self, prefix: str) -> dict[str, str]:
        """The named values whose names begin so."""

    def drop_setting(self, name: str) -> None:
        """Forget a named value, if there is one."""

    def forget(self, now: float, retention: Retention) -> int:
        """Merge a few hundred of the oldest rows beyond `retention` into coarser ones, in one transaction.

        The number of rows that went; 0 when there is nothing to do. What an open incident refers to stays.
        """

    def close(self) -> None:
        """Release the database."""
