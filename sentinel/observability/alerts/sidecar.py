"""The sidecar itself: gone, not ready, stale, losing exchanges, or without its store."""

from sentinel.observability.alerts.alert import WATCHED, Alert
from sentinel.observability.query import most, selector, total
from sentinel.telemetry.catalogue import drift, internals, serving

STALE_WINDOWS = 3
DROPPED_RATIO = 0.05
UNACCOUNTED_RATIO = 0.01
ALL = "namespace, job"  # the sidecars that are down together, for one reason
LAG_SECONDS = 30


def _stale() -> str:
    age = f"time() - {most(WATCHED, selector(drift.WINDOW_END))}"
    return f"{age}\n> {STALE_WINDOWS} * {most(WATCHED, selector(drift.WINDOW_SECONDS))} + 30"


def _dropped() -> str:
    dropped = total(WATCHED, f"rate({selector(serving.DROPPED)}[10m])")
    analysed = total(WATCHED, f"rate({selector(serving.EXCHANGES, _NOT_SAMPLED_OUT)}[10m])")
    return f"{dropped}\n/\n({analysed} > 0)\n> {DROPPED_RATIO}"


_NOT_SAMPLED_OUT = 'outcome!="sampled_out"'


def _unaccounted() -> str:
    received = total(WATCHED, f"increase({selector(serving.RECEIVED)}[15m])")
    accounted = total(WATCHED, f"increase({selector(serving.EXCHANGES)}[15m])")
    return f"abs({received} - {accounted})\n/\n({received} > 100)\n> {UNACCOUNTED_RATIO}"


def sidecar(job: str) -> tuple[Alert, ...]:
    """Alerts about sidecars scraped under `job`."""
    return (*_reachable(job), *_INTERNALS)


def _reachable(job: str) -> tuple[Alert, ...]:
    up = f'up{{job="{job}"}}'
    answering = total(ALL, up)
    return (
        Alert(
            "SentinelDown",
            "critical",
            f"{up} == 0\nand on ({ALL})\n{answering} > 0",
            "A sidecar cannot be scraped, while others can.",
            "{{ sidecar }} does not answer: traffic still passes if its relay lives, but nothing is judged "
            "and nothing is rolled back. Look at the container's log and memory limit.",
            hold="5m",
        ),
        Alert(
            "SentinelAbsent",
            "critical",
            f"{answering} == 0\nor\nabsent({up})",
            "No sidecar answers: nothing is judged and nothing is rolled back.",
            "Prometheus cannot scrape any sidecar of job {{ $labels.job }}{{ in_namespace }}. Are there targets at "
            "all? Then look at their containers; else check the PodMonitor and its labels, and whether the sidecar is "
            "injected.",
            hold="5m",
        ),
    )


_INTERNALS = (
    Alert(
        "SentinelNotReady",
        "warning",
        most(WATCHED, selector(internals.READY)) + " == 0",
        "A sidecar does not analyse.",
        "The observer of {{ sidecar }} is not ready: traffic passes unseen. GET /readyz says why.",
        hold="5m",
    ),
    Alert(
        "SentinelDetectorStale",
        "warning",
        _stale(),
        "No window has been judged for several windows' time.",
        "{{ sidecar }} judged its last window {{ $value | humanizeDuration }} ago: its verdict is old. "
        "See its log for the last window and the Internals dashboard for lag and store.",
        hold="2m",
    ),
    Alert(
        "SentinelExchangesDropped",
        "warning",
        _dropped(),
        "Sampled exchanges are lost before the analysis.",
        "{{ sidecar }} loses {{ $value | humanizePercentage }} of what it sampled. Verdicts stay honest, "
        "on fewer rows. Lower capture.sample_ratio or give the observer more CPU.",
        hold="10m",
    ),
    Alert(
        "SentinelUnaccounted",
        "warning",
        _unaccounted(),
        "Received exchanges and their outcomes do not add up.",
        "{{ sidecar }} cannot account for {{ $value | humanizePercentage }} of its exchanges. This is a "
        "fault of sentinel: please report it with the output of /metrics.",
        hold="15m",
    ),
    Alert(
        "SentinelSeriesLimitReached",
        "warning",
        total(f"{WATCHED}, metric", f"increase({selector(internals.SERIES_DROPPED)}[15m])") + " > 0",
        "Features share __other__ because the ceiling on series is reached.",
        "{{ sidecar }} folds {{ $labels.metric }}. Raise telemetry.max_series, or name the features that "
        "matter less in features.ignore.",
        hold="15m",
    ),
    Alert(
        "SentinelConfigReloadFailed",
        "warning",
        most(WATCHED, selector(internals.CONFIG_RELOAD)) + " == 0",
        "The configuration could not be read; the last good one is in force.",
        "`sentinel check-config` on {{ sidecar }} lists everything that is wrong with it.",
        hold="5m",
    ),
    Alert(
        "SentinelProcessRestarting",
        "warning",
        total(f"{WATCHED}, process", f"increase({selector(internals.RESTARTS)}[15m])") + " > 2.5",
        "A part of a sidecar dies again and again.",
        "The {{ $labels.process }} of {{ sidecar }} was started again {{ $value | humanize }} times in 15 "
        "minutes. Look for OOMKilled and at the log before each start.",
    ),
    Alert(
        "SentinelObserverLagging",
        "warning",
        most(WATCHED, selector(internals.LAG)) + f" > {LAG_SECONDS}",
        "The observer does not keep up.",
        "{{ sidecar }} is {{ $value | humanizeDuration }} behind its traffic. Lower capture.sample_ratio "
        "or give the observer more CPU.",
        hold="10m",
    ),
    Alert(
        "SentinelStoreDown",
        "warning",
        most(WATCHED, selector(internals.STORE_UP)) + " == 0",
        "The store takes no writes.",
        "{{ sidecar }} keeps its windows on disk and judges on; incidents and rollbacks wait. Check the "
        "database, its disk and the credentials in store.url.",
        hold="5m",
    ),
    Alert(
        "SentinelSpoolLost",
        "critical",
        total(WATCHED, f"increase({selector(internals.SPOOL_LOST)}[15m])") + " > 0",
        "Windows were lost: the store has been away for too long.",
        "The spool of {{ sidecar }} was full and its oldest windows were dropped. Bring the store back; "
        "raise store.spool_max_bytes if it must survive longer outages.",
    ),
)
