"""What a judge will see, as a page: the answer of `sentinel power` with a bar for each feature. Values in, HTML out."""

from collections.abc import Mapping, Sequence
from typing import Any

from sentinel.report.shell import document
from sentinel.telemetry.page.text import duration, esc, number, share, span

WIDTH, HEIGHT = 240.0, 14.0
SCALE = {"sd": 1.0, "points": 40.0}
"""Drift at the right end of a bar."""
_FOOTER = (
    "Estimates of the mean delay from when the drift begins; single delays scatter around it by a third. The bound on "
    "false pages is a guarantee, over all features together and however often one looks."
)


def render(told: Mapping[str, Any], name: str, made_at: float) -> str:
    """told: the answer as JSON values. name: of the reference."""
    features: Sequence[Mapping[str, Any]] = told["features"]
    tables = "".join(_table(unit, chosen) for unit in SCALE if (chosen := [f for f in features if f["unit"] == unit]))
    return document("Power", f"What {name} will see", made_at, _hero(told, name) + tables, _FOOTER)


def _hero(told: Mapping[str, Any], name: str) -> str:
    advice = "".join(f"<li>{esc(sentence)}</li>" for sentence in told["advice"])
    facts = (
        ("Rows an hour", number(told["rows_per_hour"]), f"{share(told['analysed_ratio'])} of the traffic"),
        ("Windows", span(told["window_seconds"]), f"tolerance {told['tolerance']}"),
        ("False pages", f"{told['false_pages']:g}", f"in {told['per_days']:g} days at most"),
    )
    listed = "".join(f"<div><dt>{k}</dt><dd>{v}<small>{esc(note)}</small></dd></div>" for k, v, note in facts)
    return (
        f'<section class="card hero state-ok" aria-label="Summary"><div class="verdict"><h1>{esc(name)}</h1>'
        f'<p class="state">What drift will be found, how soon, and how many pages will be false</p>'
        f'<ul class="why">{advice}</ul></div><dl class="facts">{listed}</dl></section>'
    )


def _table(unit: str, features: Sequence[Mapping[str, Any]]) -> str:
    sizes = list(features[0]["delay_seconds"])
    title = "Mean shift, in standard deviations" if unit == "sd" else "Share gained by the first category, in points"
    head = "".join(f'<th scope="col">{esc(size)} {unit}</th>' for size in sizes)
    rows = "".join(_row(unit, feature, sizes) for feature in features)
    return (
        f'<section class="card"><h2>{title} <span class="legend"><span class="key was">found in a day</span>'
        '<span class="key now">in an hour</span></span></h2><div class="scroll"><table>'
        f"<caption>Time until a page</caption><thead><tr><th scope='col'>Feature</th>"
        f"<th scope='col'>0 to {SCALE[unit]:g} {unit}</th><th scope='col'>Never below</th>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _row(unit: str, feature: Mapping[str, Any], sizes: Sequence[str]) -> str:
    dead = f"{feature['dead_zone']:.3g} {unit}" if feature["dead_zone"] is not None else "any size"
    delays = "".join(f"<td>{_delay(feature['delay_seconds'][size])}</td>" for size in sizes)
    return (
        f'<tr><th scope="row">{esc(feature["feature"])} <span class="role">{esc(feature["role"])}</span></th>'
        f"<td>{_bar(unit, feature)}</td><td>{dead}</td>{delays}</tr>"
    )


def _bar(unit: str, feature: Mapping[str, Any]) -> str:
    """From the smallest drift found in a day, and from that found in an hour, to the end of the scale."""
    day, hour = (_place(unit, feature[name]) for name in ("within_day", "within_hour"))
    in_a_day, in_an_hour = (_told(feature[name], unit) for name in ("within_day", "within_hour"))
    spoken = f"found in a day from {in_a_day}, in an hour from {in_an_hour}"
    return (
        f'<svg class="reach" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{esc(spoken)}">'
        f'<title>{esc(spoken)}</title><rect class="stack" width="{WIDTH:g}" height="{HEIGHT:g}"/>'
        f'<rect class="c2" x="{day:.1f}" width="{WIDTH - day:.1f}" height="{HEIGHT:g}"/>'
        f'<rect class="c1" x="{hour:.1f}" width="{WIDTH - hour:.1f}" height="{HEIGHT:g}"/></svg>'
    )


def _place(unit: str, size: float | None) -> float:
    return WIDTH if size is None else min(size / SCALE[unit], 1.0) * WIDTH


def _told(size: float | None, unit: str) -> str:
    return "no size" if size is None else f"{size:.3g} {unit}"


def _delay(seconds: float | None) -> str:
    if seconds is None:
        return "never"
    return span(seconds) if seconds >= 60 else duration(seconds)
