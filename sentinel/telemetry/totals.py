"""What the status page shows of the series: exchanges by outcome and reason, and the devices."""

from sentinel.telemetry.catalogue import Metric, gpu, serving
from sentinel.telemetry.series import Series
from sentinel.telemetry.view import Conservation, GpuView


def conservation(series: Series) -> Conservation:
    """Exchanges that were received, and what became of them."""
    reasons = {**_sums(series, serving.DROPPED), **_sums(series, serving.UNDECODABLE)}
    received = sum(series.values.get(serving.RECEIVED, {}).values())
    return Conservation(received, _sums(series, serving.EXCHANGES), reasons)


def _sums(series: Series, metric: Metric) -> dict[str, float]:
    """Totals by the last label."""
    totals: dict[str, float] = {}
    for labels, value in series.values.get(metric, {}).items():
        totals[labels[-1]] = totals.get(labels[-1], 0) + value
    return totals


def gpu_views(series: Series) -> tuple[GpuView, ...]:
    """The devices that were read last."""

    def of(metric: Metric, device: str) -> float | None:
        return series.values.get(metric, {}).get((device,))

    return tuple(
        GpuView(
            device,
            name,
            of(gpu.UTILIZATION, device),
            of(gpu.MEMORY_USED, device),
            of(gpu.MEMORY_TOTAL, device),
            of(gpu.POWER, device),
            of(gpu.TEMPERATURE, device),
        )
        for device, _, name in series.values.get(gpu.INFO, {})
    )
