"""What an operator may set: frozen groups, one class per section of `sentinel.yaml`.

Only values live here and in `groups`. Each field has its unit in its name, its default and, in the metadata made by
`option`, one sentence of help and its bounds: `check-config`, the commented example file and the JSON Schema are made
from them. Nothing here knows where values come from (see `reading`) nor what uses them.
"""

from dataclasses import dataclass

from sentinel.config.groups.analysis import (
    DecodeSettings,
    DriftSettings,
    FaultSettings,
    FeatureSettings,
    LabelSettings,
    ReferenceSettings,
    SloSettings,
    WindowSettings,
)
from sentinel.config.groups.option import Bounds, option
from sentinel.config.groups.rollback import RollbackSettings, RuleSettings, TargetSettings, WorkloadSettings
from sentinel.config.groups.storage import FleetSettings, StoreSettings
from sentinel.config.groups.telemetry import AdminSettings, EnvoySettings, GpuSettings, OptionalAlert, TelemetrySettings
from sentinel.config.groups.traffic import (
    CaptureSettings,
    ListenerSettings,
    ModelSettings,
    ProcessSettings,
    ShadowSettings,
)

__all__ = [
    "AdminSettings",
    "Bounds",
    "CaptureSettings",
    "DecodeSettings",
    "DriftSettings",
    "EnvoySettings",
    "FaultSettings",
    "FeatureSettings",
    "FleetSettings",
    "GpuSettings",
    "LabelSettings",
    "ListenerSettings",
    "ModelSettings",
    "OptionalAlert",
    "ProcessSettings",
    "ReferenceSettings",
    "RollbackSettings",
    "RuleSettings",
    "Settings",
    "ShadowSettings",
    "SloSettings",
    "StoreSettings",
    "TargetSettings",
    "TelemetrySettings",
    "WindowSettings",
    "WorkloadSettings",
]


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
    faults: FaultSettings = option(
        factory=FaultSettings, help="What faults in the data lead to: off, ticket (told and counted) or page."
    )
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
