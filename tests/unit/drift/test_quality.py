import numpy as np
import pytest

from sentinel.drift.faults import KINDS, Finding, in_words
from sentinel.drift.quality import findings
from sentinel.judge.judge import Judge
from sentinel.reference.build import build
from sentinel.windows.opened import Window
from sentinel.windows.whole import Whole, WholeRows
from sentinel.windows.window import WindowKey

RNG = np.random.default_rng(20261122)
ROWS = 500


def rows_of(n):
    return {
        "celsius": RNG.normal(15, 6, n),
        "income": RNG.lognormal(10, 0.4, n),
        "age": RNG.normal(45, 9, n).round(),
        "country": RNG.choice(["NZ", "AU", "FJ"], n, p=[0.5, 0.3, 0.2]).tolist(),
    }


REFERENCE = build(rows_of(20_000), name="people", version="1")


def found(**changed):
    window = Window(WindowKey("m", "1", "r"), 0.0, 60.0, REFERENCE)
    columns = {**rows_of(ROWS), **changed}
    window.add({name: values for name, values in columns.items() if values is not None})
    return {(finding.kind, finding.feature): finding for finding in findings(REFERENCE, window.close())}


def test_healthy_rows_have_none():
    for _ in range(20):
        assert not found()


def test_missing_and_wrong_values():
    ages = rows_of(ROWS)["age"].tolist()
    assert found(age=[None] * 50 + ages[50:])["missing", "age"].share == pytest.approx(0.1)
    assert found(age=["x"] * 25 + ages[25:])["wrong_type", "age"].share == pytest.approx(0.05)
    assert set(found(age=[None] * 2 + ages[2:])) == set()


def test_lost_and_new_fields():
    assert set(found(age=None, agee=rows_of(ROWS)["age"])) == {("lost_field", "age"), ("new_field", "agee")}
    assert set(found(country=None)) == {("lost_field", "country")}


def test_numbers_outside_the_reference():
    ages = rows_of(ROWS)["age"]
    ages[:20] = 400.0
    finding = found(age=ages)["out_of_range", "age"]
    assert finding.share == pytest.approx(0.04, abs=0.003)
    assert "to 400, known" in finding.detail


def test_unseen_categories_are_counted_and_not_named():
    countries = ["QQ"] * 100 + rows_of(ROWS)["country"][100:]
    finding = found(country=countries)["unseen_category", "country"]
    assert finding.share == pytest.approx(0.2)
    assert "QQ" not in repr(finding)


@pytest.mark.parametrize(("factor", "name"), [(10, "× 10"), (0.1, "÷ 10"), (100, "× 100"), (0.001, "÷ 1,000")])
def test_another_unit_by_a_factor(factor, name):
    assert found(income=rows_of(ROWS)["income"] * factor)["unit_change", "income"].detail == name


def test_celsius_as_fahrenheit():
    assert found(celsius=rows_of(ROWS)["celsius"] * 1.8 + 32)["unit_change", "celsius"].detail == "°C as °F"


def test_a_plain_shift_is_no_unit():
    assert ("unit_change", "celsius") not in found(celsius=rows_of(ROWS)["celsius"] + 12)


def test_what_is_derived_has_no_unit():
    reference = build({"photo.sharpness": RNG.normal(50, 5, 5000)}, name="cameras", version="1")
    window = Window(WindowKey("m", "1", "r"), 0.0, 60.0, reference)
    window.add({"photo.sharpness": RNG.normal(5, 0.5, 500)})
    assert "unit_change" not in {finding.kind for finding in findings(reference, window.close())}


def test_far_larger_values_are_another_unit_whose_factor_is_a_lower_bound():
    assert found(income=rows_of(ROWS)["income"] * 1000)["unit_change", "income"].detail == "× 100 or more"


def test_swapped_columns():
    columns = rows_of(ROWS)
    finding = found(age=columns["celsius"], celsius=columns["age"])
    assert finding["swapped", "celsius"].detail == "age"


def test_a_stuck_value():
    assert ("stuck", "age") in found(age=np.full(ROWS, 45.0))
    assert ("stuck", "country") in found(country=["NZ"] * ROWS)
    assert ("stuck", "income") in found(income=np.full(ROWS, 1e7))


def test_no_rows_are_no_finding():
    assert findings(REFERENCE, Window(WindowKey("m", "1", "r"), 0.0, 60.0, REFERENCE).close()) == ()
    assert findings(REFERENCE, Window(WindowKey("m", "1", "r"), 0.0, 60.0, None).close()) == ()


