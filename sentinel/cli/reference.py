"""`sentinel reference build|show|diff|seasons`."""

import json
from argparse import Namespace
from contextlib import closing
from pathlib import Path
from typing import Any

from sentinel.app.assembly import load_reference
from sentinel.cli.problems import CommandError
from sentinel.cli.settings import settings_of
from sentinel.cli.telling import tell
from sentinel.cli.terminal import console, progress_bar
from sentinel.cli.windows import selection_of
from sentinel.drift.seasons import HOURS
from sentinel.judge.seasons import Seasons
from sentinel.labels.kept import AnswerSpec
from sentinel.labels.standard import Standard
from sentinel.library import Derivation
from sentinel.reference.describe import describe, diff
from sentinel.reference.files import build_from_file, load, save
from sentinel.reference.truths import TruthColumns
from sentinel.store import StoreError, open_store
from sentinel.store.history import closed_windows

FEW_ROWS = 2000
"""A season of so few rows has a dead zone of a quarter of a deviation and more."""


def build(arguments: Namespace) -> int:
    table = Path(arguments.table)
    derivation = Derivation(dict(pair.split("=", 1) for pair in arguments.kind))
    with progress_bar(f"reading {table.name}") as progress:
        reference = build_from_file(
            table,
            name=arguments.name or table.stem,
            version=arguments.version,
            kinds=derivation.counted,
            predictions=arguments.prediction,
            labels=arguments.label,
            joint=arguments.joint,
            truths=_truths(arguments),
            segments=arguments.segment,
            progress=progress,
            derive=derivation,
        )
    save(reference, arguments.output)
    quality = _quality(reference.standard) if reference.standard is not None else []
    counted = f"{reference.rows:,} rows, {len(reference.names)} features, {reference.fingerprint[:12]}"
    tell(
        arguments,
        "\n".join([f"{arguments.output}: {counted}", *(["; ".join(quality)] if quality else [])]),
        output=arguments.output,
        rows=reference.rows,
        features=len(reference.names),
        fingerprint=reference.fingerprint,
        quality=quality,
    )
    return 0


def _truths(arguments: Namespace) -> TruthColumns | None:
    """Which columns tell how good the predictions are, where that was asked for."""
    if not (arguments.score or arguments.predicted):
        return None
    if len(arguments.label) != 1:
        raise CommandError("quality needs one --label beside --score or --predicted: the column with the truth")
    scores = dict(pair.split("=", 1) for pair in arguments.score if "=" in pair)
    if len(scores) < len(arguments.score):
        raise CommandError("--score is CLASS=COLUMN, such as --score yes=probability")
    predictions = tuple(name for name in arguments.prediction if name not in scores.values())
    return TruthColumns(arguments.label[0], predictions, AnswerSpec(arguments.predicted, scores, task=arguments.task))


def _quality(known: Standard) -> list[str]:
    """What the labels say of the predictions."""
    measures = [f"{q.metric} {q.value:.3g} ({q.low:.3g} … {q.high:.3g})" for q in known.qualities if not q.of]
    calibrated = "scores calibrated" if known.calibration is not None else "no scores to calibrate"
    return [f"quality of {known.rows:,} rows: {', '.join(measures)}", calibrated]


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


def seasons(arguments: Namespace) -> int:
    """Four good weeks make a season of every hour; hours with few rows are named, for they are hardly judged."""
    settings = settings_of(arguments, {"reference.path": arguments.reference} if arguments.reference else {})
    reference = load_reference(settings)
    if reference is None:
        raise CommandError("seasons are counted in a reference's cells: set reference.path or give --reference")
    try:
        with closing(open_store(arguments.store or settings.store.url)) as store:
            windows = closed_windows(store.database, selection_of(arguments))
            learnt = Seasons.learnt(reference, windows, arguments.utc_offset_hours)
    except (StoreError, ValueError) as error:
        raise CommandError(str(error)) from error
    Path(arguments.output).write_bytes(learnt.to_bytes())
    rows = learnt.rows()
    thin = [_hour(season) for season, count in enumerate(rows) if count < FEW_ROWS]
    print(f"{arguments.output}: {sum(rows):,} rows in {len(rows)} seasons, {min(rows):,} to {max(rows):,} each")
    if thin:
        print(f"hardly judged, with fewer than {FEW_ROWS} rows: {', '.join(thin)}")
    return 0


def _hour(season: int) -> str:
    return f"{'weekend' if season >= HOURS else 'weekday'} {season % HOURS:02d} h"


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
