"""What the dashboards share: variables, annotations, the verdict as a number."""

from sentinel.observability.panel import BLUE, GREY, ORANGE, RED, Annotation, Variable
from sentinel.observability.query import BY_MODEL, on_dashboard
from sentinel.telemetry.catalogue import drift, internals, rollback

PAGE_AT = 1.0  # evidence at which a breach opens

JOB = Variable("job", "job", f"label_values({internals.BUILD_INFO.name}, job)")
INSTANCE = Variable("instance", "instance", f'label_values({internals.BUILD_INFO.name}{{job=~"$job"}}, instance)')
MODEL = Variable("model", "Model", f'label_values({drift.WINDOWS.name}{{job=~"$job"}}, model)')
VERSION = Variable(
    "version", "Version", f'label_values({drift.WINDOWS.name}{{job=~"$job", model=~"$model"}}, model_version)'
)
FEATURE = Variable(
    "feature", "Feature", f'label_values({drift.EVIDENCE.name}{{job=~"$job", model=~"$model"}}, feature)'
)


_PAGES = 'ALERTS{alertname=~"Sentinel.+", alertstate="firing", severity="critical"}'


def severity() -> str:
    """The worst verdict over replicas as a number: 0 ok, 1 insufficient, 2 blind, 3 breach."""
    states = (on_dashboard(drift.VERDICT, f'state="{state}"') for state in drift.STATES)
    return f"max by ({BY_MODEL}) (\n  " + "\n  or ".join(f"{i} * {state}" for i, state in enumerate(states)) + "\n)"


def annotations(version_changes: bool = True) -> list[Annotation]:
    """Incidents, rollbacks, new versions, configuration reloads, and the pages that fired."""
    info = on_dashboard(drift.MODEL_INFO)
    known, before = (f"count by ({BY_MODEL}) ({selected})" for selected in (info, f"{info} offset 5m"))
    incidents = f"max by ({BY_MODEL}) ({on_dashboard(drift.INCIDENT_LAST)}) * 1000"
    rollbacks = f"max by ({BY_MODEL}) ({on_dashboard(rollback.LAST_REQUEST)}) * 1000"
    reloads = f"max by (instance) ({on_dashboard(internals.CONFIG_RELOAD_AT)}) * 1000"
    marks = [
        Annotation("Incidents", incidents, ORANGE, "Incident: {{model}} {{model_version}}", timestamps=True),
        Annotation("Rollbacks", rollbacks, RED, "Rollback of {{model}} {{model_version}}", timestamps=True),
        Annotation("Pages", _PAGES, RED, "{{alertname}} {{model}} {{model_version}} {{instance}}"),
        Annotation("Configuration", reloads, GREY, "Configuration read: {{instance}}", timestamps=True),
    ]
    if version_changes:
        marks.append(Annotation("Versions", f"{known} unless {before}", BLUE, "{{model}} {{model_version}} appeared"))
    return marks
