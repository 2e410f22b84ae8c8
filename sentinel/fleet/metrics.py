"""What the fleet's leader does, as metrics of the catalogue."""

from sentinel.fleet.fleet import Progress
from sentinel.telemetry.catalogue import fleet
from sentinel.telemetry.series import Series

COUNTERS = (fleet.JUDGED, fleet.OVERTAKEN, fleet.LATE, fleet.FOREIGN, fleet.UNREADABLE)


class FleetMetrics:
    """Give `report` to the fleet; it writes into the series of its process."""

    def __init__(self, series: Series) -> None:
        self._series = series
        for counter in COUNTERS:
            series.add(counter, amount=0)
        self.report(Progress())

    def report(self, progress: Progress) -> None:
        series = self._series
        series.put(fleet.LEADER, value=float(progress.leading))
        series.put(fleet.LAG, value=progress.lag_seconds)
        if not progress.leading:
            series.withdraw((fleet.REPLICAS, fleet.MISSING))
        for metric, by_model in ((fleet.REPLICAS, progress.replicas), (fleet.MISSING, progress.missing)):
            for model, replicas in by_model.items():
                series.put(metric, (model,), replicas)
        done = (len(progress.judged), progress.overtaken, progress.late, progress.foreign, progress.unreadable)
        for counter, amount in zip(COUNTERS, done, strict=True):
            series.add(counter, amount=amount)
