"""The section that a benchmark writes: docs/benchmarks/<name>.md for people, the same figures as JSON beside it."""

import datetime
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "docs/benchmarks"


def machine() -> dict[str, Any]:
    """When and on what figures were taken: date, version of Python, number of cores."""
    return {
        "date": str(datetime.datetime.now(datetime.UTC).date()),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }


def publish(name: str, text: str, figures: Mapping[str, Any]) -> None:
    """Write and print the section."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.md").write_text(text)
    (FOLDER / f"{name}.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(text)
