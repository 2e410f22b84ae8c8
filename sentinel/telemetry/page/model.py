"""The part of the page about one version of a model: verdict and why, charts, features by evidence."""

from collections.abc import Callable, Iterable

from sentinel.judge.verdict import State, Verdict
from sentinel.telemetry.catalogue.serving import QUANTILES
from sentinel.telemetry.page.charts import Chart, Line, bins, line_chart, strip
from sentinel.telemetry.page.generation import language_model
from sentinel.telemetry.page.quality import quality
from sentinel.telemetry.page.text import (
    DECADES,
    decades,
    duration,
    esc,
    evidence_text,
    moment,
    number,
    of_decades,
    share,
    span,
)
from sentinel.telemetry.view import FeaturePicture, ModelView, StatusView, WindowPoint

SHOWN_FEATURES = 60
OPEN_FEATURES = 12  # rows before the fold
BEST_METHODS = ("psi", "jensen_shannon", "total_variation", "ks", "chi2", "wasserstein")

STATE_WORDS = {
    State.OK: "Within tolerance",
    State.INSUFFICIENT: "Not enough data to say",
    State.BLIND: "Cannot see",
    State.BREACH: "Beyond tolerance",
}
_COLUMNS = ("Feature", "Reference and window", "Change", "Score", "Missing", "Evidence")
_SHOWN_QUANTILES = ((0.5, "p50", "c1"), (0.9, "p90", "c2"), (0.99, "p99", "c3"))


def model_section(model: ModelView, view: StatusView, *, newest: bool, live: bool) -> str:
    """Everything about one version. Only the newest is told in full; those no longer served are folded away."""
    if model.verdict is None:
        return ""
    hero = _hero(model, model.verdict, view) + language_model(model.generation)
    more = charts(list(model.history)) + quality(model.quality) + _features(model)
    key = f"{esc(model.model)}/{esc(model.version)}"
    if not newest:
        more = (
            f'<details data-keep="{key}"><summary>Charts and features of {esc(model.version)}</summary>{more}</details>'
        )
    if live:
        return f'<section class="model" aria-label="{key}">{hero}{more}</section>'
    name = f"{esc(model.model)} <span class='version'>{esc(model.version)}</span>"
    summary = f"{name} {badge(model.verdict.state)} <span class='quiet'>last window {moment(model.verdict.end)}</span>"
    return f'<details class="older" data-keep="{key}/all"><summary>{summary}</summary>{hero}{more}</details>'


def badge(state: str) -> str:
    return f'<span class="badge state-{esc(state)}">{esc(state)}</span>'


def _hero(model: ModelView, verdict: Verdict, view: StatusView) -> str:
    last = model.history[-1]
    seconds = max(last.end - last.start, 1e-9)
    p99 = dict(zip(QUANTILES, last.quantiles, strict=False)).get(0.99)
    facts = (
        ("Requests", f"{number(last.received / seconds)}/s", f"{number(last.received)} in the window"),
        ("Failed", share(last.failed / last.received) if last.received else "–", f"{number(last.failed)} requests"),
        ("p99", duration(p99) if p99 is not None else "–", "within 1 %"),
        ("Rows analysed", number(last.rows), f"{span(seconds)} window"),
    )
    told = "".join(f"<div><dt>{k}</dt><dd>{v}<small>{note}</small></dd></div>" for k, v, note in facts)
    return (
        f'<div class="card hero state-{esc(verdict.state)}"><div class="verdict">'
        f'<h1>{esc(model.model)} <span class="version">{esc(model.version)}</span></h1>'
        f'<p class="state">{badge(verdict.state)} {esc(_in_words(verdict))}</p>'
        f'<p class="why">{esc(verdict.explanation)}</p>{_since(verdict)}</div>'
        f'<dl class="facts">{told}</dl>{_meters(verdict, view)}'
        f"{strip([(p.end, p.state, _tip(p)) for p in model.history])}</div>"
    )


def _in_words(verdict: Verdict) -> str:
    """For a breach, what kind it is."""
    causes = dict.fromkeys(incident.cause.replace("_", " ") for incident in verdict.open)
    return ", ".join(causes).capitalize() or STATE_WORDS[verdict.state]


def _since(verdict: Verdict) -> str:
    if not verdict.open:
        return ""
    first = min(verdict.open, key=lambda incident: incident.opened_at)
    return f'<p class="since">Since {moment(first.opened_at)} ({span(verdict.end - first.opened_at)})</p>'


