"""From dashboards as data to Grafana's JSON, through grafanalib. The only file that knows either.

grafanalib 0.7.1 writes nulls, data sources as strings, legacy heatmaps and string thresholds, which Grafana's own JSON
schema refuses. The classes below are grafanalib's, made to write what the schema takes.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from grafanalib import core  # type: ignore[import-untyped]
from grafanalib._gen import DashboardEncoder  # type: ignore[import-untyped]

from sentinel.observability.panel import ROW_WIDTH, Annotation, Dashboard, Panel, Query, Row, Variable

Json = dict[str, Any]

SCHEMA_VERSION = 39  # Grafana 10.4 and later
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
TAG = "sentinel"
_REF_IDS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_OPTIONS: Mapping[str, Json] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "graphMode": "none",
        "colorMode": "background",
        "justifyMode": "auto",
        "textMode": "auto",
        "wideLayout": True,
        "showPercentChange": False,
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "percentChangeColorMode": "standard",
        "orientation": "auto",
    },
    "state-timeline": {
        "mergeValues": True,
        "showValue": "auto",
        "alignValue": "left",
        "rowHeight": 0.85,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "single", "sort": "none"},
    },
    "table": {"frameIndex": 0, "showHeader": True, "cellHeight": "sm"},
    "heatmap": {
        "calculate": False,
        "color": {
            "mode": "scheme",
            "scheme": "Oranges",
            "fill": "dark-orange",
            "scale": "exponential",
            "exponent": 0.5,
            "steps": 64,
            "reverse": False,
        },
        "showValue": "never",
        "cellGap": 1,
        "filterValues": {"le": 1e-9},
        "rowsFrame": {"layout": "auto"},
        "yAxis": {"axisPlacement": "left", "reverse": False},
        "legend": {"show": True},
        "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": True},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
    },
    "text": {"mode": "markdown"},
}
_CUSTOM: Mapping[str, Json] = {
    "timeseries": {
        "drawStyle": "line",
        "lineInterpolation": "linear",
        "lineWidth": 2,
        "fillOpacity": 8,
        "gradientMode": "none",
        "showPoints": "never",
        "spanNulls": False,
        "axisPlacement": "auto",
        "stacking": {"mode": "none", "group": "A"},
        "thresholdsStyle": {"mode": "off"},
    },
    "state-timeline": {"lineWidth": 0, "fillOpacity": 80},
    "table": {"align": "auto", "inspect": False},
}


class _Target(core.Target):  # type: ignore[misc]
    """A Prometheus query."""

    query: Query

    def to_json_data(self) -> Json:
        spec = self.query
        return {
            "datasource": DATASOURCE,
            "editorMode": "code",
            "expr": spec.expr,
            "legendFormat": spec.legend or "__auto",
            "refId": self.refId,
            "range": not spec.instant,
            "instant": spec.instant,
            "exemplar": spec.exemplar,
            "format": spec.format,
        }


class _Panel(core.Panel):  # type: ignore[misc]
    """A panel of any kind, written as Grafana's schema has it."""

    spec: Panel
    runbooks: str

    def to_json_data(self) -> Json:
        spec = self.spec
        more = dict(spec.more)
        written: Json = {
            "id": self.id,
            "type": spec.kind,
            "title": self.title,
            "description": self.description,
            "gridPos": self.gridPos,
            "datasource": DATASOURCE,
            "targets": self.targets,
            "options": {**_OPTIONS[spec.kind], **more.get("options", {})},
        }
        if spec.kind != "text":
            written["fieldConfig"] = {"defaults": _defaults(spec), "overrides": []}
        if spec.alerts:
            written["links"] = [
                _link(f"Runbook: {alert}", self.runbooks.replace("{alert}", alert)) for alert in spec.alerts
            ]
        if "transformations" in more:
            written["transformations"] = more["transformations"]
        return written


class _Row(core.RowPanel):  # type: ignore[misc]
    def to_json_data(self) -> Json:
        return {
            "id": self.id,
            "type": "row",
            "title": self.title,
            "collapsed": self.collapsed,
            "gridPos": self.gridPos,
            "panels": self.panels,
        }


class _Template(core.Template):  # type: ignore[misc]
    def to_json_data(self) -> Json:
        return {
            "name": self.name,
            "label": self.label,
            "type": "query",
            "datasource": {"type": "prometheus", "uid": "$datasource"},
            "query": self.query,
            "definition": self.query,
            "refresh": 2,  # when the time range changes
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "allValue": ".+",
            "current": {"text": "All", "value": "$__all"},
            "hide": 0,
        }


class _Dashboard(core.Dashboard):  # type: ignore[misc]
    def to_json_data(self) -> Json:
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": [TAG],
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "refresh": "30s",
            "time": {"from": "now-3h", "to": "now"},
            "timezone": "browser",
            "timepicker": {},
            "fiscalYearStartMonth": 0,
            "panels": self.panels,
            "templating": {"list": [_DATASOURCE_VARIABLE, *self.templating.list]},
            "annotations": {"list": [_BUILT_IN_ANNOTATION, *self.annotations.list]},
            "links": [_SIBLINGS],
        }


