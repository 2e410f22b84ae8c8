"""What a replay remembers: a store of its own, in memory or in a file, which makes it resumable and reportable.

Each judged window goes in with its verdict, the judge's state and the decisions in one transaction, as in a live
sidecar; just before, its verdict in full and the releases known then, as a page of the notebook. A replay that was
killed finds how many windows are there, takes up what the last page says and goes on: the answer is the same to the
bit. Decisions are those of a dry run, so nothing in such a file can ever be sent.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from sentinel.app.verdicts import Judgement
from sentinel.config.settings import RollbackSettings
from sentinel.judge.verdict import Verdict
from sentinel.rollback.desk import Desk
from sentinel.rollback.planning import Plan
from sentinel.rollback.trial import Predictions
from sentinel.store import SqlStore, open_store
from sentinel.store.contract import AuditRecord, Selection
from sentinel.store.engine import Database
from sentinel.store.history import count, last_replica
from sentinel.windows.closed import ClosedWindow

IN_MEMORY = "sqlite:///:memory:"
_PURPOSE = "replay.of"


class OtherReplay(Exception):
    """The file belongs to another replay; the sentence says what to do."""


class Notebook:
    """`sentinel.app.verdicts.Memory` over a store of its own."""

    def __init__(self, path: str, purpose: str, rollback: RollbackSettings, predictions: Predictions | None) -> None:
        """path: file, "" for memory. purpose: what is replayed and how. Raises OtherReplay and StoreError."""
        self.store: SqlStore = open_store(f"sqlite:///{path}" if path else IN_MEMORY)
        known = self.store.setting(_PURPOSE)
        self.done = count(self.store.database, Selection())
        if known is None and self.done:
            raise OtherReplay(f"{path} is the store of a sidecar: name another file for --state")
        if known not in (None, purpose):
            raise OtherReplay(f"{path} belongs to a replay of another source or with other options: name another file")
        self.store.put_setting(_PURPOSE, purpose)
        self._aside = _Releases(self.store.database, self._page(self.done - 1)["releases"] if self.done else {})
        settings = replace(rollback, mode="dry_run", pause_file="")
        self._desk = Desk(self._aside, settings, predictions=predictions)

    def judge_state(self, model: str) -> bytes | None:
        return self.store.judge_state(model, last_replica(self.store.database, model))

    def labelled(self, model: str, version: str) -> tuple[int, int] | None:
        """Labels are not replayed: when they came is not kept."""
        return None

    def decide(self, verdict: Verdict, window: ClosedWindow, now: float) -> Plan:
        return self._desk.decide(verdict, now, window)

    def take(self, judgement: Judgement) -> None:
        """Remember a window; after this it is never judged again."""
        page = {"verdict": asdict(judgement.verdict), "releases": self._aside.releases}
        self.store.put_setting(_name(self.done), json.dumps(page))
        if not self.store.commit_window(judgement.record):
            key = judgement.window.key
            raise OtherReplay(f"window {judgement.window.start:.0f} of {key.model} {key.version} comes twice")
        self.done += 1

    def verdicts(self) -> Iterator[dict[str, Any]]:
        """Every verdict in full, in order, as plain values."""
        return (self._page(number)["verdict"] for number in range(self.done))

    def close(self) -> None:
        self.store.close()

    def _page(self, number: int) -> dict[str, Any]:
        page: dict[str, Any] = json.loads(self.store.setting(_name(number)) or "{}")
        return page


class _Releases(SqlStore):
    """The store as the desk sees it: what it writes on releases waits here until their window is remembered."""

    def __init__(self, database: Database, releases: dict[str, str]) -> None:
        super().__init__(database)
        self.releases = releases

    def setting(self, name: str) -> str | None:
        return self.releases.get(name) or super().setting(name)

    def put_setting(self, name: str, value: str, *, audit: Sequence[AuditRecord] = ()) -> None:
        self.releases[name] = value


def _name(number: int) -> str:
    return f"replay.page.{number:09}"
