"""docs/rollback.md says what the code does: outcomes, target types, statuses, routes."""

import re
from pathlib import Path

from sentinel.rollback.admin import admin_app
from sentinel.rollback.interlocks import OUTCOMES
from sentinel.rollback.retries import STATUSES
from sentinel.rollback.targets.building import TYPES

PAGE = (Path(__file__).parents[3] / "docs/rollback.md").read_text()


def first_cells(heading: str) -> list[str]:
    """Words in backticks that open the rows of the first table after a heading."""
    return re.findall(r"^\| `([a-z_]+)` \|", PAGE.split(heading, 1)[1].split("\n## ", 1)[0], re.MULTILINE)


def test_every_outcome_is_told_in_the_order_of_the_table() -> None:
    told = first_cells("## How a decision is made")
    assert set(told) == set(OUTCOMES)
    in_code = [word for word in OUTCOMES if word not in ("triggered", "suppressed_baseline_bad")]
    assert [word for word in told if word not in ("triggered", "suppressed_baseline_bad")] == in_code


def test_every_type_of_target_is_told() -> None:
    assert first_cells("## Targets") == list(TYPES)


def test_special_statuses_are_told() -> None:
    assert all(str(status) in PAGE for status in STATUSES)


def test_every_admin_route_is_told() -> None:
    app = admin_app(None, "")  # type: ignore[arg-type]
    for route in app.router.routes():
        assert str(route.resource and route.resource.canonical).replace("{id}", "ID") in PAGE
