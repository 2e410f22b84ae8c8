"""Rollbacks: asked for, failing, undelivered, without effect, to and fro, or disarmed."""

from sentinel.observability.alerts.alert import MODEL, WATCHED, Alert
from sentinel.observability.query import most, selector, total
from sentinel.telemetry.catalogue import rollback, serving

EFFECT_SECONDS = 900  # time for a deployment to shift traffic
FORGET_SECONDS = 21600  # a version seen again later than this was released on purpose

_TRIGGERED = selector(rollback.DECISIONS, f'outcome="{rollback.TRIGGERED}"')


def _failing() -> str:
    tried = total("namespace, target", f"increase({selector(rollback.DELIVERIES, _not(rollback.DELIVERED))}[10m])")
    done = total("namespace, target", f"increase({selector(rollback.DELIVERIES, _is(rollback.DELIVERED))}[10m])")
    return f"{tried} > 1.5\nunless on (namespace, target)\n{done} > 0"


def _is(result: str) -> str:
    return f'result="{result}"'


def _not(result: str) -> str:
    return f'result!="{result}"'


def _ineffective() -> str:
    age = f"(time() - {most(MODEL, selector(rollback.LAST_REQUEST))})"
    traffic = total(MODEL, f"rate({selector(serving.REQUESTS)}[5m])")
    return f"{age} > {EFFECT_SECONDS}\nand {age} < {FORGET_SECONDS}\nand on ({MODEL})\n{traffic} > 0"


ROLLBACK = (
    Alert(
        "SentinelRollbackTriggered",
        "info",
        f"sum by (namespace, model) (increase({_TRIGGERED}[10m])) > 0",
        "sentinel asked for a rollback.",
        "A rollback of {{ $labels.model }} was requested. `sentinel rollback status` shows the decision, its evidence "
        "and the delivery; check that the deployment follows.",
    ),
    Alert(
        "SentinelRollbackDeliveryFailing",
        "critical",
        _failing(),
        "A rollback request cannot be delivered.",
        "{{ $labels.target }} has refused or missed every attempt of the last ten minutes. Roll back by hand if it "
        "matters, then see `sentinel rollback status` for the answers of the target.",
        hold="1m",
    ),
    Alert(
        "SentinelRollbackDeadLetter",
        "critical",
        most(WATCHED, selector(rollback.DEAD_LETTERS)) + " > 0",
        "A rollback request was given up.",
        "{{ $value }} request(s) expired undelivered at {{ sidecar }}: the bad version may still serve. Roll "
        "back by hand, or replay with `sentinel rollback replay` after the target works again.",
    ),
    Alert(
        "SentinelRollbackIneffective",
        "critical",
        _ineffective(),
        "A version still serves although its rollback was requested.",
        "{{ $labels.model }} {{ $labels.model_version }} still takes traffic {{ $value | humanizeDuration }} after its "
        "rollback was requested. Check the deployment system: paused, out of permissions, or reverted by GitOps?",
        hold="1m",
    ),
    Alert(
        "SentinelRollbackFlapping",
        "warning",
        f"sum by (namespace, model) (increase({_TRIGGERED}[6h])) > 2.5",
        "A model is rolled back again and again.",
        "{{ $labels.model }} was rolled back {{ $value | humanize }} times in six hours. Stop the releases, or pause "
        "with `sentinel rollback pause`, and find out what they share.",
    ),
    Alert(
        "SentinelRollbackDisarmed",
        "warning",
        f"{most(WATCHED, selector(rollback.ENFORCED))} == 1\nand {most(WATCHED, selector(rollback.ARMED))} == 0",
        "Rollbacks are configured but have been paused for a day.",
        "{{ sidecar }} would not act on a breach. `sentinel rollback status` says who paused it and why; "
        "`sentinel rollback resume` arms it again.",
        hold="1d",
    ),
)
