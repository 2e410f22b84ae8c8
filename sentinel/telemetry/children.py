"""Label children that exist from the start with 0, so that `rate()` and `increase()` see the first event."""

import platform
from itertools import product

from sentinel.config.settings import Settings
from sentinel.telemetry.catalogue import (
    CATALOGUE,
    MODEL_LABELS,
    Metric,
    drift,
    generation,
    gpu,
    internals,
    rollback,
    serving,
    shadow,
)
from sentinel.telemetry.labels import label
from sentinel.telemetry.series import Series

Pair = tuple[str, str]  # label values of model and model_version

LATENCY_SLO_RATIO = 0.01  # slo.latency_p99_seconds: 1 of 100 requests may be slower

GENERATION = tuple(value for value in vars(generation).values() if isinstance(value, Metric))

_FROM_START = (
    serving.CONNECTIONS_OPEN,
    serving.CONNECTIONS,
    rollback.PENDING,
    rollback.DEAD_LETTERS,
    internals.READY,
    internals.LAG,
    internals.STORE_ERRORS,
    internals.SPOOLED,
    internals.SPOOL_LOST,
    gpu.COLLECTOR_UP,
)
_PER_PAIR_ONCE_KNOWN = (serving.DURATION_QUANTILE, *GENERATION)  # no honest 0 before the first value
_PER_PAIR_HISTOGRAMS = (serving.REQUEST_DURATION, serving.FIRST_BYTE)


def create_children(series: Series, settings: Settings, version: str) -> None:
    """All children that do not depend on traffic."""
    series.put(internals.BUILD_INFO, (version, platform.python_version()), 1)
    series.put(internals.SERIES_LIMIT, (), settings.telemetry.max_series)
    series.put(drift.WINDOW_SECONDS, (), settings.window.seconds)
    for method, level in notice_levels(settings).items():
        series.put(drift.NOTICE_LEVEL, (method,), level)
    for metric in _FROM_START:
        series.put(metric)
    series.put(serving.SENDER_RATIO, (), 1)
    for metric in (rollback.ENFORCED, rollback.ARMED):  # until it is told that somebody paused
        series.put(metric, (), int(settings.rollback.mode == "enforce"))
    if settings.capture.shadow.urls:
        series.put(shadow.MARGIN, (), settings.capture.shadow.margin_ratio)
    for metric in CATALOGUE:
        if "feature" in metric.labels:
            series.put(internals.SERIES_DROPPED, (metric.name,))
    for process in internals.PROCESSES:
        series.put(internals.RESTARTS, (process,))
    for result in internals.CONFIG_RELOADS.values["result"]:
        series.put(internals.CONFIG_RELOADS, (result,))
    series.histogram(internals.COMMIT_DURATION)
    for target, result in product(settings.rollback.targets, rollback.RESULTS):
        series.put(rollback.DELIVERIES, (label(target.name), result))
        series.histogram(rollback.DELIVERY_DURATION, (label(target.name),))
    for reason in serving.DROP_REASONS:
        series.put(serving.DROPPED, (reason,))
    _open_model(series, settings, label(settings.model.name))
    if settings.model.version:  # else the traffic tells, and its first word opens the children
        open_pair(series, settings, (label(settings.model.name), label(settings.model.version)))


def open_pair(series: Series, settings: Settings, pair: Pair) -> Pair:
    """All children of one model version, at 0 where 0 is true; returns `pair`."""
    for metric in CATALOGUE:
        if _counted_from_start(metric, settings):
            for rest in _combinations(metric, settings):
                series.values.setdefault(metric, {}).setdefault((*pair, *rest), 0)
    for metric in _PER_PAIR_HISTOGRAMS:
        series.histogram(metric, pair)
    _open_model(series, settings, pair[0])
    return pair


def _open_model(series: Series, settings: Settings, model: str) -> None:
    for slo, accepted in accepted_ratios(settings).items():
        series.put(serving.SLO_OBJECTIVE, (model, slo), accepted)
    for outcome in rollback.OUTCOMES:
        series.values.setdefault(rollback.DECISIONS, {}).setdefault((model, outcome), 0)


def accepted_ratios(settings: Settings) -> dict[str, float]:
    """Configured service levels: slo -> share of requests that may miss it."""
    ratios = {}
    if settings.slo.error_ratio is not None:
        ratios["errors"] = settings.slo.error_ratio
    if settings.slo.latency_p99_seconds is not None:
        ratios["latency"] = LATENCY_SLO_RATIO
    return ratios


def notice_levels(settings: Settings) -> dict[str, float]:
    """Configured levels of raw scores: method -> level."""
    telemetry = settings.telemetry
    return {"psi": telemetry.notice_psi, "jensen_shannon": telemetry.notice_jensen_shannon, "ks": telemetry.notice_ks}


def _counted_from_start(metric: Metric, settings: Settings) -> bool:
    if metric.section == shadow.SECTION and not settings.capture.shadow.urls:
        return False
    return metric.labels[:2] == MODEL_LABELS and metric.kind == "counter" and metric not in _PER_PAIR_ONCE_KNOWN


def _combinations(metric: Metric, settings: Settings) -> list[tuple[str, ...]]:
    """Values of the labels beyond model and model_version, as far as they are known beforehand."""
    choices: list[tuple[str, ...]] = []
    for name in metric.labels[2:]:
        if name == "slo":
            choices.append(tuple(accepted_ratios(settings)))
        elif name == "protocol":
            choices.append(("http/1.1",))
        else:
            choices.append(metric.values.get(name, ()))
    return list(product(*choices))
