"""What an operator may set: frozen groups, one class per section of `sentinel.yaml`.

Only values live here. Each field has its unit in its name, its default and, in the metadata made by `option`,
one sentence of help and its bounds: `check-config`, the commented example file and the JSON Schema are made from them.
This file knows nothing of where values come from (see `reading`) nor of what uses them.
"""

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Bounds:
    """Inclusive numeric limits of an option; None means unlimited."""

    least: float | None = None
    most: float | None = None


def option(
    default: Any = None,
    *,
    help: str,
    least: float | None = None,
    most: float | None = None,
    factory: Any = None,
) -> Any:
    """A field with its help sentence and bounds; `factory` makes the default of nested groups."""
    metadata = {"help": help, "bounds": Bounds(least, most)}
    if factory is not None:
        return field(default_factory=factory, metadata=metadata)
    return field(default=default, metadata=metadata)


def required(*, help: str) -> Any:
    """A field without a default."""
    return field(metadata={"help": help, "bounds": Bounds()})


@dataclass(frozen=True, slots=True)
class ModelSettings:
    name: str = option("model", help="Name of the served model where the traffic does not carry one.")
    version: str = option("", help="Version being served where the traffic does not carry one.")
    version_header: str = option("", help="Header of the request or answer that carries the model version.")


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    listen: str = option("0.0.0.0:8081", help="host:port on which clients connect.")
    upstream: str = option("127.0.0.1:8080", help="host:port (or unix:/path) of the model server.")
    protocol: Literal["auto", "http1", "http2", "opaque"] = option(
        "auto", help="Protocol to follow; auto decides by the first bytes of each connection."
    )
    certificate_file: str = option("", help="PEM certificate chain; with it clients speak TLS to this listener.")
    key_file: str = option("", help="PEM key of the certificate; empty: it is in certificate_file.")
    upstream_tls: bool = option(False, help="Speak TLS to the model server.")
    upstream_ca_file: str = option("", help="PEM authorities for its certificate; empty: the system's.")
    upstream_name: str = option("", help="Name in its certificate; empty: the host of upstream.")


@dataclass(frozen=True, slots=True)
class ShadowSettings:
    url: str = option(
        "",
        help="Second endpoint, such as a converted model, that gets a copy of sampled requests; a path in it replaces "
        "theirs. Empty: none.",
    )
    sample_ratio: float = option(1.0, least=0, most=1, help="Share of analysed exchanges that are mirrored.")
    max_per_second: float = option(20.0, least=0.01, help="Ceiling on mirrored requests per second.")
    concurrency: int = option(4, least=1, most=64, help="Mirrored requests under way at a time.")
    max_waiting_bytes: int = option(
        8 << 20, least=4096, help="Exchanges that wait to be mirrored; more are dropped, counted."
    )
    timeout_seconds: float = option(5.0, least=0.05, most=60, help="Time allowed for the second answer.")
    margin_ratio: float = option(
        0.01, least=1e-6, most=0.5, help="Share of rows that may differ for the two to count as equivalent."
    )
    tolerance_sd: float = option(
        0.1, least=0, help="Distance beyond which two values differ, in standard deviations of the serving model's."
    )
    false_ratio: float = option(
        0.01, least=1e-9, most=0.5, help="Chance of ever saying equivalent, or different, where it is not so."
    )
    forward_headers: tuple[str, ...] = option(
        (), help="Request headers passed on besides those of the content; no credentials go along unless named here."
    )
    authorization_file: str = option("", help="File with the value of an Authorization header for it; read every time.")
    ca_file: str = option("", help="File with the authorities trusted for it; empty: the system's.")
    allow_http: bool = option(False, help="Allow plain http and loopback addresses.")
    allowed_hosts: tuple[str, ...] = option((), help="Hosts that url may name; empty: the one it names.")


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    sample_ratio: float = option(
        0.1, least=0, most=1, help="Share of exchanges copied for analysis; independent of content."
    )
    max_samples_per_second: float = option(200.0, least=0, help="Ceiling on copied exchanges per second and worker.")
    max_body_bytes: int = option(
        1 << 20, least=0, most=1 << 30, help="Longest body analysed; longer ones are counted as undecodable."
    )
    keep_rows: int = option(
        0,
        least=0,
        most=2000,
        help="Rows of each window kept in the store, a uniform sample after drop, hash and redact; 0 keeps none.",
    )
    seed: int = option(0, least=0, help="Seed of the sampler; 0 draws one at start.")
    shadow: ShadowSettings = option(factory=ShadowSettings, help="A second model that answers the same requests.")


