"""Which versions of a model served, and since when: what "previous version" and "just released" mean.

Pure. It knows windows only as (version, start, end, observations), and nothing of what a rollback is.
"""

from dataclasses import dataclass, replace

import msgspec

RETURN_AFTER_SECONDS = 3600.0
"""A version unseen for this long, while another was seen, starts a new release when it comes back.

Long on purpose: a canary with little traffic must not look newly released after each quiet quarter of an hour.
"""

MOST_RELEASES = 32
"""Releases remembered per model; more than any cooldown or flip-flop rule looks back on."""


@dataclass(frozen=True, slots=True)
class Release:
    """One stretch in which a version served. Times in seconds since the epoch.

    observations: rows analysed; exchanges: requests it answered, be it with an error.
    """

    version: str
    since: float
    last_seen: float
    observations: int
    exchanges: int = 0


@dataclass(frozen=True, slots=True)
class VersionHistory:
    """The releases of one model, ordered by their beginning. Versions may overlap (a canary beside its baseline)."""

    releases: tuple[Release, ...] = ()

    def seen(self, version: str, start: float, end: float, observations: int, exchanges: int = 0) -> "VersionHistory":
        """The history after a window [start, end) of `version`; an unnamed version ("") changes nothing."""
        if not version:
            return self
        known = self.release(version)
        if known is None or self._returned(known, start):
            added = Release(version, start, end, observations, exchanges)
            kept = (*self.releases, added)
        else:
            grown = replace(
                known,
                since=min(known.since, start),
                last_seen=max(known.last_seen, end),
                observations=known.observations + observations,
                exchanges=known.exchanges + exchanges,
            )
            kept = tuple(grown if release is known else release for release in self.releases)
        return VersionHistory(tuple(sorted(kept, key=lambda release: release.since))[-MOST_RELEASES:])

    def release(self, version: str) -> Release | None:
        """The latest release of `version`."""
        return next((release for release in reversed(self.releases) if release.version == version), None)

    def previous(self, version: str) -> Release | None:
        """The release that served before (or still beside) the latest release of `version`; None when unknown."""
        current = self.release(version)
        if current is None:
            return None
        earlier = [r for r in self.releases if r.version != version and r.since < current.since]
        return max(earlier, key=lambda release: (release.last_seen, release.since), default=None)

    def _returned(self, known: Release, start: float) -> bool:
        replaced = any(release.last_seen > known.last_seen for release in self.releases)
        return replaced and start - known.last_seen > RETURN_AFTER_SECONDS

    def to_text(self) -> str:
        """A line of JSON, for `Store.put_setting`."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_text(cls, text: str | None) -> "VersionHistory":
        """What `to_text` wrote; an empty history for None or an empty text. Raises ValueError for anything else."""
        return msgspec.json.decode(text, type=cls) if text else cls()


def setting_name(model: str) -> str:
    """The name under which a store keeps this model's history."""
    return f"rollback.versions.{model}"
