"""`sentinel report`: one page about a range of windows."""

import json
import time
from argparse import Namespace
from contextlib import closing
from pathlib import Path
from typing import Any

from sentinel.app.assembly import load_reference
from sentinel.cli.pages import wants_page, write_pages
from sentinel.cli.problems import CommandError
from sentinel.cli.settings import settings_of
from sentinel.cli.terminal import console, progress_bar
from sentinel.config import Settings
from sentinel.config.times import parse_time, show_time
from sentinel.report import page, peer, words
from sentinel.report.facts import Facts, plain
from sentinel.report.gather import NothingThere, gather
from sentinel.report.peer import ExtraMissing
from sentinel.report.tables import NoRows, tables
from sentinel.store import SqlStore, StoreError, open_store
from sentinel.store.contract import Selection
from sentinel.telemetry.page.text import duration, evidence_text, number, share

SHOWN_FEATURES = 10
SHOWN_EVENTS = 15


def report(arguments: Namespace) -> int:
    """Writes what was asked for; with nothing asked for, a summary for the terminal."""
    settings = settings_of(arguments, {"reference.path": arguments.reference} if arguments.reference else None)
    try:
        with closing(open_store(arguments.store or settings.store.url)) as store:
            if arguments.evidently:
                _evidently(store, arguments, settings)
            if arguments.json or not arguments.evidently or wants_page(arguments):
                _write(_facts(store, arguments, settings), arguments)
    except (StoreError, NothingThere, NoRows, ExtraMissing) as error:
        raise CommandError(str(error)) from error
    return 0


def _evidently(store: SqlStore, arguments: Namespace, settings: Settings) -> None:
    reference = load_reference(settings)
    if reference is None:
        raise CommandError("there is nothing to compare with: set reference.path or give --reference")
    normal = Path(arguments.reference_rows) if arguments.reference_rows else None
    found = tables(store, _chosen(arguments), reference, normal)
    peer.write(found, Path(arguments.evidently), f"{reference.name} {reference.version}: rows of a range, by sentinel")
    if not arguments.json:
        print(arguments.evidently)
        for notice in found.notices:
            print(notice)


def _chosen(arguments: Namespace) -> Selection:
    now = time.time()
    return Selection(
        model=arguments.model,
        version=arguments.version,
        since=parse_time(arguments.since, now) if arguments.since else 0.0,
        until=parse_time(arguments.until, now) if arguments.until else 1e18,
    )


def _facts(store: SqlStore, arguments: Namespace, settings: Settings) -> Facts:
    reference, error_ratio = load_reference(settings), settings.slo.error_ratio
    with progress_bar("reading windows") as tell:
        return gather(store, _chosen(arguments), reference, now=time.time(), error_ratio=error_ratio, tell=tell)


def _write(facts: Facts, arguments: Namespace) -> None:
    if arguments.json:
        print(json.dumps(plain(facts), indent=2))
    elif not wants_page(arguments):
        _print(facts)
    write_pages(arguments, lambda: page.render(facts))


def _print(facts: Facts) -> None:
    out = console(prose=True)
    whole = facts.all
    p99 = duration(whole.p99_seconds) if whole.p99_seconds is not None else "–"
    out.print(f"{facts.model}: {show_time(facts.since)} to {show_time(facts.until)}, {facts.state}", markup=False)
    for sentence in facts.summary:
        out.print(sentence, markup=False)
    out.print(words.sure(facts))
    out.print(
        f"{number(whole.received)} requests, {share(whole.failed_ratio)} failed, p99 {p99}, {number(whole.rows)} rows "
        f"in {whole.windows} windows; {share(facts.budget_spent_ratio)} of the false-page budget spent"
    )
    for notice in facts.notices:
        out.print(notice, markup=False)
    if facts.features:
        out.print(_features(facts))
    for event in facts.timeline[:SHOWN_EVENTS]:
        out.print(f"{show_time(event.at)}  {event.title}  {event.version} {event.detail}", markup=False)


def _features(facts: Facts) -> Any:
    from rich.table import Table

    table = Table("feature", "role", "change", "since", "evidence", box=None, pad_edge=False)
    for drifted in facts.features[:SHOWN_FEATURES]:
        picture = drifted.picture
        table.add_row(
            picture.feature, picture.role, picture.change, words.when(drifted), evidence_text(picture.evidence)
        )
    return table
