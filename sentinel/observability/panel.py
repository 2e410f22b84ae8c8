"""What a dashboard holds, as data: rows of panels, each with its question as description. No Grafana here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["timeseries", "stat", "state-timeline", "table", "heatmap", "text"]
ROW_WIDTH = 24  # Grafana's grid


@dataclass(frozen=True, slots=True)
class Query:
    """instant: only the newest value is asked for (stats, tables)."""

    expr: str
    legend: str = ""
    instant: bool = False
    exemplar: bool = False
    format: Literal["time_series", "table", "heatmap"] = "time_series"


@dataclass(frozen=True, slots=True)
class Step:
    """A colour from `value` upwards; None is the base."""

    value: float | None
    color: str


@dataclass(frozen=True, slots=True)
class Panel:
    """width, height: in Grafana's grid of 24 columns. words: value -> (text, colour). alerts: whose runbooks it links.

    least, most: ends of the axis; lines always begin at `least`, most is free when None.
    empty: what to show when there is no series, which must be a fact ("no rollback yet"), never an excuse.
    more: options and field configuration that only this kind has, merged in as they are.
    """

    title: str
    description: str
    kind: Kind
    queries: Sequence[Query]
    unit: str = "short"
    width: int = 8
    height: int = 8
    steps: Sequence[Step] = ()
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    least: float = 0.0
    most: float | None = None
    empty: str = ""
    alerts: Sequence[str] = ()
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    title: str
    panels: Sequence[Panel]
    collapsed: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """A query variable, or with `choices` a fixed list."""

    name: str
    label: str
    query: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Annotation:
    """expr: a mark where it has a value; timestamps: the value is the time of the mark, in milliseconds."""

    name: str
    expr: str
    color: str
    title: str
    timestamps: bool = False


@dataclass(frozen=True, slots=True)
class Dashboard:
    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    variables: Sequence[Variable]
    annotations: Sequence[Annotation]


# colours by their Grafana names
GREEN, BLUE, GREY, YELLOW, ORANGE, RED, PURPLE = "green", "blue", "#8e8e8e", "yellow", "orange", "red", "purple"
STATE_WORDS = {
    "0": ("ok", GREEN),
    "1": ("insufficient", GREY),
    "2": ("blind", YELLOW),
    "3": ("breach", RED),
}
UP_WORDS = {"0": ("down", RED), "1": ("up", GREEN)}
