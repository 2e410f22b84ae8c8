"""docs/metrics.md and docs/alerts.md: the tables that code and documents must not disagree on."""

from collections.abc import Iterable, Mapping, Sequence

from sentinel.observability.alerts import Alert, Recording
from sentinel.telemetry.catalogue import CATALOGUE, INJECTOR, Metric

_METRICS = """# Metrics

Everything on `/metrics` of the telemetry port (`:9108`). Built from the catalogue in `sentinel/telemetry/catalogue`;
nothing is exported that is not listed here, besides `process_*` of the observer itself.

* Units are base units: seconds, bytes, ratios from 0 to 1.
* Everything about a model has `model` and `model_version`; a version that the traffic does not tell is `unknown`.
* Counters exist from the start with 0. Gauges about a window are withdrawn when they are no longer valid: no traffic,
  no rows, or a version without a window for five minutes.
* Histograms are classic, with bounds that double from 1.25 ms to 11 minutes. Durations are counted in buckets 2 %
  wide, so a request less than 2 % below a bound may be counted under the next one, and never under a lower one.
  `sentinel_request_duration_quantile_seconds` is within 1 %: prefer it where the last window is what you ask for.
  It is typed as a summary, since only a summary may have the label `quantile`.
* `sentinel_prediction_value` has bounds and counts but no sum.
* Exemplars (`trace_id`) are on `sentinel_request_duration_seconds` and `sentinel_incidents_total` under OpenMetrics:
  Prometheus needs `--enable-feature=exemplar-storage`.
* Series are capped at `telemetry.max_series` (1,500). Features beyond their room share `feature="__other__"`, which
  holds the sum of their evidence and the largest of their scores; those with evidence keep their own. Model versions
  beyond the cap share `__other__` too, and every label value is printable and at most 128 characters.
  `sentinel_series_dropped_total` counts what was folded or left out.
* `sentinel_gpu_*` of NVIDIA's devices are read through NVML, with processes by their host PIDs where the container may
  see them. Of AMD's they are read from the amdgpu driver's files in `/sys`, for the devices whose `/dev/dri/cardN` lies
  in the container, as `gpu="cardN"`: all but throttle reasons, PCIe throughput and processes. In Kubernetes, where a
  device goes to the model's container alone, use DCGM's or AMD's exporter.
* One process serves the page: no multiprocess mode, no `_created` series.
"""
_ALERTS = """# Alerts

The rules in `alerts/*.yml`, built from `sentinel/observability/alerts`. Each has a page in
[alerts/runbooks](../alerts/runbooks) with meaning, impact, diagnosis and mitigation.

`critical` pages somebody now, `warning` is a ticket, `info` is to know. Change a severity, or leave an alert out, in
`telemetry.alert_severities` (`SentinelBlind: critical`, `SentinelOddReplica: none`) and build the rules again:

```sh
sentinel alerts build --config sentinel.yaml --out rules/
promtool check rules rules/*.yml
```

`SentinelMissingOnPod` and `SentinelWatchdog` are written only where they are asked for: by
`telemetry.optional_alerts`, `sentinel alerts build --with NAME`, or `monitoring.prometheusRule` of the chart. The
first asks kube-state-metrics which pods run a container `sentinel`; the second always fires and is for a heartbeat
service, for clusters without such an alert. Both are in `alerts/optional`.

With `telemetry.grafana_url` each alert has a `dashboard_url` besides its `runbook_url`: the Model dashboard of what it
is about, Internals for a sidecar, else Fleet.

A breach pages because a false-page budget stands behind it. Raw scores never page. `alerts/alertmanager.example.yml`
groups by model and inhibits what is only a consequence: a dead sidecar silences what it would have said of itself, no
sidecar at all silences drift, a drifted data set silences its features, an outage silences drift.
"""


def metrics_document() -> str:
    """docs/metrics.md."""
    sections: dict[str, list[Metric]] = {}
    for metric in (*CATALOGUE, *INJECTOR):
        sections.setdefault(metric.section, []).append(metric)
    parts = [_METRICS]
    for section, metrics in sections.items():
        parts.append(f"\n## {section}\n\n" + _table(("name", "type", "labels", "help", "since"), map(_metric, metrics)))
    return "".join(parts)


def alerts_document(groups: Mapping[str, Sequence[Alert | Recording]]) -> str:
    """docs/alerts.md, from the groups of rules by file."""
    parts = [_ALERTS]
    for name, rules in groups.items():
        rows = [_alert(rule) for rule in rules if isinstance(rule, Alert)]
        if rows:
            parts.append(f"\n## {name}\n\n" + _table(("alert", "severity", "for", "says"), rows))
    recorded = [(f"`{rule.record}`",) for rules in groups.values() for rule in rules if isinstance(rule, Recording)]
    parts.append("\n## Recording rules\n\n" + _table(("name",), recorded))
    return "".join(parts)


def _metric(metric: Metric) -> tuple[str, ...]:
    labels = ", ".join(_label(metric, name) for name in metric.labels) or "–"
    return (f"`{metric.name}`", metric.kind, labels, metric.help, metric.since)


def _label(metric: Metric, name: str) -> str:
    values = metric.values.get(name)
    return f"`{name}`" if not values else f"`{name}` ({', '.join(values)})"


def _alert(alert: Alert) -> tuple[str, ...]:
    return (f"[{alert.name}](../alerts/runbooks/{alert.name}.md)", alert.severity, alert.hold, alert.summary)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
