"""What a replay tells: a verdict a line, or a summary with a plot and what would have paged, and a report."""

import json
import time
from argparse import Namespace
from typing import Any

from sentinel.app.notebook import Notebook
from sentinel.cli.pages import write_pages
from sentinel.cli.plots import Judged, verdicts_plot
from sentinel.cli.terminal import console
from sentinel.config import Settings
from sentinel.config.times import show_time
from sentinel.reference.frozen import FrozenReference
from sentinel.report import page
from sentinel.report.facts import Facts
from sentinel.report.gather import gather
from sentinel.rollback.past import DECISION
from sentinel.store.contract import Selection

MOST_DECISIONS = 1000


def answer(arguments: Namespace, settings: Settings, notebook: Notebook, reference: FrozenReference) -> None:
    if arguments.json:
        for verdict in notebook.verdicts():
            print(json.dumps(verdict))
    else:
        _summary(notebook)
    write_pages(arguments, lambda: page.render(_facts(arguments, settings, notebook, reference)))


def _facts(arguments: Namespace, settings: Settings, notebook: Notebook, reference: FrozenReference) -> Facts:
    chosen, error_ratio = Selection(model=arguments.model), settings.slo.error_ratio
    return gather(notebook.store, chosen, reference, now=time.time(), error_ratio=error_ratio)


def _summary(notebook: Notebook) -> None:
    out = console(prose=True)
    verdicts = list(notebook.verdicts())
    if not verdicts:
        out.print("no windows to judge")
        return
    opened = [incident for verdict in verdicts for incident in verdict["opened"]]
    states = [verdict["state"] for verdict in verdicts]
    counts = ", ".join(f"{states.count(state):,} {state}" for state in dict.fromkeys(states))
    first, last = verdicts[0]["start"], verdicts[-1]["end"]
    out.print(f"{len(verdicts):,} windows from {show_time(first)} to {show_time(last)}: {counts}")
    if lost := _undecodable(notebook):
        out.print(f"could not be decoded: {lost}")
    out.print(verdicts_plot([_judged(verdict) for verdict in verdicts]), markup=False)
    out.print(_pages(verdicts, opened) if opened else "nothing would have paged")
    for record in reversed(notebook.store.audit_trail(MOST_DECISIONS)):
        if record.action == DECISION:
            out.print(f"{show_time(record.at)}  {record.outcome}: {record.sentence}", markup=False)


def _undecodable(notebook: Notebook) -> str:
    reasons: dict[str, int] = {}
    for window in notebook.store.merge_windows(Selection()):
        for reason, number in window.traffic.undecodable.items():
            reasons[reason] = reasons.get(reason, 0) + number
    return ", ".join(f"{number:,} {reason.replace('_', ' ')}" for reason, number in reasons.items())


def _judged(verdict: dict[str, Any]) -> Judged:
    pages = bool(verdict["opened"])
    return Judged(verdict["start"], verdict["end"], verdict["state"], verdict["evidence"], pages)


def _pages(verdicts: list[dict[str, Any]], opened: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    ended = {i["id"]: i["resolved_at"] for verdict in verdicts for i in verdict["resolved"]}
    table = Table("paged at", "resolved", "version", "cause", "what it says", box=None, pad_edge=False)
    for incident in opened:
        resolved = ended.get(incident["id"])
        table.add_row(
            show_time(incident["opened_at"]),
            show_time(resolved) if resolved else "still open",
            incident["version"],
            incident["cause"].replace("_", " "),
            incident["explanation"],
        )
    return table
