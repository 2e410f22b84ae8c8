"""Metrics of `sentinel fleet`; the verdicts of its merged windows carry the names of a sidecar's."""

from functools import partial

from sentinel.telemetry.catalogue.metric import Metric

_fleet = partial(Metric, section="The fleet")

LEADER = _fleet("sentinel_fleet_leader", "gauge", "1 while this process leads the fleet; the sum should be 1.")
LAG = _fleet(
    "sentinel_fleet_lag_seconds", "gauge", "Age of the oldest ended period that waits to be judged.", (), "seconds"
)
REPLICAS = _fleet("sentinel_fleet_replicas", "gauge", "Replicas in the last judged period.", ("model",))
MISSING = _fleet(
    "sentinel_fleet_missing_replicas", "gauge", "Replicas expected in the last judged period and silent.", ("model",)
)
JUDGED = _fleet("sentinel_fleet_judged_periods_total", "counter", "Periods of a version judged by this process.")
OVERTAKEN = _fleet("sentinel_fleet_overtaken_periods_total", "counter", "Periods that another leader judged first.")
LATE = _fleet(
    "sentinel_fleet_late_windows_total",
    "counter",
    "Windows that came after their period was judged: kept for history, not judged.",
)
FOREIGN = _fleet(
    "sentinel_fleet_foreign_windows_total",
    "counter",
    "Windows counted against another reference than the fleet's: only their traffic was used.",
)
UNREADABLE = _fleet(
    "sentinel_fleet_unreadable_windows_total",
    "counter",
    "Windows that could not be read: damaged, or written by a newer sentinel. Not judged.",
)
