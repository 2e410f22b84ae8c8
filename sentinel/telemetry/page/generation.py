"""The card of a language model: how long a reader waits, what a call costs, how answers end."""

from collections.abc import Mapping

from sentinel.telemetry.page.text import duration, esc, number, share
from sentinel.windows.generation import GenerationCounts
from sentinel.windows.latency import percentiles

SHOWN_REASONS = 5
_MIDDLE, _SLOW = 0.5, 0.95


def language_model(counts: GenerationCounts) -> str:
    """Calls of one window; nothing for models that do not generate."""
    if not counts.calls:
        return ""
    facts = (
        ("Time to first token", *_times(counts.first_token)),
        ("Time per output token", *_times(counts.per_token)),
        ("Tokens read", number(counts.input_tokens), _part(counts.cached_tokens, counts.input_tokens, "from cache")),
        ("Tokens written", number(counts.output_tokens), _estimate(counts)),
    )
    told = "".join(f"<div><dt>{k}</dt><dd>{v}<small>{note}</small></dd></div>" for k, v, note in facts)
    streamed = share(counts.streamed / counts.calls)
    calls = f"last window with calls: {number(counts.calls)} analysed, {streamed} streamed"
    return (
        f'<div class="card"><h2>Language model <span class="legend">{calls}</span></h2>'
        f'<dl class="facts">{told}</dl>{_ends(counts)}</div>'
    )


def _times(buckets: Mapping[int, int]) -> tuple[str, str]:
    found = percentiles(buckets, (_MIDDLE, _SLOW))
    return (duration(found[_MIDDLE]), f"p95 {duration(found[_SLOW])}") if found else ("–", "no stream")


def _part(count: int, whole: int, words: str) -> str:
    return f"{share(count / whole)} {words}" if count else ""


def _estimate(counts: GenerationCounts) -> str:
    return _part(counts.estimated_tokens, counts.output_tokens, "estimated") or "as the server counts"


def _ends(counts: GenerationCounts) -> str:
    """Finish reasons and aborts, most frequent first."""
    ends = sorted([*counts.finish_reasons.items(), ("aborted", counts.aborted)], key=lambda item: -item[1])
    lines = (
        f"<li><span>{esc(end)}</span> <b>{number(count)}</b> <small>{share(count / counts.calls)}</small></li>"
        for end, count in ends[:SHOWN_REASONS]
        if count
    )
    return f'<ul class="counts">{"".join(lines)}</ul>'
