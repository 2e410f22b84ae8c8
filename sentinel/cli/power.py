"""`sentinel power`: what will be seen, how soon, and how often a page will be false."""

import json
import time
from argparse import Namespace
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from math import log
from typing import Any

from sentinel.app import pace
from sentinel.app.assembly import load_reference
from sentinel.app.pace import Pace
from sentinel.app.verdicts import policy_options
from sentinel.cli.pages import write_pages
from sentinel.cli.problems import CommandError
from sentinel.cli.settings import settings_of
from sentinel.cli.terminal import console
from sentinel.config import Settings
from sentinel.judge.power import DAY, HOUR, FeaturePower, Power, PowerOf
from sentinel.report.power_page import render
from sentinel.store import StoreError, open_store
from sentinel.store.contract import Selection

FLAGS = {
    "reference": "reference.path",
    "tolerance": "drift.tolerance",
    "false_pages": "drift.false_pages",
    "per_days": "drift.per_days",
    "window_seconds": "window.seconds",
    "sample_ratio": "capture.sample_ratio",
}
SHIFTS = {"sd": (0.15, 0.25, 0.5, 1.0), "points": (5.0, 10.0, 20.0, 40.0)}
"""Drifts whose delay is shown when none are asked for: from barely more than the default tolerance to plain to see."""
MODERATE = {"sd": 0.5, "points": 20.0}
"""A drift that most people would want to hear of within a day."""
RECENT_SECONDS = DAY
"""Stored windows that tell the pace of traffic."""
BAR = 40
"""Characters of the longest bar of the plot."""

Delays = Mapping[float, float | None]


@dataclass(frozen=True, slots=True)
class Answer:
    """delays: feature -> size of drift -> seconds until a page, None: never."""

    pace: Pace
    power: Power
    delays: Mapping[str, Delays]
    advice: tuple[str, ...]


def power(arguments: Namespace) -> int:
    overrides = {path: value for flag, path in FLAGS.items() if (value := getattr(arguments, flag)) is not None}
    settings = settings_of(arguments, overrides)
    reference = load_reference(settings)
    if reference is None:
        raise CommandError("there is nothing to compare with: set reference.path or give --reference")
    found = _pace(arguments, settings)
    of = PowerOf(
        reference,
        rows_per_hour=found.rows_per_hour,
        window_seconds=settings.window.seconds,
        **policy_options(settings, reference),
    )
    sizes = {"sd": arguments.shift or SHIFTS["sd"], "points": arguments.points or SHIFTS["points"]}
    summary = of.summary()
    delays = {f.feature: {size: of.expected_delay(f.feature, size) for size in sizes[f.unit]} for f in summary.features}
    answer = Answer(found, summary, delays, tuple(_advice(of, summary, found)))
    name = f"{reference.name} {reference.version}"
    if arguments.json:
        print(json.dumps(_plain(answer, settings), indent=2))
    else:
        _print(answer, settings, name)
    write_pages(arguments, lambda: render(_plain(answer, settings), name, time.time()))
    return 0


def _pace(arguments: Namespace, settings: Settings) -> Pace:
    if arguments.rows_per_hour is not None:
        return pace.stated(arguments.rows_per_hour, settings.capture.sample_ratio)
    try:
        with closing(open_store(arguments.store or settings.store.url)) as store:
            since = time.time() - RECENT_SECONDS
            recent = store.merge_windows(Selection(model=arguments.model, replica=arguments.replica, since=since))
    except StoreError as error:
        raise CommandError(f"{error}; or state the traffic with --rows-per-hour") from error
    found = pace.measured(recent)
    if found is None:
        raise CommandError("the store holds no rows of the last day to measure: state the traffic with --rows-per-hour")
    return found if arguments.sample_ratio is None else found.sampled(arguments.sample_ratio)


def _advice(of: PowerOf, power: Power, found: Pace) -> list[str]:
    """What to change, most pressing first; what is fine, when nothing is."""
    waits = {f.feature: of.expected_delay(f.feature, MODERATE[f.unit]) for f in power.features}
    drift = f"{MODERATE['sd']:g} sd or {MODERATE['points']:g} points of share"
    never = [name for name, seconds in waits.items() if seconds is None]
    slow = {name: seconds for name, seconds in waits.items() if seconds is not None and seconds > DAY}
    advice = []
    if never:
        advice.append(f"A drift of {drift} of {_names(never)} is never paged: lower the tolerance if it matters.")
    if slow:
        advice.append(_more_rows(slow, drift, found))
    if not advice:
        worst = max((seconds for seconds in waits.values() if seconds is not None), default=0.0)
        advice.append(
            f"A drift of {drift} of any feature is paged within {_duration(worst)}: traffic and sampling suffice."
        )
    return advice


