"""A recorder fed as the application feeds it: windows of a fraud model, healthy, then drifting, with a rollback.

Seeded and without a clock: the caller says what time it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

import numpy as np

from sentinel.config.settings import (
    CaptureSettings,
    ModelSettings,
    RollbackSettings,
    Settings,
    ShadowSettings,
    SloSettings,
    TargetSettings,
    TelemetrySettings,
    WindowSettings,
)
from sentinel.decode.usage import LlmUsage, ServerTimes
from sentinel.drift.scores import FeatureScores
from sentinel.judge.verdict import Finding, Incident, State, Verdict
from sentinel.shadow.account import SIDES, Account, Terms, result
from sentinel.shadow.answers import Scale, compare
from sentinel.shadow.book import Standing
from sentinel.telemetry.recorder import Recorder
from sentinel.telemetry.view import FeaturePicture
from sentinel.traffic import RouteTraffic, bucket_of
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.generation import Generation
from sentinel.windows.window import TrafficCounts, WindowKey

FEATURES = ("amount", "age", "country", "channel", "merchant_risk", "hour", "device_score", "score")
PREDICTION = "score"
EDGES = (0.1, 0.2, 0.4, 0.6, 0.8, 0.9)
BINS = ("≤ 0.1", "≤ 0.2", "≤ 0.4", "≤ 0.6", "≤ 0.8", "≤ 0.9", "> 0.9")
SHARES = (0.35, 0.22, 0.16, 0.1, 0.08, 0.05, 0.04)
CALL = LlmUsage(
    "chat", True, 40, 160, 10, finish_reasons=("stop",), time_to_first_token_seconds=0.2,
    time_per_output_token_seconds=0.03, output_tokens_per_second=31.0, told=ServerTimes(0.01, 0.1),
)  # fmt: skip
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def story_settings(**groups: object) -> Settings:
    """A configuration with service levels, a target and one-second windows."""
    values: dict[str, object] = {
        "model": ModelSettings(name="fraud", version="7"),
        "slo": SloSettings(latency_p99_seconds=0.25, error_ratio=0.01),
        "window": WindowSettings(seconds=1.0),
        "capture": CaptureSettings(shadow=ShadowSettings(url="https://int8.example")),
        "telemetry": TelemetrySettings(),
        "rollback": RollbackSettings(
            mode="enforce",
            targets=(TargetSettings(name="deployer", url="https://deploy.example", secret_file="secret"),),
        ),
    }
    return Settings(**{**values, **groups})  # type: ignore[arg-type]


def shadow_standing(differing: int = 1) -> Standing:
    """A second model compared on 100 rows."""
    account = Account()
    theirs = np.r_[np.full(100 - differing, 0.01), np.ones(differing)]
    account.add(compare({"score": np.zeros(100)}, {"score": theirs}, Scale(0, sds={"score": 1.0}), 0.1), each_row=True)
    for side in SIDES:
        account.time(side, 0.01)
    return Standing("fraud", "7", "int8", result(account, Terms(0.05)))


@dataclass
class Story:
    """Feeds `recorder` one second of traffic or one window at a time."""

    recorder: Recorder
    seed: int = 7
    model: str = "fraud"
    version: str = "7"
    features: tuple[str, ...] = FEATURES
    calls: tuple[LlmUsage, ...] = (CALL,)
    random: Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    def start(self, at: float) -> None:
        self.recorder.sidecar.ready(True)
        self.recorder.rollbacks.armed(True)
        self.recorder.sidecar.store(True, 0.004)
        self.recorder.sidecar.configuration(True, at)
        self.recorder.rollbacks.outbox(0, 0)

    def second(self, at: float, rate: int = 120, failing: float = 0.0, slow: float = 1.0) -> TrafficCounts:
        """One second of traffic through the recorder; the same as a window's counts."""
        delta, sampled = RouteTraffic(), max(1, rate // 10)
        failed = round(rate * failing)
        delta.codes.update({"2xx": rate - failed, **({"5xx": failed} if failed else {})})
        for _ in range(rate):
            seconds = slow * self.random.lognormvariate(-3.6, 0.5)
            delta.latency_sum_seconds += seconds
            for counts, part in ((delta.latency, 1.0), (delta.first_byte, 0.7)):
                counts[bucket_of(seconds * part)] = counts.get(bucket_of(seconds * part), 0) + 1
        delta.gaps[bucket_of(0.03)] = rate
        delta.request_bytes, delta.response_bytes = 900 * rate, 210 * rate
        counts = TrafficCounts(
            received=rate,
            analysed=sampled - 1,
            sampled_out=rate - sampled,
            undecodable={"not_json": 1},
            codes=delta.codes,
            latency=delta.latency,
            latency_sum_seconds=delta.latency_sum_seconds,
        )
        self._tell(at, delta, counts)
        return counts

    def _tell(self, at: float, delta: RouteTraffic, counts: TrafficCounts) -> None:
        told, who = self.recorder, (self.model, self.version)
        told.traffic(*who, "http/1.1", delta)
        told.received(*who, counts.received)
        told.exchange("analysed", *who, count=counts.analysed)
        told.exchange("sampled_out", *who, count=counts.sampled_out)
        told.exchange("undecodable", *who, reason="not_json", count=1)
        told.trace(*who, TRACE, 0.031, at)
        for call in self.calls * counts.analysed:
            told.generation(*who, call)
        told.connections(16, 2, {"upgrade": 0})
        told.sidecar.lag(0.02)
        told.sidecar.store(True, 0.003)

    def window(self, at: float, traffic: TrafficCounts, drift: float = 0.0, **verdict: object) -> Verdict:
        """Close a window that ends at `at`, with `drift` sd of shift in `amount` and in the prediction."""
        rows = 16 * traffic.analysed
        calls = Generation()
        for call in self.calls * traffic.analysed:
            calls.add(call)
        key = WindowKey(self.model, self.version, "a")
        closed = ClosedWindow(key, at - 1, at, rows, "ref-1", traffic=traffic, generation=calls.counts())
        judged = self._verdict(at, drift, rows, verdict)
        self.recorder.window(closed, self._scores(drift, rows), judged, self._pictures(drift, rows))
        return judged

    def _verdict(self, at: float, drift: float, rows: int, given: Mapping[str, object]) -> Verdict:
        evidence = min(drift * 4, 6.0)
        found = Finding("amount", "input", "input_drift", evidence * 0.8, f"mean +{drift:.2f} sd", drift, "psi")
        second = Finding(
            PREDICTION, "prediction", "prediction_drift", evidence * 0.2, "more above 0.8", drift / 2, "psi"
        )
        calm = "Within tolerance: 8 features compared, largest evidence 0.03 of 1."
        told = f"Inputs drifted: amount +{drift:.2f} sd (4 % → 11 % above 1,000), evidence {evidence:.1f} of 1."
        values: dict[str, object] = {
            "model": self.model,
            "version": self.version,
            "start": at - 1,
            "end": at,
            "state": State.BREACH if evidence >= 1 else State.OK,
            "explanation": told if evidence >= 1 else calm,
            "evidence": evidence,
            "rollback_evidence": evidence / 3,
            "budget_spent_ratio": 1.0 if evidence >= 1 else 0.0,
            "findings": (found, second),
            "rows": rows,
        }
        return Verdict(**{**values, **given})  # type: ignore[arg-type]

    def _scores(self, drift: float, rows: int) -> dict[str, FeatureScores]:
        return {name: self._score(name, drift, rows) for name in self.features}

    def _score(self, name: str, drift: float, rows: int) -> FeatureScores:
        moved = drift if name == "amount" else drift / 2 if name == PREDICTION else 0.0
        noise = abs(self.random.gauss(0, 0.004))
        distances = {
            "psi": moved**2 + noise,
            "jensen_shannon": moved / 3 + noise,
            "ks": moved / 4 + noise,
            "wasserstein": moved + noise,
        }
        role = "prediction" if name == PREDICTION else "input"
        return FeatureScores(name, role, rows, 0.01, distances, f"mean {moved:+.2f} sd" if moved else "")

    def _pictures(self, drift: float, rows: int) -> list[FeaturePicture]:
        return [self._picture(name, drift, rows) for name in self.features]

    def _picture(self, name: str, drift: float, rows: int) -> FeaturePicture:
        moved = drift if name in ("amount", PREDICTION) else 0.0
        weights = [share * (1 + moved * i / 2) * self.random.uniform(0.9, 1.1) for i, share in enumerate(SHARES)]
        shares = [weight / sum(weights) for weight in weights]
        return FeaturePicture(
            feature=name,
            role="prediction" if name == PREDICTION else "input",
            kind="numeric",
            problems={"out_of_range": 0.002 + moved / 50, "new_category": 0.0, "wrong_type": 0.0},
            bins=BINS,
            reference=SHARES,
            window=shares,
            counts=[round(share * rows) for share in shares],
            edges=EDGES if name == PREDICTION else (),
        )


def incident(at: float, model: str = "fraud", version: str = "7", cause: str = "input_drift") -> Incident:
    sentence = "amount +0.60 sd since this window; 10 of 10 replicas agree."
    return Incident(f"{model}-{version}-{cause}", model, version, cause, at, None, 2.4, ("amount",), sentence)  # type: ignore[arg-type]


def drifted_recorder(
    now: float, windows: int = 60, settings: Settings | None = None, calls: tuple[LlmUsage, ...] = (CALL,)
) -> Recorder:
    """A recorder with an hour of minutes told in `windows` windows, drift in the last quarter, one rollback."""
    recorder = Recorder(settings or story_settings(), started_at=now - windows)
    story = Story(recorder, calls=calls)
    story.start(now - windows)
    opened = None
    for i in range(windows):
        at = now - windows + i + 1
        drift = max(0.0, (i - windows * 0.7) / windows * 2.2)
        counts = story.second(at, rate=120 + (i * 13) % 40, failing=0.02 if drift else 0.0, slow=1 + drift)
        given: dict[str, object] = {"open": (opened,) if opened else ()}
        if opened is None and drift * 4 >= 1:
            opened = incident(at)
            given = {"opened": (opened,), "open": (opened,)}
        story.window(at, counts, drift, **given)
        if given.get("opened"):
            recorder.rollbacks.decision(
                "triggered", "fraud", "7", at, "Rollback of fraud from 7 to 6 asked for: prediction drift."
            )
            recorder.rollbacks.delivery("deployer", "timeout", 15.0, at)
            recorder.rollbacks.delivery("deployer", "delivered", 0.21, at)
    return recorder
