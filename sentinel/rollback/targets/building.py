"""From settings to targets."""

from collections.abc import Callable, Mapping

from sentinel.config.settings import RollbackSettings, TargetSettings
from sentinel.rollback.egress import Egress
from sentinel.rollback.targets.base import Target
from sentinel.rollback.targets.webhook import Webhook

TYPES: Mapping[str, Callable[[TargetSettings, Egress], Target]] = {"webhook": Webhook}
"""The `type` of a target in the configuration -> what makes it."""


def build_targets(settings: RollbackSettings) -> dict[str, Target]:
    """Targets by name. Raises ValueError for an unknown type."""
    targets: dict[str, Target] = {}
    for target in settings.targets:
        if target.type not in TYPES:
            raise ValueError(f"target {target.name} has unknown type {target.type!r}; known are {', '.join(TYPES)}")
        egress = Egress(target.allow_http, target.ca_file, settings.allowed_hosts)
        targets[target.name] = TYPES[target.type](target, egress)
    return targets