def _more_rows(slow: Mapping[str, float], drift: str, found: Pace) -> str:
    times = max(slow.values()) / DAY
    finding = f"A drift of {drift} of {_names(list(slow))} takes up to {_duration(max(slow.values()))}: "
    if (ratio := found.analysed_ratio * times) <= 1:
        return f"{finding}analyse more, capture.sample_ratio: {ratio:.2g} finds it within a day."
    rows = found.rows_per_hour * times
    return f"{finding}within a day it takes {rows:,.0f} rows an hour, more than there are; merge replicas or wait."


def _names(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more features" if len(names) > 3 else "")


def _plain(answer: Answer, settings: Settings) -> dict[str, Any]:
    def feature(f: FeaturePower) -> dict[str, Any]:
        return asdict(f) | {"delay_seconds": {f"{size:g}": s for size, s in answer.delays[f.feature].items()}}

    return {
        "rows_per_hour": answer.pace.rows_per_hour,
        "analysed_ratio": answer.pace.analysed_ratio,
        "pace": answer.pace.source,
        "window_seconds": settings.window.seconds,
        "tolerance": settings.drift.tolerance,
        "false_pages": answer.power.false_pages,
        "per_days": answer.power.per_days,
        "features": [feature(f) for f in answer.power.features],
        "advice": list(answer.advice),
    }


def _print(answer: Answer, settings: Settings, name: str) -> None:
    out, found, drift = console(prose=True), answer.pace, settings.drift
    out.print(
        f"{name}: {found.rows_per_hour:,.0f} analysed rows an hour ({found.source}, {found.analysed_ratio:.3g} of the "
        f"traffic), windows of {settings.window.seconds:g} s, tolerance {drift.tolerance}"
    )
    out.print(
        f"false pages: at most {drift.false_pages:g} in {drift.per_days:g} days on average, over all features "
        "together and however often one looks\n"
    )
    out.print(_table(answer.power))
    for unit in SHIFTS:
        if chosen := [f.feature for f in answer.power.features if f.unit == unit]:
            out.print(_plot(unit, [answer.delays[feature] for feature in chosen]))
    for sentence in answer.advice:
        out.print(f"\n{sentence}")


def _table(power: Power) -> Any:
    from rich.table import Table

    table = Table("feature", "role", "found in an hour", "in a day", "never found", box=None, pad_edge=False)
    for f in power.features:
        within = (f"from {_size(d, f.unit)}" if d is not None else "–" for d in (f.within_hour, f.within_day))
        dead = f"below {_size(f.dead_zone, f.unit)}" if f.dead_zone is not None else "whatever its size"
        table.add_row(f.feature, f.role, *within, dead)
    return table


def _plot(unit: str, delays: list[Delays]) -> str:
    """A bar for each size of drift: time until a page of the slowest feature, on a logarithmic scale."""
    slowest = {size: _slowest([d[size] for d in delays]) for size in delays[0]}
    finite = [s for s in slowest.values() if s is not None]
    shortest, longest = min(finite, default=1.0), max(finite, default=1.0)
    lines = [f"\ntime until a page, slowest feature ({'mean shift' if unit == 'sd' else 'share gained'}, log scale)"]
    for size, seconds in slowest.items():
        lines.append(f"  {_size(size, unit):>12}  {_bar(seconds, shortest, longest)}")
    return "\n".join(lines)


def _slowest(seconds: list[float | None]) -> float | None:
    known = [s for s in seconds if s is not None]
    return max(known) if len(known) == len(seconds) else None


def _bar(seconds: float | None, shortest: float, longest: float) -> str:
    if seconds is None:
        return "never"
    share = log(seconds / shortest) / log(longest / shortest) if longest > shortest else 0.0
    return "#" * (1 + round(share * (BAR - 1))) + f" {_duration(seconds)}"


def _size(size: float, unit: str) -> str:
    return f"{size:.2f} sd" if unit == "sd" else f"{size:.1f} points"


def _duration(seconds: float) -> str:
    if seconds < HOUR:
        return f"{seconds / 60:.2g} minutes"
    return f"{seconds / HOUR:.3g} hours" if seconds < 2 * DAY else f"{seconds / DAY:.3g} days"
