"""What the tutorial and the demo's page tell people to type exists: commands parse, configurations are valid."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from sentinel.cli.parser import build_parser
from sentinel.config import parse
from sentinel.config.reading import ConfigurationError

DOCUMENTS = Path(__file__).parents[3] / "docs"
PAGES = ("tutorial.md", "demo.md")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCUMENTS / page).read_text(), re.MULTILINE | re.DOTALL)


COMMANDS = [
    line for page in PAGES for block in blocks(page, "") for line in block.splitlines() if line.startswith("sentinel ")
]


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_parse(line: str) -> None:
    arguments = build_parser().parse_args(shlex.split(line)[1:])
    assert arguments.run


def test_configurations_are_valid() -> None:
    whole: dict[str, object] = {}
    for block in blocks("tutorial.md", "yaml"):
        whole |= yaml.safe_load(block)
        try:
            parse(whole)
        except ConfigurationError as error:
            pytest.fail(str(error))


def test_named_modules_exist() -> None:
    modules = re.findall(r"python -m (sentinel\.[\w.]+)", "".join((DOCUMENTS / page).read_text() for page in PAGES))
    root = DOCUMENTS.parent
    assert modules
    assert all((root / (module.replace(".", "/") + ".py")).exists() for module in modules)
