"""What the configuration says about dashboards and alerts: which rows there are, and what alerts are called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sentinel.config.settings import Settings, SloSettings, TelemetrySettings


@dataclass(frozen=True, slots=True)
class Shape:
    """features: names with a panel of their own, in order. slos: configured service levels."""

    job: str
    runbook_url: str
    features: Sequence[str] = ()
    slos: Sequence[str] = ("errors", "latency")
    gpu: bool = True
    language_model: bool = True
    rollback: bool = True
    labels: bool = True
    shadow: bool = True
    fleet: bool = True
    severities: Mapping[str, str] = field(default_factory=dict)
    optional_alerts: Sequence[str] = ()
    grafana_url: str = ""


def everything() -> Shape:
    """The shape of the committed files: all that sentinel can show."""
    telemetry = TelemetrySettings()
    return Shape(job=telemetry.scrape_job, runbook_url=telemetry.runbook_url)


def shape_of(settings: Settings, features: Sequence[str] = ()) -> Shape:
    """The shape of one running configuration; `features` in the order of its reference."""
    return Shape(
        job=settings.telemetry.scrape_job,
        runbook_url=settings.telemetry.runbook_url,
        features=features,
        slos=_slos(settings.slo),
        gpu=settings.gpu.enabled,
        language_model=settings.decode.protocol in ("auto", "openai"),
        rollback=settings.rollback.mode != "off",
        labels=settings.labels.enabled,
        shadow=bool(settings.capture.shadow.urls),
        fleet=settings.fleet.member,
        severities=settings.telemetry.alert_severities,
        optional_alerts=settings.telemetry.optional_alerts,
        grafana_url=settings.telemetry.grafana_url,
    )


def _slos(slo: SloSettings) -> tuple[str, ...]:
    configured = (("errors", slo.error_ratio), ("latency", slo.latency_p99_seconds))
    return tuple(name for name, value in configured if value is not None)
