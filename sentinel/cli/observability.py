"""`sentinel dashboards build` and `sentinel alerts build`."""

import json
import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from sentinel.app.assembly import load_reference
from sentinel.cli.problems import CommandError
from sentinel.cli.settings import settings_of
from sentinel.cli.telling import tell
from sentinel.config import Settings
from sentinel.observability.build import ExtraMissing, UnknownAlert, build_alerts, build_dashboards


def dashboards(arguments: Namespace) -> int:
    settings = _settings(arguments)
    reference = load_reference(settings) if settings else None
    try:
        built = build_dashboards(settings, reference.names if reference else ())
    except ExtraMissing as error:
        raise CommandError(str(error)) from error
    return _write(built, arguments)


def alerts(arguments: Namespace) -> int:
    try:
        built = build_alerts(_settings(arguments), arguments.optional)
    except UnknownAlert as error:
        raise CommandError(str(error)) from error
    return _write(built, arguments)


def _settings(arguments: Namespace) -> Settings | None:
    """None without --config: then everything that sentinel can show is built."""
    return settings_of(arguments) if arguments.config else None


def _write(files: Mapping[str, str], arguments: Namespace) -> int:
    """Write the files, or with --check only compare: exit code 1 when one differs."""
    folder = Path(arguments.output)
    paths = [str(folder / name) for name in files]
    if not arguments.check:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        tell(arguments, "\n".join(paths), written=paths)
        return 0
    stale = [str(folder / name) for name, text in files.items() if not _same(folder / name, text)]
    for name in stale:
        print(f"{name} is not what would be built; build it again", file=sys.stderr)
    if arguments.json:
        print(json.dumps({"stale": stale}))
    return 1 if stale else 0


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text
