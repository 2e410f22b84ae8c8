"""Seasons learnt from a store by the command, named in the settings and used; wrong files are refused by name."""

import dataclasses
import json
from pathlib import Path

import pytest

from sentinel.app.assembly import judging_options
from sentinel.config import ConfigurationError, Settings
from sentinel.config.settings import DriftSettings
from sentinel.reference.files import load, save
from tests.support.cli import sentinel
from tests.support.lived import Lived, reference

DRIFTS_AT = 15
"""Window of the life from which its rows drift."""


def learn(life: Lived, output: Path) -> None:
    done = sentinel(
        "reference", "seasons", "--reference", "reference.sentinel", "--output", str(output), cwd=life.folder
    )
    assert done.returncode == 0, done.stderr
    assert "48 seasons" in done.stdout
    assert "hardly judged" in done.stdout


def test_seasons_of_the_store_are_judged_with(life: Lived, tmp_path: Path) -> None:
    learn(life, tmp_path / "seasons.sentinel")
    settings = tmp_path / "sentinel.yaml"
    settings.write_text(
        f"reference: {{path: {life.folder}/reference.sentinel}}\n"
        f"store: {{url: '{life.url}'}}\n"
        f"drift: {{seasons: {tmp_path}/seasons.sentinel}}\n"
    )
    opened = []
    for options in ((), ("--config", str(settings))):
        done = sentinel("replay", *options, "--reference", "reference.sentinel", "--json", cwd=life.folder)
        assert done.returncode == 0, done.stderr
        verdicts = [json.loads(line) for line in done.stdout.splitlines()]
        opened.append(next(i for i, verdict in enumerate(verdicts) if verdict["opened"]))
    assert opened[1] < DRIFTS_AT <= opened[0]  # the hour that was learnt has the drift in it: its healthy part is odd


def test_seasons_of_another_reference_and_files_that_are_none_are_refused(life: Lived, tmp_path: Path) -> None:
    learn(life, tmp_path / "seasons.sentinel")
    save(dataclasses.replace(reference(), version="2"), tmp_path / "other.sentinel")
    (tmp_path / "text.sentinel").write_text("hours")
    own = load(life.folder / "reference.sentinel")
    for path, frozen, says in (
        ("seasons.sentinel", load(tmp_path / "other.sentinel"), "learnt with another reference"),
        ("text.sentinel", own, "it is not a file of seasons"),
        ("nothing.sentinel", own, "cannot be read"),
    ):
        with pytest.raises(ConfigurationError, match=says):
            judging_options(Settings(drift=DriftSettings(seasons=str(tmp_path / path))), frozen)
