"""PromQL over the catalogue: every selector is made from a `Metric`, so that no query can name what is not exported."""

from sentinel.telemetry.catalogue import MODEL_LABELS, Metric

RATE = "$__rate_interval"
BY_MODEL = ", ".join(MODEL_LABELS)

_TARGET = 'job=~"$job", instance=~"$instance"'
_MODEL = 'model=~"$model", model_version=~"$version"'
_FEATURE = 'feature=~"$feature"'


def on_dashboard(metric: Metric, matchers: str = "", suffix: str = "") -> str:
    """The metric under the dashboard's variables; `suffix` such as `_bucket` for histograms."""
    known = [_TARGET]
    known += [_MODEL] if metric.labels[:2] == MODEL_LABELS else ['model=~"$model"'] if "model" in metric.labels else []
    known += [_FEATURE] if "feature" in metric.labels else []
    return selector(metric, ", ".join([*known, matchers]) if matchers else ", ".join(known), suffix)


def selector(metric: Metric, matchers: str = "", suffix: str = "") -> str:
    """The metric with matchers, as rules use it."""
    if suffix and metric.kind != "histogram":
        raise ValueError(f"{metric.name} is no histogram and has no {suffix}")
    return f"{metric.name}{suffix}{{{matchers}}}" if matchers else f"{metric.name}{suffix}"


def rate(selected: str, window: str = RATE) -> str:
    return f"rate({selected}[{window}])"


def total(labels: str, expression: str) -> str:
    return f"sum by ({labels}) ({expression})"


def most(labels: str, expression: str) -> str:
    return f"max by ({labels}) ({expression})"


def least(labels: str, expression: str) -> str:
    return f"min by ({labels}) ({expression})"


def leading(count: int, labels: str, selected: str) -> str:
    """The `count` series that were largest in the time range, over all of it: topk alone chooses anew at each step."""
    largest = f"topk({count}, {most(labels, f'max_over_time({selected}[$__range] @ end())')})"
    return f"{most(labels, selected)}\nand on ({labels})\n{largest}"


def ratio(part: str, whole: str) -> str:
    """part / whole, and nothing where there was no traffic."""
    return f"{part}\n/\n({whole} > 0)"
