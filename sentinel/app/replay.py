"""The same engine over what was kept: stored windows, tables of rows or captured exchanges, faster than real time.

Verdicts over stored windows are those of the live sidecar, to the bit, when the options are the same: a window's counts
are all that the judge ever saw. Other options answer "what would have paged?". Nothing is sent.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sentinel.app.pipeline import Pipeline, PipelineOptions
from sentinel.app.verdicts import Judgement, Judging, Memory
from sentinel.judge.policy import PolicyOptions
from sentinel.judge.verdict import Verdict
from sentinel.reference.frozen import FrozenReference
from sentinel.rollback.planning import Plan
from sentinel.traffic import Exchange, Route, RouteTraffic, bucket_of, code_of
from sentinel.traffic.summary import FAILURES, Exemplar
from sentinel.windows.closed import ClosedWindow

Columns = Mapping[str, Any]


class NoMemory:
    """A past in which nothing happened, and nobody to decide."""

    def judge_state(self, model: str) -> bytes | None:
        return None

    def labelled(self, model: str, version: str) -> tuple[int, int] | None:
        return None

    def decide(self, verdict: Verdict, window: ClosedWindow, now: float) -> Plan:
        return Plan()


def replay_windows(
    windows: Iterable[ClosedWindow],
    reference: FrozenReference | None,
    options: PolicyOptions,
    memory: Memory | None = None,
) -> Iterator[Judgement]:
    """Judge windows in the order given."""
    judging = Judging(reference, options, memory or NoMemory())
    return (judging.judge(window, window.end) for window in windows)


def windows_of_tables(
    tables: Iterable[tuple[Columns, list[float]]], reference: FrozenReference | None, options: PipelineOptions
) -> Iterator[ClosedWindow]:
    """Windows of tables whose rows come with times (seconds since the epoch, ascending)."""
    pipeline = Pipeline(reference, options)
    for columns, times in tables:
        for start, stop in _runs(times, options.window_seconds):
            yield from pipeline.close_due(times[start])
            part = {name: values[start:stop] for name, values in columns.items()}
            pipeline.columns(options.model, options.version, part, times[start])
    yield from pipeline.close_all()


def windows_of_exchanges(
    exchanges: Iterable[Exchange], reference: FrozenReference | None, options: PipelineOptions
) -> Iterator[ClosedWindow]:
    """Windows of captured exchanges, in the order in which they were complete; a late one counts in the open window."""
    pipeline = Pipeline(reference, options)
    for exchange in exchanges:
        yield from pipeline.close_due(exchange.started_at + exchange.duration_seconds)
        found = pipeline.exchange(exchange)
        if exchange.status:
            route = Route(exchange.method, exchange.path, exchange.protocol)
            ended_at = exchange.started_at + exchange.duration_seconds
            pipeline.route_traffic(route, traffic_of(exchange), ended_at, (found.model, found.version))
    yield from pipeline.close_all()


def traffic_of(exchange: Exchange, trace: str = "") -> RouteTraffic:
    """The counts of an exchange that no relay saw: its status and, where they were told, its times."""
    seconds, first = exchange.duration_seconds, exchange.first_byte_seconds
    code = code_of(exchange.status, exchange.grpc_status)
    exemplar = Exemplar(code, seconds, len(exchange.request.body), len(exchange.response.body), trace)
    return RouteTraffic(
        {code: 1},
        {bucket_of(seconds): 1} if seconds > 0 else {},
        {bucket_of(first): 1} if first > 0 else {},
        latency_sum_seconds=seconds,
        exemplars=(exemplar,) if seconds > 0 or code in FAILURES else (),
    )


def _runs(times: list[float], seconds: float) -> Iterator[tuple[int, int]]:
    """Stretches of rows of the same window."""
    start = 0
    for i in range(1, len(times) + 1):
        if i == len(times) or times[i] // seconds != times[start] // seconds:
            yield start, i
            start = i
