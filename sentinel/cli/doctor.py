"""`sentinel doctor`: what is wrong here, and what to mend first."""

import json
from argparse import Namespace
from dataclasses import asdict

from sentinel.app.doctor import Finding, examine
from sentinel.cli.settings import settings_of
from sentinel.config import ConfigurationError

MARKS = {"fine": "ok   ", "note": "note ", "wrong": "WRONG"}


def doctor(arguments: Namespace) -> int:
    """Exit 1 when something is wrong; notes are not."""
    findings = _findings(arguments)
    if arguments.json:
        wrong = [f for f in findings if f.status == "wrong"]
        print(json.dumps({"healthy": not wrong, "findings": [asdict(f) for f in findings]}, indent=2))
    else:
        _print(findings)
    return int(any(f.status == "wrong" for f in findings))


def _findings(arguments: Namespace) -> list[Finding]:
    overrides = {"store.url": arguments.store} if arguments.store else {}
    try:
        settings = settings_of(arguments, overrides)
    except ConfigurationError as error:
        return [Finding("configuration", "wrong", str(p), f"change {p.path} in the settings") for p in error.problems]
    return list(examine(settings))


def _print(findings: list[Finding]) -> None:
    for f in findings:
        print(f"{MARKS[f.status]} {f.about:13} {f.sentence}")
    worst = next((f for f in findings if f.status == "wrong"), None) or next(
        (f for f in findings if f.status == "note"), None
    )
    if worst is None:
        print("\nnothing is wrong")
        return
    print(
        f"\n{'mend first' if worst.status == 'wrong' else 'nothing is wrong; consider'}: {worst.about}: {worst.remedy}"
    )
