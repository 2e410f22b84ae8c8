"""The request as bytes: a CloudEvents 1.0 event in structured JSON, also readable as a Standard Webhook. Pure.

Schema: docs/schemas/rollback-requested.v1.json. Never a feature value, never more than MOST_BYTES: features are
dropped, the weakest first, until it fits.
Sources: CloudEvents 1.0.2; Standard Webhooks 1.0 (`type`, `timestamp`, `data`), whose `timestamp` is an extension here.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from sentinel.drift.categories import unnamed
from sentinel.judge.verdict import Finding
from sentinel.rollback.interlocks import Case

TYPE = "dev.sentinel.rollback.requested.v1"
SCHEMA = "https://sentinel-sidecar.github.io/schemas/rollback-requested.v1.json"
CONTENT_TYPE = "application/cloudevents+json"
MOST_BYTES = 20_000
"""A webhook body should stay small (Standard Webhooks recommends under 20 kB)."""
MOST_FEATURES = 10
NAME_LENGTH = 200
"""Characters kept of a name that comes from traffic (model, version, feature)."""
TEXT_LENGTH = 1_000
"""Characters kept of a sentence."""
ID_LENGTH = 26
"""Hex digits of an id: 104 bits, as many as a ULID holds at random and then some; no dot, which ids may not have."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer to "should this incident roll its version back?". `outcome` is one of `interlocks.OUTCOMES`."""

    id: str
    incident_id: str
    outcome: str
    cause: str
    model: str
    from_version: str
    to_version: str
    at: float
    sentence: str


def decision_id(case: Case) -> str:
    """The same for every replica and every cause: one version of one workload is taken back once, or never."""
    workload = case.policy.workload
    name = workload.name or case.incident.model
    return _digest(workload.cluster, workload.namespace, name, case.incident.model, case.incident.version)


def delivery_id(decision: str, target: str) -> str:
    """The webhook-id and Idempotency-Key of every attempt to tell `target` of this decision."""
    return _digest(decision, target)


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:ID_LENGTH]


def body(case: Case, decision: Decision, target: str) -> bytes:
    """The exact bytes that are signed and sent to `target`."""
    findings = sorted(_relevant(case), key=lambda finding: -finding.evidence)[:MOST_FEATURES]
    while True:
        encoded = json.dumps(_event(case, decision, target, findings), ensure_ascii=False, separators=(",", ":"))
        raw = encoded.encode("utf-8", "replace")
        if len(raw) <= MOST_BYTES or not findings:
            return raw
        findings = findings[:-1]


def _relevant(case: Case) -> list[Finding]:
    """The findings of the incident's own cause, or all when none is."""
    own = [finding for finding in case.verdict.findings if finding.cause == case.incident.cause]
    return own or list(case.verdict.findings)


def _event(case: Case, decision: Decision, target: str, findings: Sequence[Finding]) -> dict[str, Any]:
    workload = case.policy.workload
    model, version = _name(case.incident.model), _name(case.incident.version)
    name = workload.name or model
    moment = _moment(case.now)
    return {
        "specversion": "1.0",
        "id": delivery_id(decision.id, target),
        "source": f"/sentinel/{quote(workload.cluster)}/{quote(workload.namespace)}/{quote(name, safe='')}",
        "type": TYPE,
        "subject": f"models/{quote(model, safe='')}/versions/{quote(version, safe='')}",
        "time": moment,
        "timestamp": moment,
        "datacontenttype": "application/json",
        "dataschema": SCHEMA,
        "data": _data(case, decision, findings),
    }


def _data(case: Case, decision: Decision, findings: Sequence[Finding]) -> dict[str, Any]:
    workload, policy, incident = case.policy.workload, case.policy, case.incident
    replicas = case.surroundings.replicas
    return {
        "action": "rollback",
        "decision_id": decision.id,
        "incident_id": incident.id[:NAME_LENGTH],
        "mode": policy.mode,
        "model": _name(incident.model),
        "from_version": _name(incident.version),
        "to_version": _name(case.to_version) or None,
        "workload": {
            "cluster": workload.cluster,
            "namespace": workload.namespace,
            "kind": workload.kind,
            "name": workload.name or _name(incident.model),
        },
        "reason": _reason(case, findings),
        "replicas": {"agree": replicas.agree, "total": replicas.total, "quorum": policy.quorum_ratio},
        "evidence": {
            "dashboard_url": _filled(policy.dashboard_url, case) or None,
            "runbook_url": _filled(policy.runbook_url, case) or None,
        },
        "expires_at": _moment(case.now + policy.expires_seconds),
        "previous_rollback_at": next((_moment(r.at) for r in case.past.requests if r.model == incident.model), None),
    }


def _reason(case: Case, findings: Sequence[Finding]) -> dict[str, Any]:
    incident, verdict, comparison = case.incident, case.verdict, case.comparison
    return {
        "rule": incident.cause,
        "explanation": _unnamed(incident.explanation)[:TEXT_LENGTH],
        "evidence": _number(incident.evidence),
        "rollback_evidence": _number(incident.rollback_evidence),
        "threshold": 1.0,
        "opened_at": _moment(incident.opened_at),
        "window_start": _moment(verdict.start),
        "window_seconds": round(verdict.end - verdict.start, 3),
        "observations": case.observations,
        "features": [_feature(finding) for finding in findings],
        "baseline": None
        if comparison is None
        else {
            "result": comparison.result,
            "value": _number(comparison.value),
            "observations": comparison.observations,
        },
    }


def _feature(finding: Finding) -> dict[str, Any]:
    return {
        "name": _name(finding.feature),
        "role": finding.role,
        "cause": finding.cause,
        "evidence": _number(finding.evidence),
        "change": _unnamed(finding.change)[:NAME_LENGTH],
        "score": _number(finding.score),
        "method": finding.method,
    }


def _unnamed(text: str) -> str:
    """The judge's words without the category they name: a category is a feature value, and none is sent."""
    return unnamed(text).encode("utf-8", "replace").decode()


def _name(text: str) -> str:
    """A name that came out of traffic: bounded, and without lone surrogates, which no JSON may hold."""
    return text[:NAME_LENGTH].encode("utf-8", "replace").decode()


def _number(value: float) -> float | None:
    """JSON knows neither infinity nor NaN."""
    return value if abs(value) < float("inf") else None


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _filled(template: str, case: Case) -> str:
    incident = case.incident
    names = {"model": incident.model, "version": incident.version, "cause": incident.cause}
    for name, value in names.items():
        template = template.replace(f"{{{name}}}", quote(_name(value), safe=""))
    return template
