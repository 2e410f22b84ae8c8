"""Metrics of the sidecar itself."""

from functools import partial

from sentinel.telemetry.catalogue.metric import Metric

_internals = partial(Metric, section="The sidecar itself")

PROCESSES = ("relay", "observer")

BUILD_INFO = _internals(
    "sentinel_build_info", "gauge", "1, with the version of sentinel and of Python.", ("version", "python_version")
)
READY = _internals("sentinel_ready", "gauge", "1 while the observer takes exchanges; the same as /readyz.")
LAG = _internals(
    "sentinel_observer_lag_seconds",
    "gauge",
    "Age of the newest exchange that the observer has finished with, when there is a backlog; else 0.",
    (),
    "seconds",
)
RESTARTS = _internals(
    "sentinel_process_restarts_total",
    "counter",
    "Times that the supervisor started a child again.",
    ("process",),
    values={"process": PROCESSES},
)
STORE_UP = _internals("sentinel_store_up", "gauge", "1 while the store takes writes.")
STORE_ERRORS = _internals("sentinel_store_errors_total", "counter", "Writes that the store refused.")
COMMIT_DURATION = _internals(
    "sentinel_store_commit_duration_seconds",
    "histogram",
    "Time to commit a window with all that it leads to.",
    (),
    "seconds",
)
SPOOLED = _internals("sentinel_spool_windows", "gauge", "Windows that wait on disk while the store is away.")
SPOOL_LOST = _internals("sentinel_spool_lost_total", "counter", "Windows dropped because the spool was full.")
CONFIG_RELOAD = _internals(
    "sentinel_config_last_reload_successful", "gauge", "1 when the last reading of the configuration succeeded."
)
CONFIG_RELOADS = _internals(
    "sentinel_config_reloads_total",
    "counter",
    "Readings of the configuration after the first, by what became of them.",
    ("result",),
    values={"result": ("taken", "refused")},
)
CONFIG_RELOAD_AT = _internals(
    "sentinel_config_last_reload_success_timestamp_seconds",
    "gauge",
    "When the configuration in force was read, seconds since the epoch.",
    (),
    "seconds",
)
SERIES = _internals("sentinel_series", "gauge", "Series in this scrape, before the ceiling.")
SERIES_LIMIT = _internals("sentinel_series_limit", "gauge", "Ceiling on series, telemetry.max_series.")
SERIES_DROPPED = _internals(
    "sentinel_series_dropped_total",
    "counter",
    "Series folded into __other__ or left out by the ceiling, added up over scrapes.",
    ("metric",),
)
