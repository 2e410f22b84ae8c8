"""Service levels: multi-window burn rates, after the SRE workbook's chapter on alerting on SLOs.

A burn rate of 1 spends the error budget exactly in its period. Each alert asks two windows: the long one says that it
matters, the short one that it still goes on. Fewer than `LEAST_REQUESTS` an hour alert nobody: one failed request of
ten is no trend.
"""

from sentinel.observability.alerts.alert import Alert, Recording
from sentinel.observability.query import rate, ratio, selector, total
from sentinel.telemetry.catalogue import serving

WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
LEAST_REQUESTS = 100
_LEVEL = "namespace, model, slo"


def burn(window: str) -> str:
    return f"model_slo:sentinel_slo_burn:ratio_rate{window}"


def recordings() -> list[Recording]:
    """Burn rates per model and service level, over each window; requests per model."""
    accepted = f"max by ({_LEVEL}) ({selector(serving.SLO_OBJECTIVE)})"
    made = [
        Recording(
            burn(window),
            ratio(
                total(_LEVEL, rate(selector(serving.SLO_BAD_EVENTS), window)),
                total(_LEVEL, rate(selector(serving.SLO_EVENTS), window)),
            )
            + f"\n/\n{accepted}",
        )
        for window in WINDOWS
    ]
    requests = total("namespace, model, model_version, code", rate(selector(serving.REQUESTS), "5m"))
    return [*made, Recording("model_version_code:sentinel_requests:rate5m", requests)]


def _burning(long: str, short: str, factor: float) -> str:
    enough = total(_LEVEL, f"increase({selector(serving.SLO_EVENTS)}[1h])") + f" >= {LEAST_REQUESTS}"
    return f"{burn(long)} > {factor:g}\nand {burn(short)} > {factor:g}\nand on ({_LEVEL})\n{enough}"


_SPENDS = (
    '{{ $labels.model }} spends its budget for {{ $labels.slo }} {{ printf "%.1f" $value }} times as fast as it may. '
)
_FIRST = "Look at the Model dashboard: which status class, since when, and did a new version start then?"

SERVING = (
    Alert(
        "SentinelErrorBudgetBurnFast",
        "critical",
        _burning("1h", "5m", 14.4),
        "A service level is being missed so fast that its monthly budget is gone in two days.",
        _SPENDS + _FIRST,
        hold="2m",
    ),
    Alert(
        "SentinelErrorBudgetBurn",
        "critical",
        _burning("6h", "30m", 6),
        "A service level is being missed so fast that its monthly budget is gone in five days.",
        _SPENDS + _FIRST,
        hold="15m",
    ),
    Alert(
        "SentinelErrorBudgetBurnSlow",
        "warning",
        f"(\n{_burning('1d', '2h', 3)}\n)\nor\n(\n{_burning('3d', '6h', 1)}\n)",
        "A service level is being missed slowly but steadily.",
        "{{ $labels.model }} spends its budget for {{ $labels.slo }} faster than it is refilled. "
        "Plan work on it this week: the Model dashboard shows which requests.",
        hold="1h",
    ),
)
