"""`sentinel reference build|show|diff`."""

import json
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sentinel.cli.problems import CommandError
from sentinel.cli.terminal import console
from sentinel.library import Derivation
from sentinel.reference.describe import describe, diff
from sentinel.reference.files import Progress, build_from_file, load, save
from sentinel.reference.parts import Fold

SCHEDULER_SECONDS = 10
"""For a Dask scheduler to answer."""


def build(arguments: Namespace) -> int:
    tables = [Path(table) for table in arguments.table]
    derivation = Derivation(dict(pair.split("=", 1) for pair in arguments.kind))
    with _progress(f"reading {', '.join(table.name for table in tables)}") as progress, _engine(arguments.dask) as fold:
        reference = build_from_file(
            tables,
            name=arguments.name or tables[0].stem,
            version=arguments.version,
            kinds=derivation.counted,
            predictions=arguments.prediction,
            labels=arguments.label,
            progress=progress,
            derive=derivation,
            fold=fold,
        )
    save(reference, arguments.output)
    print(f"{arguments.output}: {reference.rows:,} rows, {len(reference.names)} features, {reference.fingerprint[:12]}")
    return 0


def show(arguments: Namespace) -> int:
    described = describe(load(arguments.reference))
    if arguments.json:
        print(json.dumps(described, indent=2))
        return 0
    out = console()
    out.print(
        f"{described['name']} {described['version']}: {described['rows']:,} rows, {described['fingerprint'][:12]}"
    )
    out.print(_table(described["features"]))
    return 0


def compare(arguments: Namespace) -> int:
    """Exit code 0 also when they differ: it is an answer, not a failure."""
    differences = diff(load(arguments.before), load(arguments.after))
    if arguments.json:
        rows = [{"feature": d.feature, "what": d.what, "before": d.before, "after": d.after} for d in differences]
        print(json.dumps(rows, indent=2))
        return 0
    for d in differences:
        print(f"{d.feature + ': ' if d.feature else ''}{d.what} {d.before} → {d.after}")
    if not differences:
        print("the references are equal")
    return 0


def _table(features: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("feature", "kind", "role", "missing", "what it holds"):
        table.add_column(heading)
    for feature in features:
        table.add_row(
            feature["name"], feature["kind"], feature["role"], f"{feature['missing_ratio']:.1%}", _content(feature)
        )
    return table


def _content(feature: dict[str, Any]) -> str:
    if "quantiles" in feature:
        low, middle, high = (feature["quantiles"][p] for p in ("0.05", "0.5", "0.95"))
        return f"5 % {low:.4g}   median {middle:.4g}   95 % {high:.4g}"
    shares = sorted(feature["categories"].items(), key=lambda item: -item[1])[:4]
    return ", ".join(f"{name} {share:.0%}" for name, share in shares)


@contextmanager
def _engine(scheduler: str) -> Iterator[Fold | None]:
    """The Dask cluster at this address; None for this process, where none is named."""
    if not scheduler:
        yield None
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise CommandError("--dask needs Dask; install sentinel-sidecar[dask]") from error
    from sentinel.reference.engines import on_dask

    try:
        client = Client(scheduler, timeout=SCHEDULER_SECONDS)  # type: ignore[no-untyped-call]
    except OSError as error:
        raise CommandError(f"no Dask scheduler answers at {scheduler}; start one or check the address") from error
    with client:
        yield on_dask(client)


@contextmanager
def _progress(what: str) -> Iterator[Progress]:
    """A bar on standard error while a terminal watches; nothing else."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda share: bar.update(task, completed=share)
