"""What people look at: metrics, alerts, GPUs, and the admin interface."""

from dataclasses import dataclass
from typing import Literal

from sentinel.config.groups.option import option

OptionalAlert = Literal["SentinelMissingOnPod", "SentinelWatchdog"]


@dataclass(frozen=True, slots=True)
class TelemetrySettings:
    listen: str = option("0.0.0.0:9108", help="host:port of /metrics, /healthz, /readyz and the status page.")
    max_series: int = option(1500, least=100, help="Ceiling on exported series; features beyond it share __other__.")
    notice_psi: float = option(0.2, least=0, help="PSI of one feature above which a ticket (never a page) is raised.")
    notice_jensen_shannon: float = option(0.2, least=0, help="The same for the Jensen-Shannon distance.")
    notice_ks: float = option(0.2, least=0, help="The same for the Kolmogorov-Smirnov distance.")
    scrape_job: str = option("sentinel", help="Job under which Prometheus scrapes; alert rules look for it.")
    prometheus_url: str = option(
        "", help="Prometheus that scrapes this sidecar; only `sentinel doctor` asks it, whether it does."
    )
    runbook_url: str = option(
        "https://github.com/sentinel-sidecar/sentinel/blob/main/alerts/runbooks/{alert}.md",
        help="Address of an alert's runbook; {alert} stands for its name.",
    )
    grafana_url: str = option(
        "",
        help="Grafana with the dashboards of `sentinel dashboards build`; with it each alert links the one to look at.",
    )
    alert_severities: dict[str, str] = option(
        factory=dict, help="Alert name: critical, warning, info, or none to leave it out."
    )
    optional_alerts: tuple[OptionalAlert, ...] = option(
        (),
        help="Alerts to add: SentinelMissingOnPod (asks kube-state-metrics), SentinelWatchdog (always fires).",
    )


@dataclass(frozen=True, slots=True)
class EnvoySettings:
    listen: str = option(
        "", help="host:port on which Envoy tells of its traffic (`sentinel intake envoy`); empty: nothing listens."
    )
    max_exchanges: int = option(
        1024, least=1, help="Exchanges under way that Envoy tells of; more are dropped, counted."
    )
    max_held_bytes: int = option(
        64 << 20, least=1 << 16, help="Bytes kept of them in all; what comes beyond is dropped, counted."
    )


@dataclass(frozen=True, slots=True)
class AdminSettings:
    listen: str = option("127.0.0.1:9109", help="host:port of the admin interface.")
    token_file: str = option(
        "", help="File with the admin token; without it, and without client_ca_file, the admin interface stays closed."
    )
    certificate_file: str = option("", help="PEM certificate chain; with it the admin interface speaks TLS.")
    key_file: str = option("", help="PEM key of the certificate; empty: it is in certificate_file.")
    client_ca_file: str = option(
        "", help="PEM authorities of client certificates; with it only who shows one may connect, and needs no token."
    )


@dataclass(frozen=True, slots=True)
class GpuSettings:
    enabled: bool = option(True, help="Read GPU utilisation, memory and power where a driver is: NVML, or amdgpu.")