def _tip(point: WindowPoint) -> str:
    return f"{point.state}: {number(point.rows)} rows, evidence {evidence_text(point.evidence)}"


def _meters(verdict: Verdict, view: StatusView) -> str:
    armed = "armed" if view.armed else view.rollback_mode.replace("_", "-")
    return (
        '<div class="meters">'
        + meter("Evidence for a page", verdict.evidence, "pages at 1")
        + meter("Evidence for a rollback", verdict.rollback_evidence, f"acts at 1 · {armed}")
        + meter("False-page budget spent", verdict.budget_spent_ratio, "of the period's pages", share)
        + "</div>"
    )


def meter(name: str, value: float, note: str, show: Callable[[float], str] = evidence_text) -> str:
    """A bar up to 1 with its name, its value in words and a note."""
    level = "high" if value >= 1 else "mid" if value >= 0.5 else "low"
    return (
        f'<div class="meter"><span class="name">{name}</span><span class="value">{show(value)}</span>'
        f'<meter class="{level}" min="0" max="1" value="{min(value, 1):.4f}" aria-label="{name}">{value:.2f}</meter>'
        f'<span class="note">{esc(note)}</span></div>'
    )


def charts(history: list[WindowPoint]) -> str:
    """Requests, latency and evidence over windows."""
    times = [point.end for point in history]
    rates = [point.received / max(point.end - point.start, 1e-9) for point in history]
    failed = [point.failed / max(point.end - point.start, 1e-9) for point in history]
    latency = [Line(style, name, _quantile(history, q)) for q, name, style in _SHOWN_QUANTILES]
    evidence = [Line("c4", "evidence", [decades(point.evidence) for point in history], filled=True)]
    traffic = [Line("c1", "all", rates, filled=True), Line("c5", "failed", failed)]
    drawn = (
        Chart("Requests per second", times, traffic, number),
        Chart("Latency", times, latency, duration),
        Chart("Evidence of drift", times, evidence, of_decades, (decades(1.0), "page"), ticks=range(0, DECADES + 1, 2)),
    )
    return f'<div class="charts">{"".join(f"<div class=card>{line_chart(chart)}</div>" for chart in drawn)}</div>'


def _quantile(history: list[WindowPoint], q: float) -> list[float | None]:
    place = QUANTILES.index(q)
    return [point.quantiles[place] if point.quantiles else None for point in history]


def _features(model: ModelView) -> str:
    if not model.features:
        return (
            '<div class="card"><h2>Features</h2><p class="empty">No feature was compared in the last window.</p></div>'
        )
    shown = model.features[:SHOWN_FEATURES]
    folded = shown[OPEN_FEATURES:]
    more = ""
    if folded:
        key = f"{esc(model.model)}/{esc(model.version)}/features"
        more = f'<details data-keep="{key}"><summary>{len(folded)} more</summary>{_table(folded)}</details>'
    beyond = len(model.features) - len(shown)
    rest = f'<p class="quiet">{beyond} features with less evidence are on /metrics only.</p>' if beyond > 0 else ""
    return (
        '<div class="card features"><h2>Features by evidence <span class="legend">'
        '<span class="key was">reference</span><span class="key now">window</span></span></h2>'
        f"{_table(shown[:OPEN_FEATURES])}{more}{rest}</div>"
    )


def _table(features: Iterable[FeaturePicture]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
    return (
        f'<div class="scroll"><table><caption>Features, most evidence first</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(map(_row, features))}</tbody></table></div>"
    )


def _row(picture: FeaturePicture) -> str:
    method = next((m for m in BEST_METHODS if m in picture.distances), None)
    score = f"{number(picture.distances[method])} <small>{method.replace('_', ' ')}</small>" if method else "–"
    role = f'<span class="role">{esc(picture.role)}</span>'
    level = "high" if picture.evidence >= 1 else "mid" if picture.evidence >= 0.1 else "low"
    return (
        f'<tr><th scope="row"><span class="feature">{esc(picture.feature)}</span> {role}</th>'
        f"<td>{bins(picture.bins, picture.reference, picture.window)}</td>"
        f"<td>{esc(picture.change) or '–'}</td><td>{score}</td>"
        f"<td>{share(picture.problems.get('missing', 0.0))}</td>"
        f'<td><meter class="{level}" min="0" max="1" value="{min(picture.evidence, 1):.4f}" '
        f'aria-label="evidence">{picture.evidence:.2f}</meter> {evidence_text(picture.evidence)}</td></tr>'
    )
