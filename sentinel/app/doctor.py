"""What is wrong with a sidecar's surroundings, looked at from outside: nothing is changed, and nobody is asked to act.
Only when told to, it sends targets a test.

Each check gives findings in one sentence with what to do. The order of `CHECKS` is the order in which to mend.
"""

import socket
import time
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import closing

from sentinel.app.assembly import load_reference
from sentinel.app.checks import problems
from sentinel.app.finding import Finding
from sentinel.app.surroundings import PATIENCE_SECONDS, deliveries, opener, prometheus, second_model
from sentinel.config import ConfigurationError, Settings, split_address
from sentinel.drift.scores import score
from sentinel.reference.frozen import FrozenReference
from sentinel.rollback.signing import SecretError, read_secret_text, read_secrets
from sentinel.rollback.switches import disabled_setting, paused
from sentinel.store import SqlStore, StoreError, StoreUnavailable, open_store, upkeep
from sentinel.store.contract import Selection
from sentinel.store.engine import parse_url, sqlite_path
from sentinel.windows.closed import ClosedWindow

RECENT_SECONDS = 86_400.0
"""Stored windows that are compared with the reference."""
MOST_NAMED = 5
"""Columns named in one sentence."""

Check = Callable[[Settings], Iterator[Finding]]


def examine(settings: Settings, *, send_test: bool = False) -> Iterator[Finding]:
    """Findings of all checks, most pressing part first. send_test: targets get a signed test delivery."""
    for about, check in CHECKS:
        if send_test or check is not deliveries:
            yield from _guarded(about, check, settings)


def _configuration(settings: Settings) -> Iterator[Finding]:
    found = problems(settings)
    for problem in found:
        yield Finding("configuration", "wrong", str(problem), f"change {problem.path} in the settings")
    if not found:
        yield Finding("configuration", "fine", "all settings can be used")


def _upstream(settings: Settings) -> Iterator[Finding]:
    for listener in settings.relay:
        try:
            _connect(listener.upstream).close()
        except OSError as error:
            why = error.strerror or str(error) or type(error).__name__
            remedy = "start the model server, or correct relay[].upstream"
            yield Finding("upstream", "wrong", f"nothing answers at {listener.upstream}: {why}", remedy)
        else:
            yield Finding("upstream", "fine", f"{listener.upstream} takes connections")


def _connect(address: str) -> socket.socket:
    if not address.startswith("unix:"):
        return socket.create_connection(split_address(address), timeout=PATIENCE_SECONDS)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(PATIENCE_SECONDS)
    try:
        connection.connect(address.removeprefix("unix:"))
    except OSError:
        connection.close()
        raise
    return connection


def _store(settings: Settings) -> Iterator[Finding]:
    path = sqlite_path(parse_url(settings.store.url))
    if path is not None and not path.exists():
        if path.parent.is_dir():
            yield Finding("store", "note", f"{path} is not there yet", "sentinel run makes it")
        else:
            yield Finding("store", "wrong", f"the folder {path.parent} is not there", "make it, or change store.url")
        return
    found = upkeep.check(settings.store.url)
    for sentence in found:
        yield Finding("store", "wrong", sentence, "see sentinel db check")
    if not found:
        yield Finding("store", "fine", "the schema is current, and the audit chain is whole")


def _reference(settings: Settings) -> Iterator[Finding]:
    reference = load_reference(settings)
    if reference is None:
        remedy = "build one with sentinel reference build, and set reference.path"
        yield Finding("reference", "note", "there is no reference: drift is not judged", remedy)
        return
    yield Finding("reference", "fine", f"{reference.name} {reference.version}: {len(reference.names)} features")
    with closing(_existing(settings)) as store:
        yield from _fit(store, reference)


def _fit(store: SqlStore, reference: FrozenReference) -> Iterator[Finding]:
    merged = store.merge_windows(Selection(since=time.time() - RECENT_SECONDS))
    own = [window for window in merged if window.reference_id == reference.fingerprint and window.rows]
    other = sum(window.rows for window in merged if window.reference_id not in ("", reference.fingerprint))
    if not own:
        sentence = "no rows of the last day were counted against it"
        remedy = "restart sentinel run so that it takes this reference" if other else "wait for traffic"
        yield Finding("reference", "wrong" if other else "note", sentence, remedy)
        return
    absent = sorted(set.intersection(*(_absent(reference, window) for window in own)))
    foreign = sorted({name for window in own for name in window.features.unexpected})
    if absent:
        remedy = "name them by features.rename or decode.columns, or build the reference without them"
        yield Finding("reference", "wrong", f"features that never arrive: {_some(absent)}", remedy)
    if foreign:
        remedy = "build a new reference with them, or list them in features.ignore"
        yield Finding("reference", "note", f"columns of the traffic that it does not know: {_some(foreign)}", remedy)
    if not absent and not foreign:
        yield Finding("reference", "fine", "the columns of the last day's traffic are its columns")


