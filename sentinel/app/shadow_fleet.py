"""The second model over all replicas: their accounts in the store, added up by the fleet's leader.

Each replica keeps what it saw (`sentinel.app.shadowing`); the leader reads that once a window, tells it as one, and
writes the audit records. It compares what its own settings name: it needs the same `capture.shadow` as its members.
"""

from collections.abc import Sequence

import msgspec

from sentinel.app.shadowing import SETTINGS, book_of, changed, record, verdicts
from sentinel.config import Settings
from sentinel.shadow.book import AccountBook, Key, Standing
from sentinel.store.contract import Store

VERDICTS = "shadow.fleet"
"""Setting of the store with the verdicts that the audit knows, so that another leader tells none again."""
DAY_SECONDS = 86_400.0


class FleetShadows:
    """Made once per life of a fleet whose settings name a second model."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._shadow = settings.capture.shadow
        self._every_seconds = settings.window.seconds
        self._kept_seconds = settings.store.retention_days * DAY_SECONDS
        self._store = store
        self._due = 0.0

    def settle(self, now: float) -> Sequence[Standing] | None:
        """What all replicas know together, once a window, in the audit too; else None. Raises StoreError."""
        if now < self._due:
            return None
        self._due = now + self._every_seconds
        standings = list(self._merged(now).standings())
        kept = self._store.setting(VERDICTS)
        known: dict[Key, str] = dict(msgspec.json.decode(kept, type=list[tuple[Key, str]])) if kept else {}
        if news := changed(standings, known):
            text = msgspec.json.encode(list(verdicts(standings).items())).decode()
            self._store.put_setting(VERDICTS, text, audit=[record(standing, now) for standing in news])
        return standings

    def _merged(self, now: float) -> AccountBook:
        """Books of these settings, the last written last; what is older than the store keeps windows is forgotten."""
        found: list[tuple[int, str]] = []
        for name, value in self._store.settings(SETTINGS).items():
            written, _, text = value.partition(" ")
            if int(written) < now - self._kept_seconds:
                self._store.drop_setting(name)
            else:
                found.append((int(written), text))
        merged = book_of(self._shadow)
        for _, text in sorted(found):
            book = book_of(self._shadow)
            if book.adopt(text):
                merged.absorb(book)
        return merged
