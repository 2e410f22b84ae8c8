"""`sentinel rollback status|pause|resume|replay`: what people do, with who and why in the audit."""

import getpass
import json
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from sentinel.cli.problems import CommandError
from sentinel.cli.settings import settings_of
from sentinel.cli.telling import tell
from sentinel.config import Settings
from sentinel.config.times import show_time
from sentinel.rollback import operators
from sentinel.rollback.operators import OperatorError, Status
from sentinel.store import Store, StoreError, open_store
from sentinel.store.contract import AuditRecord, Intent


def status(arguments: Namespace) -> int:
    with _store(arguments) as (store, settings):
        rollback = settings.rollback
        found = operators.status(store, tuple(t.name for t in rollback.targets), rollback.pause_file)
        broken = store.verify_audit()
    if arguments.json:
        print(json.dumps(_plain(found) | {"audit_broken": broken}, indent=2))
    else:
        _print(found, rollback.mode)
        print(f"audit: {broken or 'whole'}")
    return 1 if broken else 0


def pause(arguments: Namespace) -> int:
    with _store(arguments) as (store, _):
        done = operators.pause(store, arguments.actor or _user(), arguments.reason, time.time())
    tell(arguments, done, sentence=done)
    return 0


def resume(arguments: Namespace) -> int:
    with _store(arguments) as (store, _):
        actor, target = arguments.actor or _user(), arguments.target or ""
        done = operators.resume(store, actor, arguments.reason, time.time(), target)
    tell(arguments, done, sentence=done)
    return 0


def replay(arguments: Namespace) -> int:
    with _store(arguments) as (store, settings):
        seconds = settings.rollback.expires_seconds
        actor = arguments.actor or _user()
        done = operators.replay(store, arguments.id, actor, arguments.reason, time.time(), seconds)
    tell(arguments, done, sentence=done)
    return 0


@contextmanager
def _store(arguments: Namespace) -> Iterator[tuple[Store, Settings]]:
    settings = settings_of(arguments)
    try:
        store = open_store(arguments.store or settings.store.url)
        try:
            yield store, settings
        finally:
            store.close()
    except (StoreError, OperatorError) as error:
        raise CommandError(str(error)) from error


def _user() -> str:
    return getpass.getuser()


def _plain(found: Status) -> dict[str, object]:
    return {
        "paused": found.paused,
        "disabled": found.disabled,
        **{state: [_intent(i) for i in getattr(found, state)] for state in ("pending", "dead", "delivered")},
        "decisions": [asdict(record) for record in found.decisions],
    }


def _intent(intent: Intent) -> dict[str, object]:
    return {name: value for name, value in asdict(intent).items() if name != "body"}


def _print(found: Status, mode: str) -> None:
    print(f"mode: {mode}{f', paused: {found.paused}' if found.paused else ''}")
    for target, why in found.disabled.items():
        print(f"target {target} is not asked: {why}")
    for title, intents in (("pending", found.pending), ("dead letters", found.dead), ("delivered", found.delivered)):
        print(f"{title}: {len(intents) or 'none'}")
        for intent in intents:
            print(f"  {_line(intent)}")
    print(f"decisions: {len(found.decisions) or 'none'}")
    for record in found.decisions:
        print(f"  {_decision(record)}")


def _line(intent: Intent) -> str:
    change = f"{intent.model} {intent.from_version} → {intent.to_version}"
    result = f", last {intent.last_result}" if intent.last_result else ""
    return (
        f"{show_time(intent.created_at)}  {intent.id}  {change}  {intent.target}, attempts: {intent.attempts}{result}"
    )


def _decision(record: AuditRecord) -> str:
    return f"{show_time(record.at)}  {record.outcome}: {record.sentence}"
