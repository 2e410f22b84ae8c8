"""Rules as YAML, in the form that Prometheus and a PrometheusRule's `groups` share."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from sentinel.observability.alerts.alert import WORDS, Alert, Recording
from sentinel.observability.shape import Shape

LEAVE_OUT = "none"
RECORDING_SECONDS = "30s"
_HEADER = (
    "# Built by `sentinel alerts build` from the metric catalogue: change sentinel/observability/alerts, not this.\n"
)
_DASHBOARD = (
    "{{ if $labels.model }}sentinel-model?var-model={{ $labels.model | urlquery }}"
    "{{ with $labels.model_version }}&var-version={{ . | urlquery }}{{ end }}"
    "{{ else if $labels.instance }}sentinel-internals?var-instance={{ $labels.instance | urlquery }}"
    "{{ else }}sentinel-fleet{{ end }}"
)
"""The dashboard that an alert is about, by its labels; the uids are those of `sentinel.observability.dashboards`."""


class _Yaml(yaml.SafeDumper):
    """Queries and descriptions as blocks that people read."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Yaml.add_representer(str, _text)


def rules_yaml(groups: Mapping[str, Sequence[Alert | Recording]], shape: Shape) -> str:
    """Groups of rules as YAML text; alerts that are configured to have the severity `none` are left out."""
    written = [_group(name, rules, shape) for name, rules in groups.items()]
    kept = [group for group in written if group["rules"]]
    return _HEADER + yaml.dump({"groups": kept}, Dumper=_Yaml, sort_keys=False, width=120, allow_unicode=True)


def _group(name: str, rules: Sequence[Alert | Recording], shape: Shape) -> dict[str, Any]:
    group: dict[str, Any] = {"name": name}
    if all(isinstance(rule, Recording) for rule in rules):
        group["interval"] = RECORDING_SECONDS
    group["rules"] = [written for rule in rules if (written := _rule(rule, shape)) is not None]
    return group


def _rule(rule: Alert | Recording, shape: Shape) -> dict[str, Any] | None:
    if isinstance(rule, Recording):
        return {"record": rule.record, "expr": rule.expr}
    configured = shape.severities.get(rule.name)
    if configured == LEAVE_OUT:
        return None
    written: dict[str, Any] = {"alert": rule.name, "expr": rule.expr, "for": rule.hold}
    if rule.keep:
        written["keep_firing_for"] = rule.keep
    written["labels"] = {"severity": configured or rule.severity, "component": "sentinel"}
    written["annotations"] = {
        "summary": rule.summary,
        "description": _said(rule.description),
        "runbook_url": shape.runbook_url.replace("{alert}", rule.name),
    }
    if shape.grafana_url:
        written["annotations"]["dashboard_url"] = f"{shape.grafana_url.rstrip('/')}/d/{_DASHBOARD}"
    return written


def _said(description: str) -> str:
    for word, template in WORDS.items():
        description = description.replace(word, template)
    return description
