"""`sentinel doctor`: what is wrong here, and what to mend first."""

import json
from argparse import Namespace
from dataclasses import asdict

from sentinel.app.doctor import examine
from sentinel.app.finding import Finding
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
    given = {"store.url": arguments.store, "telemetry.prometheus_url": arguments.prometheus}
    overrides = {path: value for path, value in given.items() if value}
    try:
        settings = settings_of(arguments, overrides)
    except ConfigurationError as error:
        return [Finding("configuration", "wrong", str(p), f"change {p.path} in the settings") for p in error.problems]
    return list(examine(settings, send_test=arguments.send_test))


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
