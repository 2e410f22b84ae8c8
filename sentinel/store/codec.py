"""Values of the stages <-> rows of the tables. Pure: no connection, no clock.

Lists and mappings inside a row are JSON with sorted keys, so that equal values are equal text.
"""

from typing import Any

import msgspec
from sqlalchemy import RowMapping

from sentinel.drift.scores import FeatureScores
from sentinel.judge.verdict import Finding, Incident, State, Verdict
from sentinel.reference.packing import FormatError
from sentinel.store.contract import AuditRecord, Delivery, Intent, StoredWindow, WindowRecord
from sentinel.store.errors import StoreCorrupt
from sentinel.store.profile import Profile
from sentinel.store.schema import CODES, LLM_COUNTS, LLM_QUANTILES, LLM_TIMES, QUANTILES, SCORES
from sentinel.traffic.summary import Exemplar
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.exemplars import Told
from sentinel.windows.generation import GenerationCounts
from sentinel.windows.latency import percentiles

_json = msgspec.json.Encoder(order="deterministic")


def to_json(value: Any) -> str:
    return _json.encode(value).decode()


def window_row(window: ClosedWindow, grain: str, standing: str) -> dict[str, Any]:
    """One row of `windows`."""
    traffic = window.traffic
    latency = percentiles(traffic.latency, QUANTILES.values())
    codes = {f"code_{name}": traffic.codes.get(name, 0) for name in CODES}
    answered = sum(codes.values())
    return {
        "model": window.key.model,
        "version": window.key.version,
        "replica": window.key.replica,
        "grain": grain,
        "started_at": window.start,
        "ended_at": window.end,
        "standing": standing,
        "reference_id": window.reference_id,
        "rows": window.rows,
        "received": traffic.received,
        "analysed": traffic.analysed,
        "sampled_out": traffic.sampled_out,
        "dropped": sum(traffic.dropped.values()),
        "undecodable": sum(traffic.undecodable.values()),
        **codes,
        "code_none": sum(traffic.codes.values()) - answered,
        **{f"latency_{name}": latency.get(q) for name, q in QUANTILES.items()},
        "latency_sum_seconds": traffic.latency_sum_seconds,
        **_generation(window.generation),
        "exemplars": to_json([_told(one) for one in traffic.exemplars]) if traffic.exemplars else None,
        "sketch": window.to_bytes(),
    }


def _told(told: Told) -> dict[str, Any]:
    route, exemplar = told.route, told.exemplar
    return {"at": told.at, "method": route.method, "path": route.path} | {
        name: getattr(exemplar, name) for name in Exemplar.__dataclass_fields__
    }


def _generation(counts: GenerationCounts) -> dict[str, float | None]:
    """Calls of a language model; NULL where there were none."""
    row: dict[str, float | None] = {
        f"llm_{name}": getattr(counts, name) if counts.calls else None for name in LLM_COUNTS
    }
    for name in LLM_TIMES:
        found = percentiles(getattr(counts, name), LLM_QUANTILES.values())
        row |= {f"llm_{name}_{quantile}": found.get(q) for quantile, q in LLM_QUANTILES.items()}
    return row


def feature_rows(window_id: int, record: WindowRecord) -> list[dict[str, Any]]:
    """The rows of `window_features`: one a scored feature."""
    findings = record.verdict.findings if record.verdict else ()
    evidence = {finding.feature: finding.evidence for finding in findings}
    return [
        {"window_id": window_id, "evidence": evidence.get(name), **_scores(scores), **_shape(record.profiles.get(name))}
        for name, scores in record.scores.items()
    ]


def _shape(profile: Profile | None) -> dict[str, float | None]:
    return {name: getattr(profile, name, None) for name in Profile.__dataclass_fields__}


def _scores(scores: FeatureScores) -> dict[str, Any]:
    more = {name: value for name, value in scores.distances.items() if name not in SCORES}
    return {
        "feature": scores.feature,
        "role": scores.role,
        "rows": scores.rows,
        "missing_ratio": scores.missing_ratio,
        **{name: scores.distances.get(name) for name in SCORES},
        "change": scores.change,
        "more": to_json(more),
    }


def verdict_row(window_id: int, verdict: Verdict) -> dict[str, Any]:
    """One row of `verdicts`."""
    return {
        "window_id": window_id,
        "state": str(verdict.state),
        "explanation": verdict.explanation,
        "evidence": verdict.evidence,
        "rollback_evidence": verdict.rollback_evidence,
        "budget_spent_ratio": verdict.budget_spent_ratio,
        "rows": verdict.rows,
        "findings": to_json(verdict.findings),
    }


def incident_row(incident: Incident) -> dict[str, Any]:
    """One row of `incidents`."""
    names = ("id", "model", "version", "cause", "opened_at", "resolved_at", "explanation")
    books = {"evidence": incident.evidence, "rollback_evidence": incident.rollback_evidence}
    return {name: getattr(incident, name) for name in names} | books | {"features": to_json(incident.features)}


def intent_row(intent: Intent) -> dict[str, Any]:
    """One row of `intents`, not claimed by anyone."""
    return {name: getattr(intent, name) for name in Intent.__dataclass_fields__} | {"claimed_until": 0.0}


def delivery_row(delivery: Delivery) -> dict[str, Any]:
    """One row of `deliveries`."""
    return {name: getattr(delivery, name) for name in Delivery.__dataclass_fields__}


def read_sketch(window_id: int, sketch: bytes) -> ClosedWindow:
    """The window itself. Raises StoreCorrupt where the bytes are damaged or a newer sentinel's."""
    try:
        return ClosedWindow.from_bytes(sketch)
    except FormatError as error:
        raise StoreCorrupt(f"window {window_id} of the store cannot be read: {error}") from error


def read_window(row: RowMapping) -> StoredWindow:
    return StoredWindow(read_sketch(row["id"], row["sketch"]), row["state"] or "", row["explanation"] or "")


def read_verdict(row: RowMapping) -> Verdict:
    """The verdict of a stored window, without the incidents, which have a table of their own."""
    findings = msgspec.json.decode(row["findings"], type=tuple[Finding, ...])
    return Verdict(
        model=row["model"],
        version=row["version"],
        start=row["started_at"],
        end=row["ended_at"],
        state=State(row["state"]),
        explanation=row["explanation"],
        evidence=_number(row["evidence"]),
        rollback_evidence=_number(row["rollback_evidence"]),
        budget_spent_ratio=_number(row["budget_spent_ratio"]),
        findings=findings,
        rows=row["rows"],
    )


def read_incident(row: RowMapping) -> Incident:
    values = {name: row[name] for name in Incident.__dataclass_fields__}
    values["features"] = msgspec.json.decode(row["features"], type=tuple[str, ...])
    values |= {name: _number(row[name]) for name in ("evidence", "rollback_evidence")}
    return Incident(**values)


def read_intent(row: RowMapping) -> Intent:
    return Intent(**{name: row[name] for name in Intent.__dataclass_fields__})


def read_delivery(row: RowMapping) -> Delivery:
    return Delivery(**{name: row[name] for name in Delivery.__dataclass_fields__})


def read_audit(row: RowMapping) -> AuditRecord:
    values = {name: row[name] for name in AuditRecord.__dataclass_fields__}
    return AuditRecord(**values | {"inputs": msgspec.json.decode(row["inputs"])})


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
