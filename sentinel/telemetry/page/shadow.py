"""The card of the second model: what is proven of it, output by output, and how fast it is."""

from sentinel.shadow.account import SIDES, Account, OutputAccount, latency_quantiles
from sentinel.shadow.book import Standing
from sentinel.telemetry.page.text import duration, esc, number, share
from sentinel.telemetry.view import StatusView

STATES = {"equivalent": "ok", "different": "breach", "unknown": "insufficient"}
"""Verdict -> the state whose colours it has."""
_COLUMNS = ("Output", "Same", "Distance p50", "p99")


def shadow(view: StatusView) -> str:
    """Nothing where no second model is set."""
    if view.shadows is None:
        return ""
    body = "".join(map(_standing, view.shadows)) or '<p class="empty">No request has been mirrored yet.</p>'
    return f'<section class="card"><h2>Second model</h2>{body}</section>'


def _standing(standing: Standing) -> str:
    result = standing.result
    named = f" against {esc(standing.candidate)}" if standing.candidate else ""
    badge = f'<span class="badge state-{STATES[result.verdict]}">{result.verdict}</span>'
    return (
        f'<h3>{esc(standing.model)} <span class="version">{esc(standing.version)}</span>{named} {badge}</h3>'
        f'<p class="why">{esc(result.sentence)}</p>{_outputs(result.account)}{_latency(result.account)}'
    )


def _outputs(account: Account) -> str:
    if not account.outputs:
        return ""
    head = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
    rows = "".join(_output(name, output) for name, output in account.outputs.items())
    return (
        '<div class="scroll"><table><caption>Outputs of both models</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _output(name: str, output: OutputAccount) -> str:
    quantiles = output.quantiles()
    told = [f"{number(quantiles[q])} sd" if q in quantiles else "–" for q in (0.5, 0.99)]
    cells = "".join(f"<td>{cell}</td>" for cell in (share(output.agreement_ratio), *told))
    return f'<tr><th scope="row">{esc(name)}</th>{cells}</tr>'


def _latency(account: Account) -> str:
    """Both sides on the same requests."""
    found = {side: latency_quantiles(account, side) for side in SIDES}
    lines = (f"{side} p50 {duration(q[0.5])}, p99 {duration(q[0.99])}" for side, q in found.items() if q)
    told = " · ".join(lines)
    return f'<p class="quiet">{told}</p>' if told else ""
