"""In which segment drift is, and whether it is the mix: on made and on real rows."""

import numpy as np
import pytest
from sklearn.datasets import load_wine

from sentinel.drift.segments import in_words, origins
from sentinel.judge.judge import Judge
from sentinel.reference.build import build
from sentinel.reference.codec import from_bytes, to_bytes
from sentinel.reference.segments import MOST_VALUES, OTHERS
from sentinel.windows import ClosedWindow, Window, WindowKey

COUNTRIES = ("NZ", "AU", "FJ", "WS", "TO", "VU", "CK", "NU")
LEVEL = {country: 10.0 * at for at, country in enumerate(COUNTRIES)}


def rows(n, draw, weights=None, shift=None):
    """Spending depends on the country; `shift`: country -> what is added there."""
    p = np.array(weights or [8, 6, 4, 3, 2, 1, 1, 1], dtype=float)
    country = draw.choice(COUNTRIES, n, p=p / p.sum())
    device = draw.choice(["phone", "desktop"], n, p=[0.7, 0.3])
    spent = np.array([LEVEL[c] + (shift or {}).get(c, 0.0) for c in country]) + draw.normal(0, 3, n)
    return {"country": country.tolist(), "device": device.tolist(), "spent": spent, "age": draw.normal(40, 9, n)}


@pytest.fixture(scope="module")
def reference():
    made = rows(20_000, np.random.default_rng(1))
    return build(made, name="shop", version="1", segments=["country", "device"])


def window(reference, columns, start=0.0):
    opened = Window(WindowKey("shop", "1", "r"), start, 60.0, reference)
    opened.add(columns)
    return opened.close()


def parts(reference, columns):
    found = origins(reference, window(reference, columns).segments, "spent")
    return {origin.column: origin for origin in found}


def test_parts_add_up_to_the_whole_change(reference):
    found = parts(reference, rows(5000, np.random.default_rng(2), shift={"AU": 6.0}))
    for origin in found.values():
        assert origin.mix + sum(origin.within) == pytest.approx(1.0)


def test_drift_in_one_segment_is_named(reference):
    changed = rows(5000, np.random.default_rng(2), shift={"AU": 6.0})
    found = parts(reference, changed)
    assert found["country"].within[found["country"].names.index("AU")] > 0.9
    assert found["device"].words() == ""
    said = in_words(reference, window(reference, changed).segments, ["spent"])
    assert said.startswith("spent: ")
    assert "in country=AU, 23% of rows" in said


def test_a_change_of_mix_is_told_from_a_change_within(reference):
    """Simpson: spending rises although it rose in no country."""
    changed = rows(5000, np.random.default_rng(3), weights=[4, 4, 4, 3, 8, 1, 1, 1])
    origin = parts(reference, changed)["country"]
    assert origin.mix > 0.9
    assert "of it is a change of mix, country=TO 7% → 31% of rows" in origin.words()


def test_drift_everywhere_is_in_no_segment(reference):
    everywhere = rows(5000, np.random.default_rng(4), shift=dict.fromkeys(COUNTRIES, 4.0))
    assert in_words(reference, window(reference, everywhere).segments, ["spent"]) == ""


def test_few_rows_say_nothing(reference):
    few = rows(100, np.random.default_rng(5), shift={"AU": 6.0})
    assert in_words(reference, window(reference, few).segments, ["spent"]) == ""
    assert in_words(reference, window(reference, few).segments, ["no such feature"]) == ""


def test_segments_are_bounded_and_count_every_row(reference):
    draw = np.random.default_rng(6)
    columns = rows(3000, draw) | {"country": [f"hostile {i}" for i in range(2000)] + ["NZ"] * 1000}
    counts = window(reference, columns).segments.counts["country"]
    assert len(counts) == MOST_VALUES + 1
    assert counts[:, 0, :].sum() == 3000
    assert reference.segments[0].names == ("NZ", "AU", "FJ", "WS", "TO", OTHERS)
    assert counts[0, 0].sum() == 1000


