"""Patches say what changed, and nothing else."""

from typing import Any

import jsonpatch
from hypothesis import given
from hypothesis import strategies as st

from sentinel.inject.patch import difference

JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text("ab~/", max_size=3), inner, max_size=4),
    max_leaves=25,
)


@given(JSON, JSON)
def test_applied_to_the_first_it_gives_the_second(before: Any, after: Any) -> None:
    assert jsonpatch.apply_patch(before, difference(before, after)) == after


@given(JSON)
def test_what_is_equal_needs_no_patch(value: Any) -> None:
    assert difference(value, value) == []


def test_an_item_put_into_a_list_is_one_operation() -> None:
    before, after = (
        {"items": [{"name": "a"}, {"name": "b"}]},
        {"items": [{"name": "new"}, {"name": "a"}, {"name": "b"}]},
    )
    assert difference(before, after) == [{"op": "add", "path": "/items/0", "value": {"name": "new"}}]
