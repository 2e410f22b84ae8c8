"""The dashboards: valid by Grafana's own schemas, by dashboard-linter's rules, and the same as the committed files."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import promql_parser
import pytest

from sentinel.config.settings import GpuSettings, RollbackSettings, Settings
from sentinel.observability import build_alerts, build_dashboards, build_documents, stale
from sentinel.telemetry.catalogue import BY_NAME, CATALOGUE, Metric

ROOT = Path(__file__).parents[3]
SCHEMAS = ROOT / "tests" / "data" / "grafana"
DASHBOARDS = {name: json.loads(text) for name, text in build_dashboards().items()}
TOLD = "".join([*build_dashboards().values(), *build_alerts().values()])
WITH_UNITS = {"stat", "table", "timeseries", "gauge"}
FOREIGN = ("process_", "DCGM_FI_")
VARIABLES = {
    "$__rate_interval": "5m",
    "$__interval": "1m",
    "$__range": "1h",
    "$job": ".+",
    "$instance": ".+",
    "$model": ".+",
    "$version": ".+",
    "$feature": ".+",
}


def schema(name: str, part: str = "") -> jsonschema.Draft7Validator:
    document = json.loads((SCHEMAS / f"{name}.json").read_text())
    if part:
        document = {"definitions": document["definitions"], "$ref": f"#/definitions/{part}"}
    return jsonschema.Draft7Validator(document)


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    inside = [panel for row in dashboard["panels"] for panel in row.get("panels", ())]
    return [panel for panel in [*dashboard["panels"], *inside] if panel["type"] != "row"]


def all_panels() -> list[Any]:
    return list(_all_panels())


def _all_panels() -> Iterator[Any]:
    for name, dashboard in DASHBOARDS.items():
        for panel in panels(dashboard):
            yield pytest.param(panel, id=f"{name}: {panel['title']}")


def all_targets() -> list[Any]:
    return list(_all_targets())


def _all_targets() -> Iterator[Any]:
    for name, dashboard in DASHBOARDS.items():
        for panel in panels(dashboard):
            for target in panel["targets"]:
                yield pytest.param(target["expr"], id=f"{name}: {panel['title']} {target['refId']}")


def filled(expr: str) -> str:
    for variable, value in VARIABLES.items():
        expr = expr.replace(variable, value)
    return expr


def selectors(expr: str) -> list[tuple[str, str]]:
    """(metric, matchers) of every selector."""
    return re.findall(r"\b([a-zA-Z_:][\w:]*)\{([^}]*)\}", expr)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_dashboard_is_valid(name: str) -> None:
    assert [error.message for error in schema("dashboard").iter_errors(DASHBOARDS[name])] == []


@pytest.mark.parametrize("panel", all_panels())
def test_panel_options_and_targets_are_valid(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        assert [error.message for error in schema("prometheus").iter_errors(target)] == []
    if not (SCHEMAS / f"{panel['type']}.json").exists():
        assert panel["type"] == "state-timeline"
        return
    assert [error.message for error in schema(panel["type"], "Options").iter_errors(panel["options"])] == []
    definitions = json.loads((SCHEMAS / f"{panel['type']}.json").read_text())["definitions"]
    if "FieldConfig" in definitions:
        custom = panel["fieldConfig"]["defaults"]["custom"]
        assert [error.message for error in schema(panel["type"], "FieldConfig").iter_errors(custom)] == []


@pytest.mark.parametrize("name", DASHBOARDS)
def test_linter_rules_of_templates(name: str) -> None:
    variables = {variable["name"]: variable for variable in DASHBOARDS[name]["templating"]["list"]}
    assert [v["label"] for v in variables.values() if v["type"] == "datasource"] == ["Data source"]
    assert "datasource" in variables
    for required in ("job", "instance"):
        variable = variables[required]
        assert variable["label"] == required
        assert variable["multi"]
        assert variable["allValue"] == ".+"
        assert variable["datasource"]["uid"] == "$datasource"
    for variable in variables.values():
        if variable["type"] == "query":
            assert variable["refresh"] == 2
            label_query = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"])
            assert label_query is not None
            promql_parser.parse(filled(label_query[1]))
    assert DASHBOARDS[name]["editable"] is False


@pytest.mark.parametrize("name", DASHBOARDS)
def test_ids_and_positions(name: str) -> None:
    dashboard = DASHBOARDS[name]
    everything = [*dashboard["panels"], *(p for row in dashboard["panels"] for p in row.get("panels", ()))]
    ids = [panel["id"] for panel in everything]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


@pytest.mark.parametrize("panel", all_panels())
def test_linter_rules_of_panels(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["datasource"]["uid"] == "${datasource}"
    assert panel["targets"]
    if panel["type"] in WITH_UNITS:
        assert panel["fieldConfig"]["defaults"]["unit"]
    for link in panel.get("links", ()):
        alert = link["title"].removeprefix("Runbook: ")
        assert (ROOT / "alerts" / "runbooks" / f"{alert}.md").exists()


@pytest.mark.parametrize("expr", all_targets())
def test_linter_rules_of_targets(expr: str) -> None:
    promql_parser.parse(filled(expr))
    for metric, matchers in selectors(expr):
        if not metric.startswith("DCGM_"):
            assert 'job=~"$job"' in matchers
            assert 'instance=~"$instance"' in matchers
    for counter in re.finditer(r"\w+_total\{[^}]*\}(\[[^\]]+\])?", expr):
        window = counter[1]
        before = expr[: counter.start()].rstrip()
        if window is None:  # only the balance of two counters may do without a rate
            assert "sentinel_exchanges_received_total" in expr
        else:
            assert before.endswith(("rate(", "increase("))
            assert window in ("[$__rate_interval]", "[$__range]", "[1h]")


@pytest.mark.parametrize("expr", all_targets())
def test_every_metric_of_a_query_is_in_the_catalogue(expr: str) -> None:
    for metric, _ in selectors(expr):
        name = re.sub(r"_(bucket|sum|count)$", "", metric)
        assert name in BY_NAME or metric.startswith(FOREIGN), metric


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_every_metric_of_the_catalogue_is_shown_or_alerted_on(metric: Metric) -> None:
    assert re.search(rf"\b{metric.name}(_bucket|_sum|_count)?\b", TOLD)


def test_dashboards_follow_the_configuration() -> None:
    settings = Settings(gpu=GpuSettings(enabled=False), rollback=RollbackSettings(mode="off"))
    built = json.loads(build_dashboards(settings, features=("amount", "age"))["model.json"])
    rows = [panel["title"] for panel in built["panels"] if panel["type"] == "row"]
    assert "GPU" not in rows
    assert "Rollback" not in rows
    assert {"amount", "age"} <= {panel["title"] for panel in panels(built)}
    assert "Burn rate over one hour" not in {panel["title"] for panel in panels(built)}
    assert [error.message for error in schema("dashboard").iter_errors(built)] == []


def test_uids_are_stable() -> None:
    assert {dashboard["uid"] for dashboard in DASHBOARDS.values()} == {
        "sentinel-fleet",
        "sentinel-model",
        "sentinel-internals",
    }


def test_the_committed_dashboards_are_what_is_built() -> None:
    assert stale(build_dashboards(), ROOT / "dashboards") == [], "run `make observability`"


def test_the_documents_are_what_is_built() -> None:
    assert stale(build_documents(), ROOT / "docs") == [], "run `make observability`"