def test_small_batches_and_large_ones_count_the_same(reference):
    columns = {name: list(values) for name, values in rows(600, np.random.default_rng(7)).items()}
    opened = Window(WindowKey("shop", "1", "r"), 0.0, 60.0, reference)
    for row in range(600):
        opened.add({name: values[row : row + 1] for name, values in columns.items()})
    assert opened.close().segments == window(reference, columns).segments


def test_only_chosen_columns_are_followed(reference):
    opened = Window(WindowKey("shop", "1", "r"), 0.0, 60.0, reference, segments=["device"])
    opened.add(rows(100, np.random.default_rng(8)))
    assert set(opened.close().segments.counts) == {"device"}


def test_windows_with_segments_merge_and_come_back_from_bytes(reference):
    a = window(reference, rows(500, np.random.default_rng(9)))
    b = window(reference, rows(700, np.random.default_rng(10)))
    assert (a | b).segments == (b | a).segments
    assert (a | b).segments.counts["device"].sum() == a.segments.counts["device"].sum() + b.segments.counts[
        "device"
    ].sum()
    assert ClosedWindow.from_bytes(a.to_bytes()) == a


def test_references_with_segments_come_back_from_bytes(reference):
    again = from_bytes(to_bytes(reference))
    assert again.fingerprint == reference.fingerprint
    assert [s.column for s in again.segments] == ["country", "device"]
    assert sum(s.counts[:, 0, :].sum() for s in again.segments) == 2 * reference.rows


def test_columns_that_are_no_categories_are_refused():
    made = rows(500, np.random.default_rng(11))
    with pytest.raises(ValueError, match="segments names 'age', which is no categorical column; these are: country"):
        build(made, name="shop", version="1", segments=["age"])


def test_the_verdict_says_where_the_drift_is(reference):
    judge, draw = Judge(reference), np.random.default_rng(12)
    calm = judge.observe(window(reference, rows(2000, draw)))
    assert "of it" not in calm.explanation
    for minute in range(1, 30):
        changed = window(reference, rows(2000, draw, shift={"AU": 8.0}), minute * 60.0)
        verdict = judge.observe(changed)
        if verdict.open:
            break
    assert "spent: " in verdict.explanation
    assert "in country=AU" in verdict.explanation


def test_the_mix_of_a_window_is_told(reference):
    verdict = Judge(reference).observe(window(reference, rows(4000, np.random.default_rng(14))))
    shares = {value: share for (column, value), share in verdict.mix.items() if column == "device"}
    assert shares == pytest.approx({"phone": 0.7, "desktop": 0.3, OTHERS: 0.0}, abs=0.03)
    assert sum(verdict.mix.values()) == pytest.approx(2.0)
    assert Judge(reference).observe(window(reference, {})).mix == {}


def test_real_rows_wines_of_three_growers():
    """One grower's wines change; then the growers' shares change: UCI wine, resampled with noise."""
    wine, draw = load_wine(), np.random.default_rng(13)

    def bottles(n, weights, stronger=0.0):
        p = np.array(weights, dtype=float)
        grower = draw.choice(3, n, p=p / p.sum())
        at = np.array([draw.choice(np.flatnonzero(wine.target == g)) for g in grower])
        alcohol = wine.data[at, 0] + draw.normal(0, 0.1, n) + stronger * (grower == 1)
        return {"grower": [f"grower {g}" for g in grower], "alcohol": alcohol, "hue": wine.data[at, 10]}

    frozen = build(bottles(10_000, [1, 1, 1]), name="wine", version="1", segments=["grower"])
    assert "in grower=grower 1" in in_words(frozen, window(frozen, bottles(3000, [1, 1, 1], 0.6)).segments, ["alcohol"])
    assert "change of mix" in in_words(frozen, window(frozen, bottles(3000, [3, 1, 1])).segments, ["alcohol"])