@dataclass(frozen=True, slots=True)
class DecodeSettings:
    protocol: str = option("auto", help="Serving protocol of the bodies; auto tells it from path, headers and content.")
    rows_pointer: str = option("", help="JSON pointer (RFC 6901) to the rows of a plain JSON request.")
    predictions_pointer: str = option("", help="JSON pointer (RFC 6901) to the predictions of a plain JSON answer.")
    columns: tuple[str, ...] = option((), help="Names of the columns when rows are bare arrays, in order.")
    outputs: dict[str, str] = option(
        factory=dict, help="Output name: auto, value, label, probabilities, logits or embedding."
    )
    drop: tuple[str, ...] = option((), help="Fields left out of rows and answers before anything else sees them.")
    hash: tuple[str, ...] = option((), help="Fields replaced by a keyed hash before anything else sees them.")
    hash_key_file: str = option("", help="File with the key of these hashes; without it they can be guessed by trying.")
    redact: bool = option(True, help="Replace e-mail addresses, cards, phones and tokens in text.")
    max_rows: int = option(10_000, least=1, help="Most rows of one exchange; larger batches are undecodable.")
    max_columns: int = option(512, least=1, help="Most columns of one exchange.")
    max_decompressed_bytes: int = option(8 << 20, least=1024, help="Longest body after content encoding is undone.")


@dataclass(frozen=True, slots=True)
class FeatureSettings:
    ignore: tuple[str, ...] = option((), help="Features left out of the analysis.")
    rename: dict[str, str] = option(factory=dict, help="Name in the traffic: name in the reference.")
    segments: tuple[str, ...] = option(
        (), help="Columns whose segments are followed, of those of the reference; empty: all that it tells apart."
    )
    client_header: str = option(
        "",
        help="Request header that tells clients apart (x-forwarded-for …); empty: a dominating one is not looked for.",
    )


@dataclass(frozen=True, slots=True)
class ReferenceSettings:
    path: str = option("", help="Reference file written by `sentinel reference build`; empty leaves drift blind.")


@dataclass(frozen=True, slots=True)
class WindowSettings:
    seconds: float = option(60.0, least=0.05, most=86400, help="Length of a window.")


@dataclass(frozen=True, slots=True)
class DriftSettings:
    tolerance: str = option("default", help="Harmless drift: default, nats such as 0.005, psi:0.1 or sd:0.3.")
    false_pages: float = option(
        1.0, least=1e-6, help="False pages accepted per `per_days`, over all features, windows and looks."
    )
    per_days: float = option(30.0, least=1e-3, help="Period of `false_pages`.")
    rollback_false_pages: float = option(
        0.1, least=1e-6, help="False rollback requests accepted per `per_days`: the budget of the stricter second book."
    )
    minimum_rows: int = option(200, least=1, help="Rows of recent windows below which the verdict is insufficient.")
    seasons: str = option(
        "",
        help="File written by `sentinel reference seasons`: every hour is compared with its own past. Empty: always "
        "with the reference.",
    )


@dataclass(frozen=True, slots=True)
class SloSettings:
    latency_p99_seconds: float | None = option(None, least=0, help="99 of 100 requests answer within this time.")
    error_ratio: float | None = option(None, least=1e-6, most=0.999, help="Accepted share of failed requests (5xx).")


@dataclass(frozen=True, slots=True)
class StoreSettings:
    url: str = option("sqlite:///sentinel.db", help="SQLAlchemy URL of the store.")
    retention_days: float = option(
        7.0, least=0.01, help="Days that single windows are kept; then they merge into hourly roll-ups."
    )
    hour_days: float = option(
        90.0, least=0, help="Days that hourly roll-ups are kept; then they merge into daily ones. 0: for ever."
    )
    day_days: float = option(0.0, least=0, help="Days that daily roll-ups are kept. 0: for ever.")
    rows_days: float = option(2.0, least=0.01, help="Days that the rows of capture.keep_rows are kept.")
    spool_path: str = option(
        "",
        help="Folder in which windows wait while the store is away; empty: beside a SQLite store, else in the "
        "temporary folder.",
    )
    spool_max_bytes: int = option(
        64 << 20, least=0, help="Size of that folder; the oldest windows are dropped beyond it, counted."
    )


