"""`sentinel compare`: do two endpoints, or two files of predictions, say the same about the same rows?"""

import asyncio
import json
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sentinel.app.assembly import decode_options
from sentinel.app.shadowing import terms_of
from sentinel.cli.problems import CommandError
from sentinel.cli.settings import settings_of
from sentinel.config import Settings
from sentinel.rollback.egress import Egress
from sentinel.rollback.signing import SecretError, read_secret_text
from sentinel.shadow.account import SIDES, Account, Result, latency_quantiles, result
from sentinel.shadow.sides import Asking, Said, account_of, account_of_tables, ask_both
from sentinel.shadow.tables import JSON_LINES, Layout, body_for, read_bodies, read_table

FLAGS = {
    "margin": "capture.shadow.margin_ratio",
    "tolerance_sd": "capture.shadow.tolerance_sd",
    "false_ratio": "capture.shadow.false_ratio",
    "timeout": "capture.shadow.timeout_seconds",
    "ca_file": "capture.shadow.ca_file",
    "authorization_file": "capture.shadow.authorization_file",
}
SCHEMES = ("http", "https")
MOST_TOLD = 3
"""Different failures of one side that are told."""
WORDS = {"equivalent": "equivalent", "different": "DIFFERENT", "unknown": "not known"}


def compare(arguments: Namespace) -> int:
    """Exit code 0 when equivalence is proven, else 1: what is not known must not pass a pipeline."""
    overrides = {path: value for flag, path in FLAGS.items() if (value := getattr(arguments, flag)) is not None}
    settings = settings_of(arguments, overrides)
    endpoints = [urlsplit(side).scheme in SCHEMES for side in (arguments.reference, arguments.candidate)]
    if endpoints[0] != endpoints[1]:
        raise CommandError("compare two addresses or two files; one is an address and the other is not")
    account = _of_endpoints(arguments, settings) if endpoints[0] else _of_files(arguments, settings)
    found = result(account, terms_of(settings.capture.shadow))
    if arguments.json:
        print(json.dumps(found.plain(), indent=2))
    else:
        _print(found, arguments)
    return 0 if found.verdict == "equivalent" else 1


def _of_files(arguments: Namespace, settings: Settings) -> Account:
    mine, theirs = (_table(Path(side)) for side in (arguments.reference, arguments.candidate))
    if names := arguments.output:
        if missing := [name for name in names if name not in mine or name not in theirs]:
            raise CommandError(f"{missing[0]!r} is not a column of both files")
        kept = [*names, arguments.key] if arguments.key else names
        mine, theirs = ({name: table[name] for name in kept} for table in (mine, theirs))
    try:
        return account_of_tables(mine, theirs, settings.capture.shadow.tolerance_sd, arguments.key)
    except ValueError as error:
        raise CommandError(f"cannot compare {arguments.reference} with {arguments.candidate}: {error}") from error


def _table(path: Path) -> dict[str, Any]:
    try:
        return read_table(path)
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror or error}; check path and rights") from error
    except ValueError as error:
        raise CommandError(f"cannot read {path}: {error}") from error


def _of_endpoints(arguments: Namespace, settings: Settings) -> Account:
    if not arguments.requests:
        raise CommandError("two endpoints need requests to answer: give --requests FILE")
    if min(arguments.batch_rows, arguments.concurrency) < 1:
        raise CommandError("--batch-rows and --concurrency must be at least 1")
    path, shadow = Path(arguments.requests), settings.capture.shadow
    body = body_for(arguments.reference) if arguments.body == "auto" else arguments.body
    asking = Asking(
        decode_options(settings),
        Egress(allow_http=True, ca_file=shadow.ca_file),
        shadow.timeout_seconds,
        arguments.concurrency,
        _headers(shadow.authorization_file),
        tuple(arguments.output),
    )
    bodies = read_bodies(path, Layout(body, arguments.batch_rows, arguments.datatype))
    urls = (arguments.reference, arguments.candidate)
    try:
        with _progress() as progress:
            pairs = asyncio.run(ask_both(urls, bodies, asking, progress))
    except* OSError as group:
        raise CommandError(f"cannot read requests from {path}: check path and rights") from group
    except* ValueError as group:
        raise CommandError(f"cannot read requests from {path}: {group.exceptions[0]}") from group
    if not pairs:
        raise CommandError(f"{path} holds no requests")
    _tell_failures(arguments.candidate, [theirs for mine, theirs in pairs if not mine.why])
    if _tell_failures(arguments.reference, [mine for mine, _ in pairs]) == len(pairs):
        raise CommandError(f"{arguments.reference} answered nothing that could be compared with")
    return account_of(pairs, shadow.tolerance_sd, each_row=path.suffix.lower() not in JSON_LINES)


def _headers(authorization_file: str) -> dict[str, str]:
    try:
        return {"authorization": read_secret_text(authorization_file).strip()} if authorization_file else {}
    except SecretError as error:
        raise CommandError(str(error)) from error


def _tell_failures(url: str, answers: list[Said]) -> int:
    """Say why one side gave no answer; how often it did not. What the reference leaves unanswered is in no figure."""
    failures = Counter(answer.detail for answer in answers if answer.why)
    for detail, count in failures.most_common(MOST_TOLD):
        print(f"{url}: {detail} ({count:,} of {len(answers):,} requests)", file=sys.stderr)
    return failures.total()


@contextmanager
def _progress() -> Iterator[Callable[[], None]]:
    """The number of requests that both have answered, on a terminal."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    words = TextColumn("{task.completed:,.0f} requests answered by both")
    with Progress(SpinnerColumn(), words, console=Console(file=sys.stderr)) as progress:
        task = progress.add_task("asking", total=None)
        yield lambda: progress.advance(task)


def _print(found: Result, arguments: Namespace) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{WORDS[found.verdict]}: {found.sentence}\n")
    if found.account.outputs:
        console.print(_outputs(found.account))
    for side, name in zip(SIDES, (arguments.reference, arguments.candidate), strict=True):
        if quantiles := latency_quantiles(found.account, side):
            told = ", ".join(f"p{q * 100:g} {seconds * 1e3:.3g} ms" for q, seconds in quantiles.items())
            console.print(f"{side:>9}  {told}  {name}")


def _outputs(account: Account) -> Any:
    from rich.table import Table

    headings = ("output", "kind", "rows", "same", "distance p50", "p90", "p99")
    table = Table(*headings, box=None, pad_edge=False)
    for name, output in account.outputs.items():
        distances = [f"{distance:.3g} sd" for distance in output.quantiles().values()] or ["–"] * 3
        table.add_row(name, output.kind, f"{output.rows:,}", f"{output.agreement_ratio:.2%}", *distances)
    return table
