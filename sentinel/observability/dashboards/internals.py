"""Internals: can I trust what sentinel says? The sidecar's own lag, losses, memory, store."""

from collections.abc import Mapping

from sentinel.observability.dashboards.common import INSTANCE, JOB, annotations
from sentinel.observability.dashboards.kinds import STACKED, lines
from sentinel.observability.dashboards.leader import leader_panels
from sentinel.observability.panel import GREEN, RED, UP_WORDS, YELLOW, Dashboard, Panel, Query, Row, Step
from sentinel.observability.query import RATE, rate, ratio, selector, total
from sentinel.observability.shape import Shape
from sentinel.telemetry.catalogue import Metric, drift, serving
from sentinel.telemetry.catalogue import internals as own

_TARGET = 'job=~"$job", instance=~"$instance"'
_Told = tuple[str, str, str, str, tuple[Step, ...], Mapping[str, tuple[str, str]]]


def _of(metric: Metric, matchers: str = "", suffix: str = "") -> str:
    return selector(metric, f"{_TARGET}, {matchers}" if matchers else _TARGET, suffix)


def internals(shape: Shape) -> Dashboard:
    rows = [
        Row("Now", _status()),
        Row("Nothing is lost silently", _losses()),
        Row("Own cost", _cost()),
        Row("Store", _store()),
    ]
    if shape.fleet:
        rows.append(Row("Leader of the fleet", leader_panels(), collapsed=True))
    return Dashboard(
        uid="sentinel-internals",
        title="Sentinel / Internals",
        description="The sidecar itself: does it see everything, keep up, remember, and stay small?",
        rows=rows,
        variables=(JOB, INSTANCE),
        annotations=annotations(version_changes=False)[2:],
    )


def _status() -> list[Panel]:
    restarts = f"sum(increase({_of(own.RESTARTS)}[$__range]))"
    told: tuple[_Told, ...] = (
        ("Ready", "Sidecars whose observer takes exchanges.", f"min({_of(own.READY)})", "none", _UP_STEPS, UP_WORDS),
        ("Store", "Whether the store takes writes.", f"min({_of(own.STORE_UP)})", "none", _UP_STEPS, UP_WORDS),
        (
            "Configuration",
            "Whether the last reading succeeded.",
            f"min({_of(own.CONFIG_RELOAD)})",
            "none",
            _UP_STEPS,
            UP_WORDS,
        ),
        ("Lag", "Age of what the observer works on.", f"max({_of(own.LAG)})", "s", _steps(5, 30), {}),
        ("Restarts in this time range", "Children that were started again.", restarts, "short", _steps(1, 5), {}),
        (
            "Version",
            "Versions of sentinel in this fleet.",
            f"count by (version) ({_of(own.BUILD_INFO)})",
            "short",
            (),
            {},
        ),
    )
    return [
        Panel(
            title,
            text,
            "stat",
            [Query(expr, "{{version}}" if title == "Version" else title, instant=True)],
            unit=unit,
            width=4,
            height=4,
            steps=steps,
            words=words,
            more={"options": {"textMode": "value_and_name"}} if title == "Version" else {},
        )
        for title, text, expr, unit, steps, words in told
    ]


def _losses() -> list[Panel]:
    received = f"sum by (instance) ({_of(serving.RECEIVED)})"
    accounted = f"sum by (instance) ({_of(serving.EXCHANGES)})"
    return [
        lines(
            "Exchanges by outcome",
            "They add up to what was received: analysed, sampled out by choice, dropped for want of room, undecodable.",
            total("outcome", rate(_of(serving.EXCHANGES))),
            "{{outcome}}",
            "reqps",
            more=STACKED,
        ),
        lines(
            "Not accounted for",
            "Received less the sum of outcomes: exchanges in flight. It must come back to 0.",
            f"{received} - {accounted}",
            "{{instance}}",
            "short",
            alerts=("SentinelUnaccounted",),
        ),
        lines(
            "Dropped",
            "Sampled exchanges refused for want of room or lost on the way, by reason.",
            total("reason", rate(_of(serving.DROPPED))),
            "{{reason}}",
            "reqps",
            alerts=("SentinelExchangesDropped",),
        ),
        lines(
            "Told by Envoy",
            "Share of its requests that Envoy says it tells of: what is counted here is that share of its traffic.",
            f"min by (instance) ({_of(serving.SENDER_RATIO)})",
            "{{instance}}",
            "percentunit",
        ),
        Panel(
            "Connections",
            "Client connections at the relay: open now, and accepted per second.",
            "timeseries",
            [
                Query(f"sum by (instance) ({_of(serving.CONNECTIONS_OPEN)})", "{{instance}} open"),
                Query(f"sum by (instance) ({rate(_of(serving.CONNECTIONS))})", "{{instance}} accepted/s"),
            ],
        ),
        lines(
            "Opaque connections",
            "Connections passed on without following their protocol, per minute, by reason.",
            f"sum by (reason) (rate({_of(serving.OPAQUE)}[{RATE}])) * 60 or vector(0)",
            "{{reason}}",
            "short",
        ),
        Panel(
            "Slow readers",
            "Bytes that wait in the relay for slow readers, and readers reset per minute because these were too many.",
            "timeseries",
            [
                Query(f"sum by (instance) ({_of(serving.BUFFERED)})", "{{instance}} bytes"),
                Query(
                    f"sum by (instance) (rate({_of(serving.SLOW_READERS_RESET)}[{RATE}])) * 60",
                    "{{instance}} reset/min",
                ),
            ],
        ),
        lines(
            "Windows closed",
            "Judged windows per minute.",
            f"sum by (instance) (rate({_of(drift.WINDOWS)}[{RATE}])) * 60",
            "{{instance}}",
            "short",
            alerts=("SentinelDetectorStale",),
        ),
    ]


