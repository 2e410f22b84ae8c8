"""The row of the Internals dashboard about `sentinel fleet`: who leads, how late, and what was not judged."""

from sentinel.observability.dashboards.kinds import lines
from sentinel.observability.panel import GREEN, RED, YELLOW, Panel, Query, Step
from sentinel.observability.query import most, on_dashboard, rate
from sentinel.telemetry.catalogue import Metric, fleet

_EMPTY = "No fleet: sidecars judge for themselves (fleet.member is off)"
_NOT_JUDGED = {
    "late": fleet.LATE,
    "foreign reference": fleet.FOREIGN,
    "unreadable": fleet.UNREADABLE,
    "overtaken periods": fleet.OVERTAKEN,
}


def leader_panels() -> list[Panel]:
    unjudged = [Query(f"sum({rate(on_dashboard(metric))}) * 60", name) for name, metric in _NOT_JUDGED.items()]
    judged = f"sum({rate(on_dashboard(fleet.JUDGED))}) * 60"
    return [
        Panel(
            "Leaders",
            "Processes that lead. None: nothing is judged. Two, for a moment, cost work only.",
            "stat",
            [Query(f"sum({on_dashboard(fleet.LEADER)})", "leaders", instant=True)],
            width=4,
            steps=(Step(None, RED), Step(1, GREEN), Step(2, YELLOW)),
            alerts=("SentinelFleetWithoutLeader",),
            empty=_EMPTY,
        ),
        lines(
            "Lag",
            "Age of the oldest ended period that waits.",
            f"max({on_dashboard(fleet.LAG)})",
            "lag",
            "s",
            empty=_EMPTY,
            alerts=("SentinelFleetLagging",),
        ),
        Panel(
            "Replicas",
            "In the last judged period, and expected in it but silent.",
            "timeseries",
            [Query(_by_model(fleet.REPLICAS), "{{model}}"), Query(_by_model(fleet.MISSING), "{{model}} silent")],
            empty=_EMPTY,
            alerts=("SentinelFleetReplicasMissing",),
        ),
        lines("Periods judged a minute", "Of all versions, by all leaders.", judged, "periods", "short", empty=_EMPTY),
        Panel(
            "Not judged, a minute",
            "Windows that came late, have another reference or cannot be read; periods another leader judged first.",
            "timeseries",
            unjudged,
            empty=_EMPTY,
            alerts=("SentinelFleetWindowsLate",),
        ),
    ]


def _by_model(metric: Metric) -> str:
    return most("model", on_dashboard(metric))
