"""Built files on disk: written, or compared with what is there."""

from collections.abc import Mapping
from pathlib import Path


def write(files: Mapping[str, str], folder: Path) -> list[Path]:
    """Write every file below `folder`; the paths written."""
    paths = []
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def stale(files: Mapping[str, str], folder: Path) -> list[Path]:
    """Files below `folder` that are missing or differ from what would be written."""
    return [folder / name for name, text in files.items() if _read(folder / name) != text]


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
