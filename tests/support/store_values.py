"""Windows, verdicts and intents for tests of stores."""

from typing import Any

from sentinel.drift.scores import FeatureScores
from sentinel.judge.verdict import Finding, Incident, State, Verdict
from sentinel.store import AuditRecord, Delivery, Intent, WindowRecord
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.window import TrafficCounts, WindowKey

MINUTE = 60.0


def traffic(received: int = 10) -> TrafficCounts:
    return TrafficCounts(
        received=received,
        analysed=received - 6,
        sampled_out=3,
        dropped={"channel_full": 1, "oversize": 1},
        undecodable={"not_json": 1},
        codes={"2xx": received - 2, "5xx": 1, "timeout": 1},
        latency={-200: received - 1, -100: 1},
        latency_sum_seconds=1.25,
    )


def window(
    number: int = 0, *, model: str = "fraud", version: str = "1", replica: str = "a", **values: Any
) -> ClosedWindow:
    start = number * MINUTE
    made = {"rows": 40, "reference_id": "ref", "traffic": traffic()} | values
    return ClosedWindow(key=WindowKey(model, version, replica), start=start, end=start + MINUTE, **made)


def scores(feature: str = "amount") -> FeatureScores:
    distances = {"psi": 0.1, "jensen_shannon": 0.2, "ks": 0.3, "wasserstein": 0.4, "energy": 0.5}
    return FeatureScores(feature, "input", 40, 0.05, distances, "mean +0.31 sd")


def finding(feature: str = "amount") -> Finding:
    return Finding(feature, "input", "input_drift", 0.7, "mean +0.31 sd", 0.1, "psi")


def incident(number: int = 0, *, resolved_at: float | None = None, model: str = "fraud") -> Incident:
    opened = number * MINUTE + MINUTE
    return Incident(
        f"incident-{number}", model, "1", "prediction_drift", opened, resolved_at, 1.5, ("amount", "score"), "drifted"
    )


def verdict(of: ClosedWindow, state: State = State.OK, **values: Any) -> Verdict:
    key = of.key
    made = {
        "explanation": f"{state} at {of.start:g}",
        "findings": (finding(),),
        "rows": of.rows,
        "evidence": 0.7,
    } | values
    return Verdict(key.model, key.version, of.start, of.end, state, **made)


def intent(name: str = "intent-1", *, created_at: float = 60.0, **values: Any) -> Intent:
    made: dict[str, Any] = {
        "incident_id": "incident-0",
        "target": "deployer",
        "model": "fraud",
        "from_version": "2",
        "to_version": "1",
    }
    made |= {"expires_at": created_at + 600, "body": b'{"x":1}'} | values
    return Intent(id=name, created_at=created_at, **made)


def audit(action: str = "page", at: float = 1.0, **inputs: Any) -> AuditRecord:
    return AuditRecord(at, "judge", action, "fraud/1", "done", "because it drifted", inputs)


def delivery(attempt: int = 1, result: str = "http_5xx", name: str = "intent-1") -> Delivery:
    return Delivery(name, attempt, 60.0 + attempt, result, 503, 0.1)


def record(number: int = 0, *, state: bytes = b"state", **values: Any) -> WindowRecord:
    """A judged window with everything that can follow from it."""
    closed = values.pop("window", None) or window(number)
    judged = values.pop("verdict", None) or verdict(closed)
    made = {"scores": {"amount": scores()}, "judge_state": state, "audit": (audit(at=float(number)),)} | values
    return WindowRecord(window=closed, verdict=judged, **made)
