"""The parts of the page about the sidecar as a whole: warnings, conservation, GPU, timeline."""

from sentinel.telemetry.page.text import esc, moment, number, share, span, storage
from sentinel.telemetry.view import Conservation, Event, GpuView, StatusView

OUTCOME_WORDS = (
    ("analysed", "analysed", "c1"),
    ("sampled_out", "sampled out by choice", "c2"),
    ("dropped", "dropped for want of room", "c5"),
    ("undecodable", "not decodable", "c3"),
)
SHOWN_EVENTS = 30
SHOWN_REASONS = 8
STALE_WINDOWS = 3
_NO_GPU = '<p class="empty">No driver of a GPU answers in this container.</p>'


def banner(view: StatusView, now: float) -> str:
    """What stands in the way of trusting this page, first of all; nothing when nothing does."""
    lines = [f"<li>{esc(line)}</li>" for line in _troubles(view, now)]
    return f'<ul class="banner" role="alert">{"".join(lines)}</ul>' if lines else ""


def _troubles(view: StatusView, now: float) -> list[str]:
    troubles = []
    if not view.ready:
        troubles.append("The observer is not ready: traffic passes, nothing is analysed.")
    if not view.store_up:
        troubles.append("The store cannot be written: windows wait on disk until it comes back.")
    if view.dead_letters:
        troubles.append(
            f"{view.dead_letters} rollback request(s) could not be delivered: see sentinel rollback status."
        )
    ends = [model.verdict.end for model in view.models if model.verdict]
    if ends and now - max(ends) > STALE_WINDOWS * view.window_seconds:
        troubles.append(f"The last window closed {span(now - max(ends))} ago: what follows is old.")
    return troubles


def conservation(counts: Conservation) -> str:
    """Where every exchange went."""
    total = counts.received
    bars = items = ""
    left = 0.0
    for outcome, words, style in OUTCOME_WORDS:
        count = counts.outcomes.get(outcome, 0.0)
        width = count / total * 100 if total else 0.0
        bars += (
            f'<rect class="{style}" x="{left:.3f}" y="0" width="{width:.3f}" height="6"><title>{words}</title></rect>'
        )
        left += width
        part = share(width / 100)
        items += f'<li><span class="key {style}">{words}</span> <b>{number(count)}</b> <small>{part}</small></li>'
    reasons = sorted(((n, r) for r, n in counts.reasons.items() if n), reverse=True)[:SHOWN_REASONS]
    why = "".join(f"<li><span>{esc(reason)}</span> <b>{number(count)}</b></li>" for count, reason in reasons)
    unaccounted = "every one accounted for" if counts.unaccounted <= 0 else f"{number(counts.unaccounted)} in flight"
    return (
        '<section class="card"><h2>Exchanges</h2>'
        f'<p class="big">{number(total)} <small>received, {unaccounted}</small></p>'
        '<svg class="stack" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="Outcomes">'
        f'{bars}</svg><ul class="counts">{items}</ul>'
        + (f'<h3>Reasons</h3><ul class="counts">{why}</ul>' if why else "")
        + "</section>"
    )


def gpus(view: StatusView) -> str:
    """One card of all devices; a plain sentence where no driver answers."""
    body = "".join(map(_gpu, view.gpus)) if view.gpu_up else _NO_GPU
    return f'<section class="card"><h2>GPU</h2>{body}</section>'


def _gpu(device: GpuView) -> str:
    facts = [f"{device.power_watts:.0f} W"] if device.power_watts is not None else []
    facts += [f"{device.temperature:.0f} °C"] if device.temperature is not None else []
    bars = _bar("compute", device.utilization, share(device.utilization or 0.0))
    if device.memory_used is not None and device.memory_total:
        label = f"{storage(device.memory_used)} of {storage(device.memory_total)}"
        bars += _bar("memory", device.memory_used / device.memory_total, label)
    title = f"{esc(device.gpu)} · {esc(device.name)} <small>{' · '.join(facts)}</small>"
    return f'<div class="gpu"><h3>{title}</h3>{bars}</div>'


def _bar(name: str, value: float | None, label: str) -> str:
    if value is None:
        return ""
    return (
        f'<div class="meter"><span class="name">{name}</span><span class="value">{label}</span>'
        f'<meter class="low" min="0" max="1" value="{min(value, 1):.4f}" aria-label="GPU {name}">'
        f"{value:.2f}</meter></div>"
    )


def timeline(view: StatusView) -> str:
    """Incidents, decisions and deliveries, newest first."""
    if not view.timeline:
        body = '<p class="empty">Nothing has happened yet: no incident, no decision.</p>'
    else:
        body = f'<ol class="timeline">{"".join(map(event_item, view.timeline[:SHOWN_EVENTS]))}</ol>'
    waiting = f' <small class="quiet">{view.pending} request(s) on their way</small>' if view.pending else ""
    return f'<section class="card"><h2>Incidents and rollbacks{waiting}</h2>{body}</section>'


def event_item(event: Event) -> str:
    """One line of a timeline."""
    subject = f'<span class="quiet">{esc(event.model)} {esc(event.version)}</span>' if event.model else ""
    detail = f"<p>{esc(event.detail)}</p>" if event.detail else ""
    told = f"<div><b>{esc(event.title)}</b> {subject}{detail}</div>"
    return f'<li class="event-{esc(event.kind)}">{moment(event.at)}{told}</li>'
