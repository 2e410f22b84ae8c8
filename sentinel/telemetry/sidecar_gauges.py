"""The sidecar's own state in the series: readiness, lag, restarts, store, spool and configuration."""

from sentinel.telemetry.catalogue import internals
from sentinel.telemetry.series import Series


class SidecarGauges:
    """Writes into the series."""

    def __init__(self, series: Series) -> None:
        self._series = series

    def ready(self, ready: bool) -> None:
        """Whether the observer takes exchanges; what /readyz answers."""
        self._series.put(internals.READY, (), int(ready))

    def lag(self, seconds: float) -> None:
        """Age of what the observer is working on."""
        self._series.put(internals.LAG, (), seconds)

    def restarts(self, process: str, count: int = 1) -> None:
        """Count starts of a child after its first."""
        self._series.add(internals.RESTARTS, (process,), count)

    def store(self, up: bool, commit_seconds: float | None = None) -> None:
        """The outcome of a write to the store, with its duration when it was a window's commit."""
        self._series.put(internals.STORE_UP, (), int(up))
        if not up:
            self._series.add(internals.STORE_ERRORS)
        elif commit_seconds is not None:
            self._series.histogram(internals.COMMIT_DURATION).observe(commit_seconds)

    def spool(self, waiting: int, lost: int = 0) -> None:
        """Windows that wait for the store, and those lost since the last call."""
        self._series.put(internals.SPOOLED, (), waiting)
        self._series.add(internals.SPOOL_LOST, (), lost)

    def configuration(self, successful: bool, at: float) -> None:
        """The outcome of reading the configuration (again)."""
        self._series.put(internals.CONFIG_RELOAD, (), int(successful))
        if successful:
            self._series.put(internals.CONFIG_RELOAD_AT, (), at)

    def reloads(self, taken: int, refused: int, last_refused: bool) -> None:
        """How often the configuration was read again since the sidecar started, and how the last time ended."""
        self._series.put(internals.CONFIG_RELOADS, ("taken",), taken)
        self._series.put(internals.CONFIG_RELOADS, ("refused",), refused)
        self._series.put(internals.CONFIG_RELOAD, (), int(not last_refused))
