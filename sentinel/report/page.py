"""The facts of a report as one HTML page in the style of the status page: no script, nothing from outside."""

from sentinel.config.times import show_time
from sentinel.report import words
from sentinel.report.facts import Drifted, Facts, Served
from sentinel.report.shell import document
from sentinel.telemetry.page.charts import bins, strip
from sentinel.telemetry.page.model import BEST_METHODS, badge, charts, meter
from sentinel.telemetry.page.overview import conservation, event_item
from sentinel.telemetry.page.text import duration, esc, evidence_text, moment, number, share, span

SHOWN_FEATURES = 8
SHOWN_EVENTS = 24

_COLUMNS = ("Feature", "Reference and traffic", "Change", "Score", "Since", "Evidence")


def render(facts: Facts) -> str:
    """The whole document."""
    title = f"{facts.model}, {show_time(facts.since)} to {show_time(facts.until)}"
    content = (
        f"{_hero(facts)}{_notices(facts)}{_charts(facts)}{_features(facts)}"
        f'<div class="columns">{_cost(facts)}{conservation(facts.conservation)}</div>{_done(facts)}{_versions(facts)}'
    )
    return document("Report", title, facts.made_at, content, _FOOTER)


def _hero(facts: Facts) -> str:
    whole = facts.all
    figures = (
        ("Requests", number(whole.received), f"{number(whole.received / max(whole.seconds, 1e-9))}/s"),
        ("Failed", share(whole.failed_ratio), f"{number(whole.failed)} requests"),
        ("p99", duration(whole.p99_seconds) if whole.p99_seconds is not None else "–", "within 1 %"),
        ("Rows analysed", number(whole.rows), f"{whole.windows} windows"),
    )
    told = "".join(f"<li>{esc(sentence)}</li>" for sentence in facts.summary)
    listed = "".join(f"<div><dt>{k}</dt><dd>{v}<small>{note}</small></dd></div>" for k, v, note in figures)
    states = [(p.end, p.state, f"{p.state}, evidence {evidence_text(p.evidence)}") for p in facts.points]
    return (
        f'<section class="card hero state-{esc(facts.state)}" aria-label="Summary"><div class="verdict">'
        f"<h1>{esc(facts.model)}</h1>"
        f'<p class="state">{badge(facts.state)} {moment(facts.since)} – {moment(facts.until)}, '
        f"{span(facts.until - facts.since)}</p>"
        f'<ul class="why">{told}</ul><p class="since">{esc(words.sure(facts))}</p></div>'
        f'<dl class="facts">{listed}</dl>{_meters(facts)}{strip(states)}</section>'
    )


def _meters(facts: Facts) -> str:
    pages = f"{facts.pages} paged in this range"
    meters = [
        meter("Strongest evidence", facts.evidence, "pages at 1"),
        meter("False-page budget spent", facts.budget_spent_ratio, pages, share),
    ]
    if facts.error_budget_spent_ratio is not None:
        meters.append(meter("Error budget spent", facts.error_budget_spent_ratio, "of slo.error_ratio", share))
    return f'<div class="meters">{"".join(meters)}</div>'


def _notices(facts: Facts) -> str:
    lines = "".join(f"<li>{esc(notice)}</li>" for notice in facts.notices)
    return f'<ul class="banner">{lines}</ul>' if lines else ""


def _charts(facts: Facts) -> str:
    return charts(list(facts.points))


def _features(facts: Facts) -> str:
    if not facts.features:
        return '<section class="card"><h2>What drifted</h2><p class="empty">No feature was compared.</p></section>'
    head = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
    rows = "".join(_row(drifted) for drifted in facts.features[:SHOWN_FEATURES])
    beyond = len(facts.features) - SHOWN_FEATURES
    rest = f'<p class="quiet">{beyond} features with less evidence are in the report as JSON.</p>' if beyond > 0 else ""
    return (
        f'<section class="card features"><h2>What drifted <span class="legend">'
        '<span class="key was">reference</span><span class="key now">traffic</span></span></h2>'
        '<div class="scroll"><table><caption>Features, most evidence first</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{rest}</section>"
    )


def _row(drifted: Drifted) -> str:
    picture = drifted.picture
    method = next((m for m in BEST_METHODS if m in picture.distances), None)
    score = f"{number(picture.distances[method])} <small>{method.replace('_', ' ')}</small>" if method else "–"
    level = "high" if picture.evidence >= 1 else "mid" if picture.evidence >= 0.1 else "low"
    return (
        f'<tr><th scope="row"><span class="feature">{esc(picture.feature)}</span> '
        f'<span class="role">{esc(picture.role)}</span></th>'
        f"<td>{bins(picture.bins, picture.reference, picture.window)}</td><td>{esc(picture.change) or '–'}</td>"
        f'<td>{score}</td><td class="when">{esc(words.when(drifted))}</td>'
        f'<td><meter class="{level}" min="0" max="1" value="{min(picture.evidence, 1):.4f}" '
        f'aria-label="evidence">{picture.evidence:.2f}</meter> {evidence_text(picture.evidence)}</td></tr>'
    )


def _cost(facts: Facts) -> str:
    parts = (("In breach", facts.breach), ("Otherwise", facts.rest), ("All", facts.all))
    head = "".join(f'<th scope="col">{name}</th>' for name, _ in parts)
    rows = "".join(
        f'<tr><th scope="row">{name}</th>{"".join(f"<td>{show(part)}</td>" for _, part in parts)}</tr>'
        for name, show in _COSTS
    )
    return (
        '<section class="card"><h2>What it cost</h2><div class="scroll"><table>'
        "<caption>Traffic while an incident stood and otherwise</caption>"
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _p99(served: Served) -> str:
    return duration(served.p99_seconds) if served.p99_seconds is not None else "–"


_COSTS = (
    ("Windows", lambda part: number(part.windows)),
    ("Requests", lambda part: number(part.received)),
    ("Failed", lambda part: f"{number(part.failed)} <small>{share(part.failed_ratio)}</small>"),
    ("p99", _p99),
    ("Rows analysed", lambda part: number(part.rows)),
)


def _done(facts: Facts) -> str:
    items = "".join(map(event_item, facts.timeline[:SHOWN_EVENTS]))
    body = f'<ol class="timeline">{items}</ol>' if items else '<p class="empty">Nothing happened.</p>'
    beyond = len(facts.timeline) - SHOWN_EVENTS
    rest = f'<p class="quiet">{beyond} earlier events are in the report as JSON.</p>' if beyond > 0 else ""
    return f'<section class="card"><h2>What was done</h2>{body}{rest}</section>'


def _versions(facts: Facts) -> str:
    rows = "".join(
        f'<tr><th scope="row">{esc(v.name) or "–"}</th><td>{moment(v.first)} – {moment(v.last)}</td>'
        f"<td>{number(v.served.received)}</td><td>{share(v.served.failed_ratio)}</td><td>{_p99(v.served)}</td>"
        f"<td>{badge(v.state) if v.state else '–'} {esc(v.explanation)}</td></tr>"
        for v in facts.versions
    )
    head = "".join(
        f'<th scope="col">{n}</th>' for n in ("Version", "Served", "Requests", "Failed", "p99", "Last verdict")
    )
    return (
        '<section class="card versions"><h2>Versions</h2><div class="scroll"><table>'
        "<caption>Versions in the range</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


_FOOTER = (
    "Made from counts and sketches: no row, prompt or label of the traffic is in this report. "
    "Times are UTC. Features that paged are compared over the windows of their incident, the "
    "others over all; when they changed is estimated from the windows before the page."
)
