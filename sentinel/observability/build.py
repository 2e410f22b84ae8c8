"""What `sentinel dashboards build` and `sentinel alerts build` write: path below the output folder -> text.

Pure of the file system: the caller writes or compares. Equal configuration gives equal text, so that committed files
can be checked by comparing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sentinel.config.settings import Settings
from sentinel.observability import alerts, dashboards
from sentinel.observability.documents import alerts_document, metrics_document
from sentinel.observability.shape import Shape, everything, shape_of

RuleGroups = Mapping[str, Sequence[alerts.Alert | alerts.Recording]]


OPTIONAL_ALERTS = tuple(alert.name for alert in alerts.OPTIONAL.values())


class UnknownAlert(ValueError):
    """The configuration names an alert that does not exist."""


class ExtraMissing(RuntimeError):
    """A package of an extra is not installed; the message names the command."""


def build_dashboards(settings: Settings | None = None, features: Sequence[str] = ()) -> dict[str, str]:
    """Grafana dashboards by file name: all that sentinel can show, or what `settings` has.

    features: names that get a panel each, in the reference's order. Raises ExtraMissing without grafanalib.
    """
    try:
        from sentinel.observability.grafana import dashboard_json
    except ImportError as error:
        raise ExtraMissing(
            "grafanalib is needed to build dashboards; pip install 'sentinel-sidecar[dashboards]'"
        ) from error
    shape = everything() if settings is None else shape_of(settings, features)
    built = (dashboards.fleet(shape), dashboards.model(shape), dashboards.internals(shape))
    names = ("fleet", "model", "internals")
    return {
        f"{name}.json": dashboard_json(dashboard, shape.runbook_url)
        for name, dashboard in zip(names, built, strict=True)
    }


def build_alerts(settings: Settings | None = None, optional: Sequence[str] = ()) -> dict[str, str]:
    """Prometheus rule files by file name: the whole set, or with the severities, job and parts that `settings` has.

    optional: names of optional alerts to write besides those that `settings` names. Raises UnknownAlert.
    """
    shape = everything() if settings is None else shape_of(settings)
    files = _rule_files(shape) | _optional_files({*shape.optional_alerts, *optional})
    _check_names(shape.severities)
    return {name: alerts.rules_yaml(groups, shape) for name, groups in files.items()}


def build_optional_alerts() -> dict[str, str]:
    """Rule files of the optional alerts, by file name."""
    files = _optional_files(OPTIONAL_ALERTS)
    return {name: alerts.rules_yaml(groups, everything()) for name, groups in files.items()}


def build_documents() -> dict[str, str]:
    """docs/metrics.md and docs/alerts.md."""
    return {"metrics.md": metrics_document(), "alerts.md": alerts_document(_all_groups())}


def _all_groups() -> RuleGroups:
    files = _rule_files(everything()) | _optional_files(OPTIONAL_ALERTS)
    return {name: rules for groups in files.values() for name, rules in groups.items()}


def _check_names(severities: Iterable[str]) -> None:
    known = {rule.name for rules in _all_groups().values() for rule in rules if isinstance(rule, alerts.Alert)}
    if unknown := [name for name in severities if name not in known]:
        raise UnknownAlert(f"telemetry.alert_severities: there is no alert {unknown[0]}; docs/alerts.md lists them all")


def _optional_files(names: Collection[str]) -> dict[str, RuleGroups]:
    return {
        file: {file.removesuffix(".yml"): (alert,)} for file, alert in alerts.OPTIONAL.items() if alert.name in names
    }


def _rule_files(shape: Shape) -> dict[str, RuleGroups]:
    files: dict[str, RuleGroups] = {"sentinel-drift.yml": {"sentinel-drift": alerts.DRIFT}}
    if shape.rollback:
        files["sentinel-rollback.yml"] = {"sentinel-rollback": alerts.ROLLBACK}
    if shape.slos:
        serving: RuleGroups = {"sentinel-recordings": alerts.recordings(), "sentinel-serving": alerts.SERVING}
        files["sentinel-serving.yml"] = serving
    files["sentinel-sidecar.yml"] = {"sentinel-sidecar": alerts.sidecar(shape.job)}
    if shape.fleet:
        files["sentinel-fleet.yml"] = {"sentinel-fleet": alerts.FLEETS}
    files["sentinel-injector.yml"] = {"sentinel-injector": alerts.INJECTOR}
    return files
