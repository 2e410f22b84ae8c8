"""`sentinel power` as a real process: what it says is what PowerOf gives, of stated and of measured traffic."""

import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sentinel.judge.power import PowerOf
from sentinel.reference.build import build
from sentinel.reference.files import save
from sentinel.reference.frozen import FrozenReference
from sentinel.store import open_store
from sentinel.store.contract import WindowRecord
from sentinel.windows.window import TrafficCounts
from tests.support.browser import opened
from tests.support.cli import answer, sentinel
from tests.support.judge_world import columns, reference, window


@pytest.fixture(scope="module")
def frozen() -> FrozenReference:
    return reference()


@pytest.fixture
def place(tmp_path: Path, frozen: FrozenReference) -> Path:
    save(frozen, tmp_path / "reference.sentinel")
    return tmp_path


STATED = ("power", "--reference", "reference.sentinel", "--rows-per-hour", "12000")


def test_the_answer_is_that_of_the_judge_at_the_sampled_pace(place: Path, frozen: FrozenReference) -> None:
    found = answer(*STATED, "--sample-ratio", "0.25", "--shift", "0.4", cwd=place)
    expected = PowerOf(frozen, rows_per_hour=3000)
    assert found["rows_per_hour"] == 3000
    assert (found["false_pages"], found["per_days"]) == (1, 30)
    features = {f["feature"]: f for f in found["features"]}
    assert features.keys() == {"amount", "country", "prediction"}
    assert features["amount"]["delay_seconds"] == {"0.4": expected.expected_delay("amount", 0.4)}
    assert features["amount"]["within_day"] < features["amount"]["within_hour"]


def test_the_pace_is_measured_from_recent_windows(place: Path, frozen: FrozenReference) -> None:
    rng = np.random.default_rng(5)
    began = time.time() - 3600
    with closing(open_store(f"sqlite:///{place}/sentinel.db")) as store:
        for i in range(6):
            closed = window(frozen, columns(rng, 100), i, traffic=TrafficCounts(received=1000, analysed=100))
            start = began + closed.start
            store.commit_window(WindowRecord(replace(closed, start=start, end=start + 300.0)))
    found = answer("power", "--reference", "reference.sentinel", cwd=place)
    assert found["rows_per_hour"] == pytest.approx(1200)
    assert found["analysed_ratio"] == pytest.approx(0.1)
    twice = answer("power", "--reference", "reference.sentinel", "--sample-ratio", "0.2", cwd=place)
    assert twice["rows_per_hour"] == pytest.approx(2400)


def test_an_empty_store_says_what_to_state(place: Path) -> None:
    done = sentinel("power", "--reference", "reference.sentinel", cwd=place)
    assert done.returncode == 1
    assert "--rows-per-hour" in done.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--sample-ratio", "1"), "traffic and sampling suffice"),
        (("--sample-ratio", "0.0003"), "analyse more, capture.sample_ratio"),
        (("--tolerance", "sd:1"), "lower the tolerance"),
    ],
)
def test_the_advice_follows_what_was_found(place: Path, options: tuple[str, ...], says: str) -> None:
    done = sentinel(*STATED, *options, cwd=place)
    assert done.returncode == 0, done.stderr
    assert says in done.stdout
    assert "time until a page" in done.stdout


def test_without_a_reference_there_is_nothing_to_say(tmp_path: Path) -> None:
    done = sentinel("power", "--rows-per-hour", "100", cwd=tmp_path)
    assert done.returncode == 1
    assert "set reference.path or give --reference" in done.stderr


def test_more_points_than_a_category_can_gain_are_all_it_can_gain(frozen: FrozenReference) -> None:
    power = PowerOf(frozen, rows_per_hour=1000)
    assert power.expected_delay("country", 60.0) == power.expected_delay("country", 95.0)


def test_a_column_of_one_value_has_nothing_to_gain(tmp_path: Path) -> None:
    constant = build({"k": np.array(["a"] * 500, dtype=object)}, name="one", version="1")
    save(constant, tmp_path / "reference.sentinel")
    (feature,) = answer(*STATED, cwd=tmp_path)["features"]
    assert (feature["within_day"], feature["dead_zone"]) == (None, None)
    assert "whatever its size" in sentinel(*STATED, cwd=tmp_path).stdout


def test_the_page_opens_quietly_and_tells_of_every_feature(place: Path, tmp_path: Path) -> None:
    page = tmp_path / "power.html"
    done = sentinel(*STATED, "--sample-ratio", "0.25", "--shift", "0.4", "--html", page, cwd=place)
    assert done.returncode == 0, done.stderr
    seen = opened(page, tmp_path)
    assert (seen.console, seen.asked) == ([], [])
    for words in ("amount", "country", "prediction", "0.4 sd", "found in a day from", "traffic and sampling suffice"):
        assert words in seen.document