def window_of(columns, rows=ROWS, clients=("",)):
    """A window of the sidecar: rows in exchanges of one, from these clients in turn."""
    window, whole = Window(WindowKey("m", "1", "r"), 0.0, 60.0, REFERENCE), Whole(list(columns))
    window.add(columns)
    for row in range(rows):
        whole.add({name: [values[row]] for name, values in columns.items()}, 1, clients[row % len(clients)])
    return window.close(whole=whole.counts())


def repeated(share):
    """Rows of which this share are those before once more."""
    columns = {name: list(values) for name, values in rows_of(ROWS).items()}
    kept = round(ROWS * (1 - share))
    return {name: values[:kept] + values[: ROWS - kept] for name, values in columns.items()}


@pytest.mark.parametrize(("share", "is_found"), [(0.0, False), (0.05, False), (0.3, True), (0.5, True)])
def test_duplicated_rows(share, is_found):
    kinds = {f.kind: f for f in findings(REFERENCE, window_of(repeated(share)))}
    assert ("duplicated_rows" in kinds) == is_found
    if is_found:
        assert kinds["duplicated_rows"].share == pytest.approx(share, abs=0.01)


def test_rows_that_repeat_by_nature_are_no_duplicates():
    dice = {"eyes": RNG.integers(1, 7, 5000).astype(str).tolist(), "coin": RNG.choice(["h", "t"], 5000).tolist()}
    reference = build(dice, name="dice", version="1")
    window, whole = Window(WindowKey("m", "1", "r"), 0.0, 60.0, reference), Whole(["eyes", "coin"])
    few = {name: values[:400] for name, values in dice.items()}
    window.add(few)
    whole.add(few, 400, "")
    assert whole.counts().repeated > 300
    assert findings(reference, window.close(whole=whole.counts())) == ()


@pytest.mark.parametrize(
    ("clients", "share"), [(("a", "a", "a", "b"), 0.75), (("a",), 1.0), (("a", "b", "c"), None), (("",), None)]
)
def test_one_client_that_dominates(clients, share):
    found = {f.kind: f for f in findings(REFERENCE, window_of(rows_of(ROWS), clients=clients))}
    assert found.get("one_client", Finding("", "", 0)).share == (share or 0)


def test_clients_beyond_the_bound_are_nobodys_and_merged_windows_add_up():
    whole = Whole([])
    for client in range(5000):
        whole.add({}, 1, f"client {client}")
    whole.add({}, 300, "client 7")
    counts = whole.counts()
    assert counts == WholeRows(told=1300, largest=301)
    assert counts | counts == WholeRows(told=2600, largest=602)


@pytest.mark.parametrize("rows", [1, 3, 30])
def test_a_few_rows_prove_nothing(rows):
    columns = {name: list(values[:rows]) for name, values in rows_of(ROWS).items()}
    columns["age"] = [None, *columns["age"][1:]]
    columns["country"] = ["QQ", *columns["country"][1:]]
    assert findings(REFERENCE, window_of(columns, rows)) == ()


EVERY_FAULT = {
    "missing": {"age": [None] * 50},
    "wrong_type": {"age": ["x"] * 50},
    "lost_field": {"age": None},
    "new_field": {"agee": [1.0] * ROWS},
    "out_of_range": {"age": [400.0] * 50},
    "unseen_category": {"country": ["QQ"] * 100},
    "unit_change": {"income": rows_of(ROWS)["income"] * 1000},
    "swapped": None,
    "stuck": {"age": [45.0] * ROWS},
    "duplicated_rows": repeated(0.5),
}
"""Faults of one window alone. `one_client` is told against what is usual (see judge/test_faults)."""


def test_every_fault_is_provoked():
    assert {*EVERY_FAULT, "one_client"} == set(KINDS)


@pytest.mark.parametrize("kind", EVERY_FAULT)
def test_every_fault_is_found_explained_and_in_the_verdict(kind):
    columns = {name: list(values) for name, values in rows_of(ROWS).items()}
    change = EVERY_FAULT[kind]
    if change is None:
        change = {"age": columns["celsius"], "celsius": columns["age"]}
    for name, values in change.items():
        columns[name] = None if values is None else [*values, *columns.get(name, [])[len(values) :]]
    present = {name: values for name, values in columns.items() if values is not None}
    verdict = Judge(REFERENCE).observe(window_of(present, clients=("a", "b", "c")))
    assert kind in {fault.kind for fault in verdict.quality}
    assert "; data quality: " in verdict.explanation
    assert kind.replace("_", " ") in in_words([f for f in verdict.quality if f.kind == kind], 3)


def test_words_are_few():
    faults = [Finding("missing", f"f{i}", 0.5) for i in range(5)]
    assert in_words(faults, 2) == "data quality: f0 missing (50%), f1 missing (50%) and 3 more"
    assert in_words([], 2) == ""
