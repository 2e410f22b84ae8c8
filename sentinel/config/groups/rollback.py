"""When a rollback is asked for, and whom."""

from dataclasses import dataclass
from typing import Literal

from sentinel.config.groups.option import option, required


@dataclass(frozen=True, slots=True)
class TargetSettings:
    name: str = required(help="Name of the target in metrics, audit and commands.")
    url: str = option("", help="Address that takes the rollback request; https unless allow_http.")
    type: str = option("webhook", help="Kind of target.")
    secret_file: str = option(
        "", help="File with the signing secrets (whsec_…, whsk_… or raw; one a line) or the API token; read every time."
    )
    ca_file: str = option("", help="File with the authorities trusted for this target; empty: the system's.")
    allow_http: bool = option(False, help="Allow plain http and loopback addresses, for tests.")
    timeout_seconds: float = option(15.0, least=0.1, most=60, help="Time allowed for one delivery attempt.")
    options: dict[str, str] = option(
        factory=dict, help="What this type of target needs besides (namespace, repository, …)."
    )


@dataclass(frozen=True, slots=True)
class RuleSettings:
    cause: str = required(help="Cause of the breach, such as prediction_drift, error_ratio, latency, realised_quality.")
    action: Literal["page", "rollback"] = option("rollback", help="What a breach of this cause may lead to.")
    minimum_rows: int | None = option(None, least=1, help="Observations needed; empty: as for all rules.")
    for_seconds: float = option(0.0, least=0, help="Time the breach must have stood.")
    deploy_window_seconds: float | None = option(
        None, least=0, help="Time after a version change in which it may act; empty: as for all rules."
    )


@dataclass(frozen=True, slots=True)
class WorkloadSettings:
    cluster: str = option("default", help="Cluster named in requests.")
    namespace: str = option("default", help="Namespace named in requests.")
    kind: str = option("Deployment", help="Kind of the workload that serves the model.")
    name: str = option("", help="Name of that workload; empty: the model's name.")


@dataclass(frozen=True, slots=True)
class RollbackSettings:
    mode: Literal["dry_run", "enforce", "off"] = option("dry_run", help="dry_run decides and records, enforce sends.")
    targets: tuple[TargetSettings, ...] = option((), help="Who is asked to roll back.")
    triggers: tuple[str, ...] = option(
        ("prediction_drift", "error_ratio", "latency"),
        help="Causes that may roll back; every other breach pages only.",
    )
    rules: tuple[RuleSettings, ...] = option((), help="Rules for single causes, where they differ from the rest.")
    workload: WorkloadSettings = option(factory=WorkloadSettings, help="What the model runs as.")
    deploy_window_seconds: float = option(
        3600.0, least=0, help="Time after a version change in which a rollback is allowed."
    )
    cooldown_seconds: float = option(1800.0, least=0, help="Quiet time of a model after a rollback request.")
    max_per_hour: int = option(2, least=0, help="Rollback requests per hour over all models.")
    max_per_day: int = option(3, least=0, help="Rollback requests per day of one model.")
    flip_flop_seconds: float = option(
        86400.0, least=0, help="Time in which nothing is rolled back to a version that was itself taken back."
    )
    quorum_ratio: float = option(0.5, least=0, most=1, help="Share of replicas that must see the breach.")
    freeze: tuple[str, ...] = option(
        (), help='Times without rollbacks, UTC: "fri 18:00 - mon 06:00" or "2026-12-20T00:00Z / 2027-01-03T00:00Z".'
    )
    expires_seconds: float = option(600.0, least=1, help="A request not delivered by then becomes a dead letter.")
    effect_seconds: float = option(
        600.0, least=1, help="Time after a request in which the version must change, or it counts as ineffective."
    )
    minimum_rows: int = option(
        200, least=1, help="Rows of the version under trial (errors, latency: requests) before it may be rolled back."
    )
    pause_file: str = option("", help="While this file exists no rollback is decided or sent.")
    allowed_hosts: tuple[str, ...] = option((), help="Hosts that targets may name; empty: any that is configured.")
    alertmanager_token_file: str = option(
        "", help="File with the token that Alertmanager must send to POST /v1/alertmanager; without it that is closed."
    )
    flagger_token_file: str = option(
        "", help="File with the token that Flagger must send as metadata.token; empty: anyone who can connect may ask."
    )
    dashboard_url: str = option("", help="Dashboard named in requests; {model} and {version} are filled in.")
    runbook_url: str = option("", help="Runbook named in requests; {cause} is filled in.")
