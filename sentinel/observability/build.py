"""What `sentinel dashboards build` and `sentinel alerts build` write: path below the output folder -> text.

Pure of the file system: the caller writes or compares. Equal configuration gives equal text, so that committed files
can be checked by comparing.
"""

from collections.abc import Mapping, Sequence

from sentinel.config.settings import Settings
from sentinel.observability import alerts, dashboards
from sentinel.observability.documents import alerts_document, metrics_document
from sentinel.observability.shape import Shape, everything, shape_of

RuleGroups = Mapping[str, Sequence[alerts.Alert | alerts.Recording]]


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


def build_alerts(settings: Settings | None = None) -> dict[str, str]:
    """Prometheus rule files by file name: the whole set, or with the severities, job and parts that `settings` has."""
    shape = everything() if settings is None else shape_of(settings)
    return {name: alerts.rules_yaml(groups, shape) for name, groups in _rule_files(shape).items()}


def build_documents() -> dict[str, str]:
    """docs/metrics.md and docs/alerts.md."""
    groups = {name: rules for file in _rule_files(everything()).values() for name, rules in file.items()}
    return {"metrics.md": metrics_document(), "alerts.md": alerts_document(groups)}


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
    return files
