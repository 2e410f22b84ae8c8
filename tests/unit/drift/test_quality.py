import numpy as np
import pytest

from sentinel.drift.quality import findings
from sentinel.reference.build import build
from sentinel.windows.opened import Window
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