def _absent(reference: FrozenReference, window: ClosedWindow) -> set[str]:
    """Inputs and predictions without one readable value; labels may come later, or never."""
    scores = score(reference, window).items()
    return {name for name, s in scores if s.role != "label" and (not s.rows or s.missing_ratio >= 1.0)}


def _some(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _rollback(settings: Settings) -> Iterator[Finding]:
    rollback = settings.rollback
    if rollback.mode != "enforce":
        remedy = "set rollback.mode: enforce once you trust its decisions"
        yield Finding("rollback", "note", f"mode {rollback.mode}: no request is sent", remedy)
    elif not rollback.targets:
        yield Finding("rollback", "wrong", "mode enforce, but nobody is asked", "configure rollback.targets")
    for target in rollback.targets:
        read = read_secrets if target.type == "webhook" else read_secret_text
        try:
            if target.secret_file:
                read(target.secret_file)
        except SecretError as error:
            yield Finding("rollback", "wrong", f"target {target.name}: {error}", "mend the secret file")
        else:
            yield Finding("rollback", "fine", f"target {target.name} is configured")
    with closing(_existing(settings)) as store:
        if why := paused(store, rollback.pause_file):
            yield Finding("rollback", "note", f"paused: {why}", "sentinel rollback resume")
        for target in rollback.targets:
            if gone := store.setting(disabled_setting(target.name)):
                remedy = f"sentinel rollback resume --target {target.name}"
                yield Finding("rollback", "wrong", f"target {target.name} is not asked any more: {gone}", remedy)


def _telemetry(settings: Settings) -> Iterator[Finding]:
    host, port = split_address(settings.telemetry.listen)
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not listened on
    url = f"http://{f'[{here}]' if ':' in here else here}:{port}/readyz"
    try:
        with opener().open(url, timeout=PATIENCE_SECONDS) as response:
            yield Finding("telemetry", "fine", f"{url} says {response.read(200).decode(errors='replace').strip()}")
    except urllib.error.HTTPError as error:
        said = error.read(200).decode(errors="replace").strip()
        yield Finding("telemetry", "wrong", f"{url} answers {error.code}: {said}", "see the log of sentinel run")
    except OSError as error:
        why = getattr(error, "reason", error)
        yield Finding(
            "telemetry", "note", f"nothing answers at {url}: {why}", "start sentinel run, if it should run here"
        )


def _existing(settings: Settings) -> SqlStore:
    """The store where there is one; StoreUnavailable rather than a new file."""
    path = sqlite_path(parse_url(settings.store.url))
    if path is not None and not path.exists():
        raise StoreUnavailable("there is no store yet")
    return open_store(settings.store.url)


def _guarded(about: str, check: Check, settings: Settings) -> Iterator[Finding]:
    """A check that ends with what stopped it. A store that is away is the store's finding alone."""
    try:
        yield from check(settings)
    except StoreError as error:
        if about == "store":
            yield Finding(about, "wrong", str(error), "see docs/sql.md")
        else:
            yield Finding(about, "note", "its part in the store was not looked at", "see the findings on the store")
    except ConfigurationError as error:
        yield from (Finding(about, "wrong", str(problem), f"change {problem.path}") for problem in error.problems)
    except ValueError as error:  # targets that cannot be built: the configuration's findings say which
        yield Finding(about, "wrong", str(error).splitlines()[0], "see the findings on the configuration")


CHECKS: tuple[tuple[str, Check], ...] = (
    ("configuration", _configuration),
    ("upstream", _upstream),
    ("second model", second_model),
    ("store", _store),
    ("reference", _reference),
    ("rollback", _rollback),
    ("delivery", deliveries),
    ("telemetry", _telemetry),
    ("prometheus", prometheus),
)
