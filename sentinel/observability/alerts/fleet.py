"""`sentinel fleet`: nobody leads, the leader is behind, replicas are silent, or their windows come too late."""

from sentinel.observability.alerts.alert import Alert
from sentinel.observability.query import most, selector, total
from sentinel.telemetry.catalogue import fleet

LAG_SECONDS = 300
MISSING_RATIO = 0.2
FLEET = "namespace, job"

FLEETS = (
    Alert(
        "SentinelFleetWithoutLeader",
        "critical",
        total(FLEET, selector(fleet.LEADER)) + " == 0",
        "No process leads the fleet: nothing is judged, nothing is rolled back.",
        "`sentinel fleet` runs in {{ $labels.namespace }} but none of its processes leads. Look at their logs for the "
        "store's errors. Windows are kept and judged afterwards.",
        hold="2m",
    ),
    Alert(
        "SentinelFleetLagging",
        "warning",
        most(FLEET, selector(fleet.LAG)) + f" > {LAG_SECONDS}",
        "The fleet judges with delay.",
        "The oldest period of {{ $labels.namespace }} that waits ended {{ $value | humanizeDuration }} ago. After an "
        "outage it catches up by itself; else give the leader more CPU, or make regions.",
        hold="5m",
    ),
    Alert(
        "SentinelFleetReplicasMissing",
        "warning",
        f"{most(f'{FLEET}, model', selector(fleet.MISSING))}\n/\n"
        f"({most(f'{FLEET}, model', selector(fleet.REPLICAS))} > 0)\n> {MISSING_RATIO}",
        "Replicas that should report are silent.",
        "{{ $value | humanizePercentage }} as many replicas of {{ $labels.model }} are silent as report. They may have "
        "no way to the store: their windows wait on their own disks.",
        hold="15m",
    ),
    Alert(
        "SentinelFleetWindowsLate",
        "warning",
        total(FLEET, f"increase({selector(fleet.LATE)}[15m])") + " > 0",
        "Windows come after their period was judged.",
        "{{ $value | humanize }} windows of {{ $labels.namespace }} came late in 15 minutes and were not judged. A "
        "replica's clock is behind, its store is slow, or fleet.straggler_seconds is too short.",
        hold="30m",
    ),
)
