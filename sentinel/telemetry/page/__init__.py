"""The status page: one HTML document made on the server from a `StatusView`. It needs nothing from outside.

The script only swaps the content for a fresh copy every few seconds; without it a <noscript> refresh does the same.
The policy allows exactly this style sheet and this script, by their hashes: markup in a feature's name stays text.
"""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from sentinel.telemetry.page.exemplars import exemplars
from sentinel.telemetry.page.model import model_section
from sentinel.telemetry.page.overview import banner, conservation, gpus, timeline
from sentinel.telemetry.page.shadow import shadow
from sentinel.telemetry.page.text import esc, moment, span
from sentinel.telemetry.view import StatusView

REFRESH_SECONDS = 5
LIVE_WINDOWS = 3  # a version whose last window is older, against the newest, is no longer served
DOCS = "https://github.com/sentinel-sidecar/sentinel/tree/main/docs"

STYLE = (files(__package__) / "page.css").read_text(encoding="utf-8")
_SCRIPT = (files(__package__) / "page.js").read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


PAGE_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_hash(STYLE)}'; script-src 'sha256-{_hash(_SCRIPT)}'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Cpath d='M8 1l6 2.4v4.2c0 3.7-2.6 6.3-6 7.4-3.4-1.1-6-3.7-6-7.4V3.4z' fill='%233366cc'/%3E%3C/svg%3E"
)

MARK = (
    '<svg class="mark" viewBox="0 0 16 16" aria-hidden="true"><path d="M8 1l6 2.4v4.2c0 3.7-2.6 6.3-6 7.4-3.4-1.1'
    '-6-3.7-6-7.4V3.4z"/><path class="eye" d="M4.2 8.4h2l1.2-2.6 1.6 4 1-1.4h1.8"/></svg>'
)


def render(view: StatusView, *, now: float) -> str:
    """The whole document; `now` in seconds since the epoch."""
    models = sorted(view.models, key=lambda m: -(m.verdict.end if m.verdict else 0.0))
    ends = [model.verdict.end if model.verdict else 0.0 for model in models]
    live = [ends[0] - end <= LIVE_WINDOWS * view.window_seconds for end in ends]
    sections = "".join(
        model_section(model, view, newest=i == 0, live=alive)
        for i, (model, alive) in enumerate(zip(models, live, strict=True))
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{esc(_title(view))}</title>"
        f'<link rel="icon" href="{ICON}">'
        f'<noscript><meta http-equiv="refresh" content="{REFRESH_SECONDS * 3}"></noscript>'
        f"<style>{STYLE}</style></head><body>"
        f'<a class="skip" href="#content">Skip to content</a>{_header(view, now)}'
        f'<main id="content" data-refresh="{REFRESH_SECONDS}">'
        f"{banner(view, now)}{sections or _waiting(view)}"
        f'<div class="columns">{conservation(view.conservation)}<div>{shadow(view)}{gpus(view)}</div></div>'
        f"{exemplars(view)}{timeline(view)}"
        f"</main>{_FOOTER}<script>{_SCRIPT}</script></body></html>"
    )


def _title(view: StatusView) -> str:
    states = [model.verdict.state for model in view.models if model.verdict]
    worst = max(states, key=lambda state: state.severity, default=None)
    return f"{worst} · sentinel" if worst else "sentinel"


def _header(view: StatusView, now: float) -> str:
    return (
        f'<header class="top"><span class="brand">{MARK}sentinel</span>'
        f'<nav aria-label="Links"><a href="/metrics">Metrics</a><a href="/v1/windows">Windows</a>'
        f'<a href="/readyz">Readiness</a><a href="{DOCS}" rel="noreferrer">Docs</a></nav>'
        f'<span class="fresh" id="fresh">as of {moment(now)} · up {span(now - view.started_at)}</span></header>'
    )


def _waiting(view: StatusView) -> str:
    return (
        '<section class="card hero state-insufficient"><div class="verdict"><h1>Waiting for the first window</h1>'
        f'<p class="why">Traffic passes through already. A window lasts {span(view.window_seconds)}; '
        "the first verdict comes when the first one with traffic ends.</p></div></section>"
    )


_FOOTER = (
    "<footer><p>Counts and sketches only: no row, prompt or label of the traffic is kept or shown here.</p></footer>"
)
