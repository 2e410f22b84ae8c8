"""The card of the failed and the slowest exchanges of the last window: where to look, nothing of what they said."""

from sentinel.telemetry.page.text import duration, esc, moment, storage
from sentinel.telemetry.view import StatusView
from sentinel.windows.exemplars import Told

_COLUMNS = ("Route", "Answer", "Time", "Asked", "Answered", "Second", "Trace")


def exemplars(view: StatusView) -> str:
    """Nothing before a window with traffic was closed."""
    if not view.exemplars:
        return ""
    head = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
    rows = "".join(map(_row, view.exemplars))
    return (
        '<section class="card"><h2>Failed and slowest</h2><p class="quiet">Of the last window, by the counts of all '
        "traffic; kept apart from what is analysed.</p>"
        '<div class="scroll" tabindex="0" role="region" aria-label="Failed and slowest exchanges"><table>'
        "<caption>Failed and slowest exchanges of the last window</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _row(told: Told) -> str:
    one, route = told.exemplar, told.route
    cells = (
        esc(one.code),
        duration(one.duration_seconds),
        storage(one.request_bytes),
        storage(one.response_bytes),
        moment(told.at),
        esc(one.trace) or "–",
    )
    name = esc(f"{route.method} {route.path}".strip())
    return f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
