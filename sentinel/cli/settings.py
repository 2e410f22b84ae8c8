"""`sentinel check-config`, and how every command finds its settings."""

import json
import os
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sentinel.config import ConfigurationError, Settings, load
from sentinel.config.documents import example_yaml, json_schema

DEFAULT_FILE = Path("sentinel.yaml")


def settings_of(arguments: Namespace, overrides: Mapping[str, Any] | None = None) -> Settings:
    """The settings a command was asked to use. Raises ConfigurationError."""
    return load(file_of(arguments), os.environ, overrides)


def file_of(arguments: Namespace) -> Path | None:
    """`--config`, else sentinel.yaml where it is there, else none."""
    if arguments.config:
        return Path(arguments.config)
    return DEFAULT_FILE if DEFAULT_FILE.exists() else None


def check(arguments: Namespace) -> int:
    if arguments.example:
        print(example_yaml(), end="")
        return 0
    if arguments.schema:
        print(json.dumps(json_schema(), indent=2))
        return 0
    problems = _problems(arguments)
    if arguments.json:
        print(json.dumps({"problems": [{"path": p.path, "message": p.message} for p in problems]}))
    else:
        for problem in problems:
            print(problem)
        print(_conclusion(file_of(arguments), len(problems)))
    return 2 if problems else 0


def _problems(arguments: Namespace) -> list[Any]:
    from sentinel.app.checks import problems

    try:
        settings = settings_of(arguments)
    except ConfigurationError as error:
        return error.problems
    return problems(settings)


def _conclusion(path: Path | None, count: int) -> str:
    name = str(path) if path else "settings (defaults and environment)"
    if not count:
        return f"{name}: fine"
    return f"{name}: {count} problem{'s' if count > 1 else ''}"
