"""Small charts as SVG made on the server: readable without scripts, coloured by the page's style sheet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, log10

from sentinel.telemetry.page.text import clock, esc, tick

WIDTH, HEIGHT = 380, 170
LEFT, RIGHT, TOP, BOTTOM = 50, 6, 8, 22
GRID_LINES = 4
TIME_LABELS = 3
HEADROOM = 1.25  # a limit line keeps this much room above it


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a chart: class for its colour, name for its legend, a value (or None: a gap) per point in time."""

    style: str
    name: str
    values: Sequence[float | None]
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over a common time axis. limit: a level drawn across, with its label. ticks: a fixed grid."""

    title: str
    times: Sequence[float]
    lines: Sequence[Line]
    show: Callable[[float], str]
    limit: tuple[float, str] | None = None
    ticks: Sequence[float] = ()


def line_chart(chart: Chart) -> str:
    """An SVG figure with legend; a sentence instead when there is nothing to draw yet."""
    if len(chart.times) < 2:
        return f'<figure class="chart"><figcaption>{esc(chart.title)}</figcaption>' + _EMPTY + "</figure>"
    top = _top(chart)
    parts = [_grid(chart, top), _time_axis(chart.times)]
    parts += [_path(line, chart.times, top) for line in chart.lines]
    if chart.limit is not None:
        parts.append(_limit(*chart.limit, top))
    parts.append(_hover(chart))
    legend = "".join(f'<span class="key {line.style}">{esc(line.name)}</span>' for line in chart.lines)
    return (
        f'<figure class="chart"><figcaption>{esc(chart.title)}<span class="legend">{legend}</span></figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{esc(_spoken(chart))}">'
        f"{''.join(parts)}</svg></figure>"
    )


def strip(states: Sequence[tuple[float, str, str]]) -> str:
    """One cell per window: (end, state, tooltip), oldest first."""
    if not states:
        return ""
    width = WIDTH / len(states)
    cells = "".join(
        f'<rect class="state-{esc(state)}" x="{i * width:.2f}" y="0" width="{max(width - 0.6, 0.4):.2f}" height="14">'
        f"<title>{esc(tip)}</title></rect>"
        for i, (_, state, tip) in enumerate(states)
    )
    label = f"Verdict of the last {len(states)} windows; the newest is {states[-1][1]}"
    return (
        f'<svg class="strip" viewBox="0 0 {WIDTH} 14" preserveAspectRatio="none" role="img" '
        f'aria-label="{esc(label)}">{cells}</svg>'
    )


def bins(names: Sequence[str], reference: Sequence[float], window: Sequence[float]) -> str:
    """Reference shares as outline, window shares as bars: one pair per bin."""
    if not names or len(reference) != len(names) or len(window) != len(names):
        return ""
    width, height = 150.0, 34.0
    each = width / len(names)
    top = max(*reference, *window, 1e-9)
    parts = []
    for i, (name, was, now) in enumerate(zip(names, reference, window, strict=True)):
        x, high_was, high_now = i * each, was / top * height, now / top * height
        parts.append(
            f"<g><title>{esc(name)}: {was:.1%} in the reference, {now:.1%} now</title>"
            f'<rect class="hit" x="{x:.1f}" y="0" width="{each:.1f}" height="{height:.0f}"/>'
            f'<rect class="was" x="{x + 0.5:.1f}" y="{height - high_was:.1f}" width="{each - 1:.1f}" '
            f'height="{high_was:.1f}"/>'
            f'<rect class="now" x="{x + each * 0.28:.1f}" y="{height - high_now:.1f}" width="{each * 0.44:.1f}" '
            f'height="{high_now:.1f}"/></g>'
        )
    return (
        f'<svg class="bins" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="Reference against window, {len(names)} bins">{"".join(parts)}</svg>'
    )


_EMPTY = '<p class="empty">Two windows are needed before there is a line to draw.</p>'


def _top(chart: Chart) -> float:
    if chart.ticks:
        return chart.ticks[-1]
    values = [value for line in chart.lines for value in line.values if value is not None]
    if chart.limit is not None:
        values.append(chart.limit[0] * HEADROOM)
    return _round_up(max(values, default=0.0))


def _round_up(value: float) -> float:
    """The next 1, 2, 2.5, 4, 5 or 10 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(power * step for step in (1, 2, 2.5, 4, 5, 10) if power * step >= value * 0.999)


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - min(value / top, 1.0) * (HEIGHT - TOP - BOTTOM)


def _x(at: float, times: Sequence[float]) -> float:
    return LEFT + (at - times[0]) / ((times[-1] - times[0]) or 1) * (WIDTH - LEFT - RIGHT)


def _grid(chart: Chart, top: float) -> str:
    lines = []
    for value in chart.ticks or [top * i / GRID_LINES for i in range(GRID_LINES + 1)]:
        y = _y(value, top)
        lines.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" x="{LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{esc(chart.show(value))}</text>'
        )
    return "".join(lines)


def _time_axis(times: Sequence[float]) -> str:
    wanted = [times[0] + (times[-1] - times[0]) * i / (TIME_LABELS - 1) for i in range(TIME_LABELS)]
    covered = times[-1] - times[0]
    anchors = ("start", *("middle",) * (TIME_LABELS - 2), "end")
    return "".join(
        f'<text class="tick" x="{_x(at, times):.1f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{tick(at, covered)}</text>'
        for at, anchor in zip(wanted, anchors, strict=True)
    )


def _path(line: Line, times: Sequence[float], top: float) -> str:
    runs: list[list[str]] = [[]]
    for at, value in zip(times, line.values, strict=True):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{_x(at, times):.1f},{_y(value, top):.1f}")
    drawn = [run for run in runs if run]
    area = ""
    if line.filled:
        floor = f"{HEIGHT - BOTTOM}"
        for run in drawn:
            first, last = run[0].split(",")[0], run[-1].split(",")[0]
            area += f'<path class="area {line.style}" d="M{first},{floor}L{"L".join(run)}L{last},{floor}Z"/>'
    return area + "".join(f'<path class="line {line.style}" d="M{"L".join(run)}"/>' for run in drawn)


def _limit(level: float, label: str, top: float) -> str:
    y = _y(level, top)
    return (
        f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="limit-label" x="{LEFT + 4}" y="{y - 4:.1f}">{esc(label)}</text>'
    )


def _hover(chart: Chart) -> str:
    """Invisible columns, one per window, whose tooltip tells the values."""
    step = (WIDTH - LEFT - RIGHT) / max(len(chart.times) - 1, 1)
    return "".join(
        f'<rect class="hit" x="{_x(at, chart.times) - step / 2:.1f}" y="{TOP}" width="{step:.1f}" '
        f'height="{HEIGHT - TOP - BOTTOM}">'
        f"<title>{clock(at, seconds=True)} UTC&#10;{esc(_values(chart, i))}</title></rect>"
        for i, at in enumerate(chart.times)
    )


def _values(chart: Chart, i: int) -> str:
    told = ((line.name, line.values[i]) for line in chart.lines)
    return "\n".join(f"{name} {'–' if value is None else chart.show(value)}" for name, value in told)


def _spoken(chart: Chart) -> str:
    return f"{chart.title}, last: {_values(chart, -1)}".replace("\n", ", ")
