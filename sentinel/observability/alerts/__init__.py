"""Alert and recording rules: the tables of alerts by subject, and their YAML."""

from sentinel.observability.alerts.alert import Alert, Recording
from sentinel.observability.alerts.drift import DRIFT
from sentinel.observability.alerts.fleet import FLEETS
from sentinel.observability.alerts.injector import INJECTOR
from sentinel.observability.alerts.optional import OPTIONAL
from sentinel.observability.alerts.rollback import ROLLBACK
from sentinel.observability.alerts.rules import rules_yaml
from sentinel.observability.alerts.serving import SERVING, recordings
from sentinel.observability.alerts.sidecar import sidecar

__all__ = [
    "DRIFT",
    "FLEETS",
    "INJECTOR",
    "OPTIONAL",
    "ROLLBACK",
    "SERVING",
    "Alert",
    "Recording",
    "recordings",
    "rules_yaml",
    "sidecar",
]
