"""What an alert is, as data. Its runbook is the page alerts/runbooks/NAME.md, which a test asks for."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "warning", "info", "none"]  # none: for no one to read, as a heartbeat

MODEL = "namespace, model, model_version"  # how alerts about a model are grouped; namespace is empty outside Kubernetes
WATCHED = "namespace, job, pod, instance"  # how alerts about one sidecar are grouped

WORDS = {
    "{{ sidecar }}": "{{ or $labels.pod $labels.instance }}",
    "{{ in_namespace }}": "{{ with $labels.namespace }} in {{ . }}{{ end }}",
}
"""In descriptions -> what Prometheus reads. Pod and namespace are there in Kubernetes only."""


@dataclass(frozen=True, slots=True)
class Alert:
    """hold: how long it must be true (Prometheus `for`); keep: how long it stays after (`keep_firing_for`).

    summary: one line without a value. description: what it means here, and what to do first; may use `WORDS`.
    """

    name: str
    severity: Severity
    expr: str
    summary: str
    description: str
    hold: str = "0s"
    keep: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    record: str
    expr: str
