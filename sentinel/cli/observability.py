"""`sentinel dashboards build` and `sentinel alerts build`."""

import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from sentinel.app.assembly import load_reference
from sentinel.cli.problems import CommandError
from sentinel.cli.settings import settings_of
from sentinel.config import Settings
from sentinel.observability.build import ExtraMissing, build_alerts, build_dashboards


def dashboards(arguments: Namespace) -> int:
    settings = _settings(arguments)
    reference = load_reference(settings) if settings else None
    try:
        built = build_dashboards(settings, reference.names if reference else ())
    except ExtraMissing as error:
        raise CommandError(str(error)) from error
    return _write(built, Path(arguments.output), check=arguments.check)


def alerts(arguments: Namespace) -> int:
    return _write(build_alerts(_settings(arguments)), Path(arguments.output), check=arguments.check)


def _settings(arguments: Namespace) -> Settings | None:
    """None without --config: then everything that sentinel can show is built."""
    return settings_of(arguments) if arguments.config else None


def _write(files: Mapping[str, str], folder: Path, *, check: bool) -> int:
    """Write the files, or with `check` only compare: exit code 1 when one differs."""
    if not check:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
            print(folder / name)
        return 0
    stale = [name for name, text in files.items() if not _same(folder / name, text)]
    for name in stale:
        print(f"{folder / name} is not what would be built; build it again", file=sys.stderr)
    return 1 if stale else 0


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text
