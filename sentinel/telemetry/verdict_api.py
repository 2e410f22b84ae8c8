"""The last verdict of a model in the form that Argo Rollouts' web metric reads: always an answer, no HTTP error.

`pass` only when the traffic was judged and is fine; no data, blindness and silence are `inconclusive`, so that a
rollout pauses instead of going on or being aborted.
"""

from typing import Any

from sentinel.judge.verdict import State, Verdict
from sentinel.telemetry.view import ModelView, StatusView

MOST_FEATURES = 10
STALE_WINDOWS = 5  # a verdict older than this many windows says nothing about now

_ANSWERS = {State.OK: "pass", State.BREACH: "fail"}


def analysis(view: StatusView, model: str, version: str, now: float) -> dict[str, Any]:
    """`{"data": {"verdict": "pass|fail|inconclusive", …}}` for one model; its newest version when none is named."""
    matching = [m for m in view.models if m.model == model and (not version or m.version == version)]
    chosen = max((m for m in matching if m.verdict is not None), key=_end, default=None)
    if chosen is None or chosen.verdict is None:
        return {"data": _unknown(model, version, "no window of this model has been judged yet")}
    if now - chosen.verdict.end > STALE_WINDOWS * view.window_seconds:
        return {"data": _unknown(model, chosen.version, "the last window is too old to speak of now")}
    return {"data": _known(chosen, chosen.verdict)}


def _end(model: ModelView) -> float:
    return model.verdict.end if model.verdict else 0.0


def _unknown(model: str, version: str, why: str) -> dict[str, Any]:
    return {"verdict": "inconclusive", "ok": False, "model": model, "version": version, "explanation": why}


def _known(model: ModelView, verdict: Verdict) -> dict[str, Any]:
    return {
        "verdict": _ANSWERS.get(verdict.state, "inconclusive"),
        "ok": verdict.state == State.OK,
        "state": str(verdict.state),
        "model": model.model,
        "version": model.version,
        "score": verdict.evidence,
        "threshold": 1.0,
        "rows": verdict.rows,
        "window": {"start": verdict.start, "end": verdict.end},
        "explanation": verdict.explanation,
        "reasons": [
            {
                "feature": finding.feature,
                "cause": finding.cause,
                "evidence": finding.evidence,
                "change": finding.change,
                "dependence": finding.dependence,
            }
            for finding in verdict.findings[:MOST_FEATURES]
        ],
    }
