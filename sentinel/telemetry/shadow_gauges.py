"""The second model in the series and the timeline: what was mirrored, and what its answers are worth."""

from collections.abc import Callable, Sequence

from sentinel.shadow.account import Result, latency_quantiles
from sentinel.shadow.book import Standing
from sentinel.telemetry.catalogue import shadow
from sentinel.telemetry.children import Pair
from sentinel.telemetry.labels import label
from sentinel.telemetry.series import Series
from sentinel.telemetry.versions import Versions
from sentinel.telemetry.view import Event


class ShadowGauges:
    """told: takes each event for the timeline. now: the standings of the last call."""

    def __init__(self, series: Series, versions: Versions, told: Callable[[Event], None]) -> None:
        self._series = series
        self._versions = versions
        self._told = told
        self.now: tuple[Standing, ...] = ()

    def mirrored(self, outcome: str, model: str, version: str, rows: int = 0, differing: int = 0) -> None:
        """Count an exchange chosen for the second model, and the rows that were compared."""
        pair = self._versions.pair(model, version)
        self._series.add(shadow.REQUESTS, (*pair, outcome))
        self._series.add(shadow.ROWS, (*pair, "same"), rows - differing)
        self._series.add(shadow.ROWS, (*pair, "different"), differing)

    def standings(self, standings: Sequence[Standing], at: float) -> None:
        """Replace what is known of the second model; a verdict that changed is an event of the timeline."""
        before = {standing.key: standing.result.verdict for standing in self.now}
        self.now = tuple(standings)
        self._series.withdraw(shadow.GAUGES)
        for standing in standings:
            pair, result = self._versions.pair(standing.model, standing.version), standing.result
            self._write(pair, result)
            if result.verdict != before.get(standing.key, "unknown"):
                self._told(Event(at, "shadow", f"Second model: {result.verdict}", result.sentence, *pair))

    def _write(self, pair: Pair, result: Result) -> None:
        put, account = self._series.put, result.account
        for verdict in shadow.VERDICTS:
            put(shadow.VERDICT, (*pair, verdict), int(verdict == result.verdict))
        put(shadow.BOUND, (*pair, "lower"), result.lower)
        put(shadow.BOUND, (*pair, "upper"), result.upper)
        if account.pairs.answered:
            put(shadow.DIFFERING, pair, account.pairs.ratio)
        for name, output in account.outputs.items():
            put(shadow.AGREEMENT, (*pair, label(name)), output.agreement_ratio)
            for quantile, distance in output.quantiles().items():
                put(shadow.DISTANCE, (*pair, label(name), f"{quantile:g}"), distance)
        for side in shadow.SIDES:
            for quantile, seconds in latency_quantiles(account, side).items():
                put(shadow.DURATION, (*pair, side, f"{quantile:g}"), seconds)
