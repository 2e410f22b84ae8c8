import pytest

from sentinel.drift.budget import FalsePageBudget, Tolerance


@pytest.mark.parametrize(
    ("text", "nats"),
    [("default", 0.005), ("0.005", 0.005), (" 0.02 ", 0.02), ("nats:0.1", 0.1), ("psi:0.1", 0.05), ("sd:0.3", 0.045)],
)
def test_a_tolerance_has_four_spellings(text: str, nats: float) -> None:
    assert Tolerance.parse(text).nats == pytest.approx(nats)


@pytest.mark.parametrize(
    "text", ["", "small", "psi:", "psi:x", "ks:0.1", "-0.1", "sd:-0.3", "nan", "inf", "3", "a:b:1"]
)
def test_a_tolerance_that_is_not_understood_is_named_with_the_spellings(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not understood: write default, nats such as 0\.005, psi:0\.1 or sd:0\.3"):
        Tolerance.parse(text)


@pytest.mark.parametrize(("pages", "days"), [(0, 30), (1, 0), (-1, 30), (float("nan"), 30)])
def test_a_budget_allows_something(pages: float, days: float) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        FalsePageBudget(pages, days)


def test_the_default_is_one_page_in_thirty_days() -> None:
    assert FalsePageBudget().pages_per_second * 30 * 86_400 == pytest.approx(1.0)
