"""`sentinel reference learn|accept`: references from live traffic."""

import json
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sentinel.app.assembly import load_reference
from sentinel.app.learning import Learned, NothingToLearn
from sentinel.app.learning import accept as accepted
from sentinel.app.learning import learn as learned
from sentinel.cli.problems import CommandError
from sentinel.cli.settings import settings_of
from sentinel.cli.windows import selection_of
from sentinel.config import Settings
from sentinel.config.times import show_time
from sentinel.reference.files import save
from sentinel.store import SqlStore, StoreError, open_store


def learn(arguments: Namespace) -> int:
    with _store(arguments) as (store, _settings):
        found = learned(
            store,
            selection_of(arguments),
            arguments.hours,
            name=arguments.name,
            version=arguments.reference_version,
        )
    return _written(found, arguments, "kept rows of")


def accept(arguments: Namespace) -> int:
    with _store(arguments) as (store, settings):
        reference = load_reference(settings)
        if reference is None:
            raise CommandError("there is no reference to grow: set reference.path or give --reference")
        found = accepted(store, selection_of(arguments), reference, abnormal=arguments.abnormal)
    return _written(found, arguments, "grown by")


@contextmanager
def _store(arguments: Namespace) -> Iterator[tuple[SqlStore, Settings]]:
    given = getattr(arguments, "reference", None)
    settings = settings_of(arguments, {"reference.path": given} if given else None)
    try:
        with closing(open_store(arguments.store or settings.store.url)) as store:
            yield store, settings
    except (StoreError, NothingToLearn) as error:
        raise CommandError(str(error)) from error


def _written(found: Learned, arguments: Namespace, how: str) -> int:
    reference = found.reference
    save(reference, arguments.output)
    if arguments.json:
        counted = {"windows": found.windows, "left_out": found.left_out, "since": found.since, "until": found.until}
        named = {"output": arguments.output, "rows": reference.rows, "fingerprint": reference.fingerprint}
        print(json.dumps(named | counted))
        return 0
    print(
        f"{arguments.output}: {reference.rows:,} rows, {len(reference.names)} features, {reference.fingerprint[:12]}; "
        f"{how} {found.windows:,} windows from {show_time(found.since)} to {show_time(found.until)}"
    )
    if found.left_out:
        print(f"{found.left_out:,} windows in breach or blind were left out")
    print(f"look at it with sentinel reference show {arguments.output}, then name it in reference.path")
    return 0
