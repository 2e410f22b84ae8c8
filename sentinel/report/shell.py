"""The frame of every report: one document in the style of the status page, without script, loading nothing."""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from sentinel.telemetry.page import ICON, MARK, STYLE
from sentinel.telemetry.page.text import esc, moment

_STYLE = STYLE + (files(__package__) / "report.css").read_text(encoding="utf-8")
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; img-src data:"
)


def document(kind: str, title: str, made_at: float, content: str, footer: str) -> str:
    """The whole document; content and footer are HTML, the rest is text."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f'<title>{esc(title)} · sentinel {esc(kind.lower())}</title><link rel="icon" href="{ICON}">'
        f"<style>{_STYLE}</style></head>"
        f'<body class="report"><header class="top"><span class="brand">{MARK}sentinel</span>'
        f'<span class="quiet">{esc(kind)}</span><span class="fresh">made {moment(made_at)}</span></header>'
        f'<main id="content">{content}</main><footer><p>{footer}</p></footer></body></html>'
    )