@dataclass(frozen=True, slots=True)
class LabelSettings:
    enabled: bool = option(
        False, help="Keep sampled predictions (class, number, probabilities; never inputs) for labels that come later."
    )
    token_file: str = option(
        "", help="File with the token that senders of POST /v1/labels must show; without it that is closed."
    )
    prediction: str = option("", help="Output with the predicted class or number; empty: as the answer shows.")
    task: Literal["auto", "classification", "regression"] = option(
        "auto", help="What the prediction is; auto takes words, truth values and whole numbers for classes."
    )
    scores: dict[str, str] = option(factory=dict, help="Class: output with its probability.")
    classes: tuple[str, ...] = option(
        (),
        help="Names of the classes, in the order of a distribution's probabilities; the last of two is the positive.",
    )
    hash_ids: bool = option(False, help="Keep request ids as hashes under the key of decode.hash_key_file.")
    wait_seconds: float = option(
        60.0, least=0, help="How long a label waits for its prediction before it counts as an orphan."
    )
    keep_days: float = option(7.0, least=0.001, help="Days that predictions wait for their labels.")
    max_predictions: int = option(1_000_000, least=1, help="Predictions kept; the oldest beyond it are forgotten.")
    quality_days: float = option(90.0, least=0.01, help="Days that the quality of windows is kept.")
    score_seconds: float = option(
        30.0, least=0.1, help="Between two looks at windows that got predictions or labels since they were scored."
    )
    recent_seconds: float = option(
        86400.0, least=1, help="Span of predictions, up to the newest, that the metrics of quality speak of."
    )
    accepted_wrong_ratio: float | None = option(
        None, least=1e-6, most=0.999, help="Accepted share of wrong predictions; empty: the reference's and the loss."
    )
    accepted_loss_ratio: float = option(
        0.02, least=0, most=0.999, help="Share of wrong predictions accepted beyond the reference's."
    )
    accepted_error: float | None = option(
        None,
        least=0,
        help="Error from which a predicted number is wrong; empty: what 9 of 10 stay within in the reference.",
    )


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
    alert_severities: dict[str, str] = option(
        factory=dict, help="Alert name: critical, warning, info, or none to leave it out."
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
    enabled: bool = option(True, help="Read GPU utilisation, memory and power through NVML where a driver is.")


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    workers: int = option(1, least=1, most=64, help="Relay workers.")
    spare_worker: bool = option(
        True,
        help="Keep a started process ready to take the place of a single relay worker that dies; costs about 15 MB.",
    )
    max_connections: int = option(
        10_000, least=1, help="Open client connections per relay worker; more are reset, counted."
    )
    max_buffered_bytes: int = option(
        64 << 20,
        least=1 << 20,
        help="Bytes that wait for slow readers, in all, per relay worker; beyond it the connection for which most is "
        "waiting is reset, counted.",
    )
    drain_seconds: float = option(25.0, least=0, help="Time in-flight requests get after SIGTERM.")
    replica: str = option("", help="Name of this replica; empty: the host name.")
    reload_on_change: bool = option(
        True,
        help="Read the configuration file again when it changes, as at SIGHUP; what cannot be used changes nothing.",
    )


@dataclass(frozen=True, slots=True)
class FleetSettings:
    member: bool = option(
        False, help="Leave judging and rollbacks to `sentinel fleet`; this sidecar only measures and stores."
    )
    parent_url: str = option(
        "", help="Store of a fleet of fleets: merged windows go there, as one replica's, and are judged there."
    )
    settle_seconds: float = option(
        1.0, least=0, help="Wait after a period's end, once all known replicas reported, for ones not heard of before."
    )
    straggler_seconds: float = option(
        20.0, least=0, help="Longest wait for replicas that have not reported; what comes later is kept, not judged."
    )


@dataclass(frozen=True, slots=True)
class Settings:
    model: ModelSettings = option(factory=ModelSettings, help="The model behind this sidecar.")
    relay: tuple[ListenerSettings, ...] = option((ListenerSettings(),), help="Listeners and the servers behind them.")
    capture: CaptureSettings = option(factory=CaptureSettings, help="What is copied for analysis.")
    decode: DecodeSettings = option(factory=DecodeSettings, help="How bodies are read.")
    features: FeatureSettings = option(factory=FeatureSettings, help="Which features are analysed.")
    reference: ReferenceSettings = option(factory=ReferenceSettings, help="What windows are compared with.")
    window: WindowSettings = option(factory=WindowSettings, help="Windows.")
    drift: DriftSettings = option(factory=DriftSettings, help="Tolerance and false-page budget.")
    slo: SloSettings = option(factory=SloSettings, help="Service levels.")
    store: StoreSettings = option(factory=StoreSettings, help="Where windows, verdicts and decisions are kept.")
    labels: LabelSettings = option(factory=LabelSettings, help="Truth that comes later, and the quality it tells of.")
    rollback: RollbackSettings = option(factory=RollbackSettings, help="When and whom to ask for a rollback.")
    telemetry: TelemetrySettings = option(factory=TelemetrySettings, help="Metrics and the status page.")
    envoy: EnvoySettings = option(factory=EnvoySettings, help="Traffic that an Envoy copies to this sidecar.")
    admin: AdminSettings = option(factory=AdminSettings, help="The admin interface.")
    fleet: FleetSettings = option(factory=FleetSettings, help="One judgement for many replicas over a shared store.")
    gpu: GpuSettings = option(factory=GpuSettings, help="GPU metrics.")
    process: ProcessSettings = option(factory=ProcessSettings, help="Processes of the sidecar.")