_DATASOURCE_VARIABLE = {
    "name": "datasource",
    "label": "Data source",
    "type": "datasource",
    "query": "prometheus",
    "hide": 0,
    "includeAll": False,
    "multi": False,
    "refresh": 1,
    "regex": "",
    "options": [],
}
_BUILT_IN_ANNOTATION = {
    "name": "Annotations & Alerts",
    "builtIn": 1,
    "datasource": {"type": "grafana", "uid": "-- Grafana --"},
    "enable": True,
    "hide": True,
    "iconColor": "rgba(0, 211, 255, 1)",
    "type": "dashboard",
}
_SIBLINGS = {
    "title": "sentinel",
    "type": "dashboards",
    "tags": [TAG],
    "asDropdown": False,
    "includeVars": True,
    "keepTime": True,
    "targetBlank": False,
    "icon": "external link",
    "tooltip": "",
    "url": "",
}


def dashboard_json(dashboard: Dashboard, runbook_url: str) -> str:
    """The dashboard as JSON text with a newline at the end; equal input gives equal text."""
    written = _Dashboard(
        title=dashboard.title,
        uid=dashboard.uid,
        description=dashboard.description,
        panels=list(_laid_out(dashboard.rows, runbook_url)),
        templating=core.Templating(list=[_variable(variable) for variable in dashboard.variables]),
        annotations=core.Annotations(list=[_annotation(annotation) for annotation in dashboard.annotations]),
    )
    return json.dumps(written, cls=DashboardEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _laid_out(rows: Sequence[Row], runbook_url: str) -> Iterator[_Panel | _Row]:
    """Panels from left to right, wrapped at the grid's width; ids count up in reading order."""
    ids, y = iter(range(1, 1000)), 0
    for row in rows:
        row_id, top = next(ids), y
        y += 1
        panels = []
        x = height = 0
        for panel in row.panels:
            if x + panel.width > ROW_WIDTH:
                x, y, height = 0, y + height, 0
            panels.append(_panel(panel, next(ids), core.GridPos(h=panel.height, w=panel.width, x=x, y=y), runbook_url))
            x, height = x + panel.width, max(height, panel.height)
        y += height
        position = core.GridPos(h=1, w=ROW_WIDTH, x=0, y=top)
        inside = panels if row.collapsed else []
        yield _Row(title=row.title, collapsed=row.collapsed, id=row_id, gridPos=position, panels=inside)
        if row.collapsed:
            y = top + 1
        else:
            yield from panels


def _panel(spec: Panel, number: int, position: Any, runbook_url: str) -> _Panel:
    targets = [_target(query, ref) for query, ref in zip(spec.queries, _REF_IDS, strict=False)]
    panel = _Panel(title=spec.title, description=spec.description, id=number, gridPos=position, targets=targets)
    panel.spec, panel.runbooks = spec, runbook_url
    return panel


def _target(query: Query, ref: str) -> _Target:
    target = _Target(expr=query.expr, refId=ref)
    target.query = query
    return target


def _defaults(spec: Panel) -> Json:
    steps = [{"value": step.value, "color": step.color} for step in spec.steps] or [{"value": None, "color": "blue"}]
    defaults: Json = {
        "unit": spec.unit,
        "thresholds": {"mode": "absolute", "steps": steps},
        "color": {"mode": "thresholds" if spec.kind != "timeseries" else "palette-classic"},
        "mappings": [_mapping(spec.words)] if spec.words else [],
        "custom": {**_CUSTOM.get(spec.kind, {}), **spec.more.get("custom", {})},
    }
    if spec.kind == "timeseries" or spec.most is not None:
        defaults["min"] = spec.least
    if spec.most is not None:
        defaults["max"] = spec.most
    if spec.empty:
        defaults["noValue"] = spec.empty
    if "links" in spec.more:
        defaults["links"] = [_link(title, url) for title, url in spec.more["links"]]
    return defaults


def _mapping(words: Mapping[str, tuple[str, str]]) -> Json:
    options = {
        value: {"text": text, "color": color, "index": i} for i, (value, (text, color)) in enumerate(words.items())
    }
    return {"type": "value", "options": options}


def _link(title: str, url: str) -> Json:
    return {
        "title": title,
        "type": "link",
        "url": url,
        "icon": "doc",
        "tooltip": "",
        "tags": [],
        "asDropdown": False,
        "includeVars": False,
        "keepTime": False,
        "targetBlank": True,
    }


def _variable(variable: Variable) -> _Template:
    return _Template(name=variable.name, label=variable.label, query=variable.query, dataSource="$datasource")


def _annotation(annotation: Annotation) -> Json:
    return {
        "name": annotation.name,
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": annotation.color,
        "expr": annotation.expr,
        "titleFormat": annotation.title,
        "step": "60s",
        "useValueForTime": annotation.timestamps,
    }
