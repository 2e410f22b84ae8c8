"""From settings to targets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sentinel.config.reading import Problem
from sentinel.config.settings import RollbackSettings, TargetSettings
from sentinel.rollback.egress import Egress
from sentinel.rollback.targets.argo_cd import ArgoCD
from sentinel.rollback.targets.argo_rollouts import ArgoRollouts
from sentinel.rollback.targets.base import Target
from sentinel.rollback.targets.deployment import DeploymentUndo
from sentinel.rollback.targets.github import GitHub
from sentinel.rollback.targets.gitlab import GitLab
from sentinel.rollback.targets.kserve import KServe
from sentinel.rollback.targets.kubernetes import SERVICE_ACCOUNT
from sentinel.rollback.targets.webhook import Webhook


@dataclass(frozen=True, slots=True)
class TargetType:
    """needs, options: settings and options without which it cannot work. ca_file: authorities when none are named."""

    make: Callable[[TargetSettings, Egress], Target]
    needs: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    ca_file: str = ""


_CLUSTER_CA = f"{SERVICE_ACCOUNT}/ca.crt"

TYPES: Mapping[str, TargetType] = {
    "webhook": TargetType(Webhook, needs=("url", "secret_file")),
    "kubernetes_deployment": TargetType(DeploymentUndo, ca_file=_CLUSTER_CA),
    "argo_rollouts": TargetType(ArgoRollouts, ca_file=_CLUSTER_CA),
    "kserve": TargetType(KServe, ca_file=_CLUSTER_CA),
    "argo_cd": TargetType(ArgoCD, needs=("url", "secret_file")),
    "github": TargetType(GitHub, needs=("secret_file",), options=("repository",)),
    "gitlab": TargetType(GitLab, needs=("secret_file",), options=("project",)),
}
"""The `type` of a target in the configuration -> what makes it."""


def build_targets(settings: RollbackSettings) -> dict[str, Target]:
    """Targets by name. Raises ValueError with every problem, one a line."""
    if found := target_problems(settings):
        raise ValueError("\n".join(map(str, found)))
    targets: dict[str, Target] = {}
    for target in settings.targets:
        kind = TYPES[target.type]
        egress = Egress(target.allow_http, target.ca_file or kind.ca_file, settings.allowed_hosts)
        targets[target.name] = kind.make(target, egress)
    return targets


def target_problems(settings: RollbackSettings) -> list[Problem]:
    """What is wrong with the targets beyond the types of their settings."""
    found: list[Problem] = []
    names: set[str] = set()
    for i, target in enumerate(settings.targets):
        path = f"rollback.targets[{i}]"
        if target.name in names:
            found.append(Problem(f"{path}.name", f"{target.name} is used twice"))
        names.add(target.name)
        kind = TYPES.get(target.type)
        if kind is None:
            found.append(Problem(f"{path}.type", f"unknown type {target.type}; known are {', '.join(TYPES)}"))
            continue
        lacking = [name for name in kind.needs if not getattr(target, name)]
        lacking += [f"options.{name}" for name in kind.options if not target.options.get(name)]
        found += [Problem(f"{path}.{name}", f"is required by type {target.type}") for name in lacking]
    return found
