"""`sentinel fleet`: nobody leads, the leader is behind, replicas are silent, or their windows come too late."""

from sentinel.observability.alerts.alert import Alert
from sentinel.observability.query import most, selector, total
from sentinel.telemetry.catalogue import fleet

LAG_SECONDS = 300
MISSING_RATIO = 0.2
FLEET = "namespace, job"


def _missing() -> str:
    silent, reporting = (most(f"{FLEET}, model", selector(metric)) for metric in (fleet.MISSING, fleet.REPLICAS))
    return f"{silent}\n/\n({silent} + {reporting} > 0)\n> {MISSING_RATIO}"


FLEETS = (
    Alert(
        "SentinelFleetWithoutLeader",
        "critical",
        total(FLEET, selector(fleet.LEADER)) + " == 0",
        "No process leads the fleet: nothing is judged, nothing is rolled back.",
        "`sentinel fleet` runs{{ in_namespace }}, but none of its processes leads. Look at their logs for the store's "
        "errors. Windows are kept and judged afterwards.",
        hold="2m",
    ),
    Alert(
        "SentinelFleetLagging",
        "warning",
        most(FLEET, selector(fleet.LAG)) + f" > {LAG_SECONDS}",
        "The fleet judges with delay.",
        "The oldest period that waits{{ in_namespace }} ended {{ $value | humanizeDuration }} ago. After an outage it "
        "catches up by itself; else give the leader more CPU, or make regions.",
        hold="5m",
    ),
    Alert(
        "SentinelFleetReplicasMissing",
        "warning",
        _missing(),
        "Replicas that should report are silent.",
        "{{ $value | humanizePercentage }} of the replicas of {{ $labels.model }} that should report are silent. They "
        "may have no way to the store: their windows wait on their own disks.",
        hold="15m",
    ),
    Alert(
        "SentinelFleetWindowsLate",
        "warning",
        total(FLEET, f"increase({selector(fleet.LATE)}[15m])") + " > 0",
        "Windows come after their period was judged.",
        '{{ printf "%.0f" $value }} windows{{ in_namespace }} came late in 15 minutes and were not judged. A '
        "replica's clock is behind, its store is slow, or fleet.straggler_seconds is too short.",
        hold="30m",
    ),
)
