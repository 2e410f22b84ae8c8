"""Alerts that are written only where they are asked for: they need what not every cluster has, or has already."""

from sentinel.observability.alerts.alert import Alert
from sentinel.observability.query import most, selector
from sentinel.telemetry.catalogue import internals

CONTAINER = "sentinel"  # as the chart, the injector and the examples in docs/kubernetes.md call the sidecar
POD = "namespace, pod"

_KUBE_STATE_METRICS = ("kube_pod_container_status_running", "kube_pod_init_container_status_running")
"""Plain containers, and native sidecars, which are init containers that keep running."""


def _missing_on_pod() -> str:
    running = "\n  or\n".join(f'  {name}{{container="{CONTAINER}"}} == 1' for name in _KUBE_STATE_METRICS)
    return f"max by ({POD}) (\n{running}\n)\nunless on ({POD})\n{most(POD, selector(internals.BUILD_INFO))}"


OPTIONAL = {
    "sentinel-missing-on-pod.yml": Alert(
        "SentinelMissingOnPod",
        "warning",
        _missing_on_pod(),
        "A sidecar runs in a pod but gives no metrics.",
        "The container sentinel of {{ $labels.namespace }}/{{ $labels.pod }} runs, and Prometheus has no series of it: "
        "nobody would hear of a breach there. Is the pod selected by a PodMonitor, and its telemetry port reachable?",
        hold="10m",
    ),
    "sentinel-watchdog.yml": Alert(
        "SentinelWatchdog",
        "none",
        "vector(1)",
        "The way from Prometheus to the receiver works.",
        "This alert always fires. Send it to a heartbeat service that calls somebody when it stops coming: then "
        "Prometheus, Alertmanager or what lies between them is down, and no other alert would arrive.",
    ),
}
"""File -> the alert in it."""
