"""Alertmanager's webhook (version 4) as verdicts, so that a user's own alert goes through the same interlocks. Pure.

An alert asks for a rollback of the model in its label `model`, and of the version in `model_version` where it has one.
It triggers only where the configuration lets the cause `alertmanager` roll back, like every other cause.
Source: prometheus/alertmanager docs/configuration.md, `webhook_config`.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from sentinel.judge.verdict import Incident, State, Verdict

MOST_ALERTS = 100
"""Alerts considered of one notification; Alertmanager groups, and says how many it cut."""
MOST_CHARACTERS = 500
ID_LENGTH = 26
SUPPORTED = "4"


class Alert(msgspec.Struct):
    """One alert of a group, as far as it is needed."""

    status: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime = msgspec.field(name="startsAt")
    ends_at: datetime = msgspec.field(name="endsAt")
    fingerprint: str = ""


class Notification(msgspec.Struct):
    """The body of a webhook request."""

    version: str
    alerts: list[Alert]
    group_key: str = msgspec.field(name="groupKey", default="")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a notification asks: verdicts to decide on, incidents that ended, and what could not be used and why."""

    verdicts: tuple[Verdict, ...] = ()
    resolved: tuple[Incident, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(slots=True)
class _Sorted:
    verdicts: list[Verdict] = field(default_factory=list)
    resolved: list[Incident] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def read(body: bytes, current_version: Callable[[str], str], now: float) -> Asked:
    """What the notification asks. `current_version`: model -> version that serves now, "" when unknown.

    Raises ValueError with one sentence when the body is no notification of version 4.
    """
    try:
        notification = msgspec.json.decode(body, type=Notification)
    except msgspec.MsgspecError as error:
        raise ValueError(f"the body is no Alertmanager notification: {error}") from error
    if notification.version != SUPPORTED:
        raise ValueError(f"Alertmanager webhook version {notification.version!r} is not supported; {SUPPORTED} is")
    found = _Sorted()
    for alert in notification.alerts[:MOST_ALERTS]:
        _sort(alert, found, current_version, now)
    if len(notification.alerts) > MOST_ALERTS:
        found.ignored.append(f"{len(notification.alerts) - MOST_ALERTS} alerts beyond the first {MOST_ALERTS}")
    return Asked(tuple(found.verdicts), tuple(found.resolved), tuple(found.ignored))


def _sort(alert: Alert, found: _Sorted, current_version: Callable[[str], str], now: float) -> None:
    name, model = alert.labels.get("alertname", "an alert"), alert.labels.get("model", "")
    if not model:
        found.ignored.append(f"{name} has no label model")
        return
    version = alert.labels.get("model_version") or current_version(model)
    incident = _incident(alert, name, model, version)
    if alert.status == "resolved":
        found.resolved.append(replace(incident, resolved_at=alert.ends_at.timestamp()))
    else:
        found.verdicts.append(_verdict(incident, now))


def _incident(alert: Alert, name: str, model: str, version: str) -> Incident:
    """The same alert, notified again, is the same incident: Alertmanager repeats itself by design."""
    identity = [alert.fingerprint or repr(sorted(alert.labels.items())), alert.starts_at.isoformat()]
    digest = hashlib.sha256("\n".join(identity).encode()).hexdigest()[:ID_LENGTH]
    summary = alert.annotations.get("summary") or alert.annotations.get("description", "")
    return Incident(
        id=f"alert-{digest}",
        model=model,
        version=version,
        cause="alertmanager",
        opened_at=alert.starts_at.timestamp(),
        resolved_at=None,
        evidence=0.0,
        features=(),
        explanation=f"{name}: {summary}"[:MOST_CHARACTERS],
    )


def _verdict(incident: Incident, now: float) -> Verdict:
    return Verdict(
        model=incident.model,
        version=incident.version,
        start=min(incident.opened_at, now),
        end=now,
        state=State.BREACH,
        explanation=incident.explanation,
        opened=(incident,),
        open=(incident,),
    )
