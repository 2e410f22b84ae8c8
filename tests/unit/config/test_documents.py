"""The example, the JSON Schema and the reference page say what the code does."""

import json
from pathlib import Path

import yaml

from sentinel.config import Settings, parse
from sentinel.config.documents import example_yaml, json_schema, markdown

ROOT = Path(__file__).parents[3]


def test_the_example_reads_back_as_the_defaults() -> None:
    assert parse(yaml.safe_load(example_yaml())) == Settings()


def test_committed_documents_are_current() -> None:
    """`make docs` renews them."""
    assert (ROOT / "sentinel.example.yaml").read_text() == example_yaml()
    assert json.loads((ROOT / "docs/schemas/sentinel.schema.json").read_text()) == json_schema()
    assert (ROOT / "docs/configuration.md").read_text() == markdown()


def test_every_option_has_a_sentence_of_help() -> None:
    entries = [line for line in markdown().splitlines() if line.startswith("| `")]
    assert entries
    assert all(line.split("|")[3].strip() for line in entries)