def _cost() -> list[Panel]:
    series = [
        Query(f"max by (instance) ({_of(own.SERIES)})", "{{instance}} series"),
        Query(f"max by (instance) ({_of(own.SERIES_LIMIT)})", "{{instance}} ceiling"),
    ]
    memory = f"max by (instance) (process_resident_memory_bytes{{{_TARGET}}})"
    cpu = f"max by (instance) (rate(process_cpu_seconds_total{{{_TARGET}}}[{RATE}]))"
    files = f"max by (instance) (process_open_fds{{{_TARGET}}})"
    return [
        lines("Memory", "Resident memory of the observer.", memory, "{{instance}}", "bytes"),
        lines("CPU", "Cores that the observer uses.", cpu, "{{instance}}", "cores"),
        Panel(
            "Series",
            "Series that a scrape holds, and the ceiling beyond which features share __other__.",
            "timeseries",
            series,
            alerts=("SentinelSeriesLimitReached",),
        ),
        lines("Open files", "File descriptors of the observer.", files, "{{instance}}", "short"),
        lines("Lag", "Age of what the observer works on.", f"max by (instance) ({_of(own.LAG)})", "{{instance}}", "s"),
        lines(
            "Restarts",
            "Children that the supervisor started again, per hour.",
            f"sum by (process) (rate({_of(own.RESTARTS)}[{RATE}])) * 3600",
            "{{process}}",
            "short",
            alerts=("SentinelProcessRestarting",),
        ),
        lines(
            "Configuration",
            "Readings of the configuration after the first, per hour, by what became of them.",
            f"sum by (result) (rate({_of(own.CONFIG_RELOADS)}[{RATE}])) * 3600",
            "{{result}}",
            "short",
        ),
    ]


def _store() -> list[Panel]:
    commits = _of(own.COMMIT_DURATION, suffix="_bucket")
    mean = ratio(
        f"sum by (instance) (rate({_of(own.COMMIT_DURATION, suffix='_sum')}[{RATE}]))",
        f"sum by (instance) (rate({_of(own.COMMIT_DURATION, suffix='_count')}[{RATE}]))",
    )
    return [
        Panel(
            "Time to commit a window",
            "A window with all that it leads to is one transaction.",
            "timeseries",
            [
                Query(f"histogram_quantile(0.95, sum by (le) (rate({commits}[{RATE}])))", "p95"),
                Query(mean, "mean {{instance}}"),
            ],
            unit="s",
            empty="No window was committed in this time range",
        ),
        lines(
            "Refused writes",
            "Writes that the store refused, per minute.",
            f"sum by (instance) (rate({_of(own.STORE_ERRORS)}[{RATE}])) * 60",
            "{{instance}}",
            "short",
            alerts=("SentinelStoreDown",),
        ),
        lines(
            "Windows waiting on disk",
            "Windows that wait for the store to come back.",
            f"sum by (instance) ({_of(own.SPOOLED)})",
            "{{instance}}",
            "short",
            alerts=("SentinelStoreDown", "SentinelSpoolLost"),
        ),
    ]


_UP_STEPS = (Step(None, RED), Step(1, GREEN))


def _steps(yellow: float, red: float) -> tuple[Step, ...]:
    return (Step(None, GREEN), Step(yellow, YELLOW), Step(red, RED))
