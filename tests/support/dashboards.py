"""Dashboards as JSON, made askable: their panels, and their queries with the variables filled in."""

import re
from typing import Any

import promql_parser

VARIABLES = {
    "$__rate_interval": "6s",
    "$__interval": "2s",
    "$__range": "30s",
    "$job": ".+",
    "$instance": ".+",
    "$model": ".+",
    "$version": ".+",
    "$feature": ".+",
}
ALERT_WINDOWS = re.compile(r"\[\d+[mhd]\]")
COMPARISONS, SETS = (">", "<", ">=", "<=", "==", "!="), ("and", "or", "unless")


def filled(expr: str) -> str:
    """The query with Grafana's variables at short values, for scrapes each second."""
    for variable, value in VARIABLES.items():
        expr = expr.replace(variable, value)
    return expr


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """All panels, those in folded rows too."""
    inside = [panel for row in dashboard["panels"] for panel in row.get("panels", ())]
    return [panel for panel in [*dashboard["panels"], *inside] if panel["type"] != "row"]


def sides(expr: str) -> list[str]:
    """The parts of an alert's expression that must have series whether or not the alert is true."""
    return _sides(promql_parser.parse(ALERT_WINDOWS.sub("[8s]", expr)))


def _sides(node: Any) -> list[str]:
    if isinstance(node, promql_parser.ParenExpr):
        return _sides(node.expr)
    if isinstance(node, promql_parser.NumberLiteral):
        return []
    if isinstance(node, promql_parser.BinaryExpr) and str(node.op) in (*COMPARISONS, *SETS):
        return _sides(node.lhs) + _sides(node.rhs)
    return [str(node)]
