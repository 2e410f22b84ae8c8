"""What the benchmarks import from this repository is there: most of them run for minutes, and in no other test."""

import ast
import importlib
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWN = ("bench", "sentinel", "tests")


def imported(path: Path) -> list[tuple[str, str]]:
    """(module, name) of every `from … import …` of our own packages."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    own = [node for node in nodes if node.module and node.module.partition(".")[0] in OWN]
    return [(str(node.module), alias.name) for node in own for alias in node.names]


@pytest.mark.parametrize("path", sorted((ROOT / "bench").rglob("*.py")), ids=lambda path: path.stem)
def test_what_is_imported_is_there(path):
    for module, name in imported(path):
        found = importlib.import_module(module)
        assert hasattr(found, name) or importlib.util.find_spec(f"{module}.{name}"), f"{module}.{name}"
