"""A reference from a table in parts: every part is surveyed, then counted, and what comes of it is merged.

Which engine runs that is handed in as a `Fold`; what it needs is picklable. Merging is associative and commutative, and
adds integers, so the reference is the same to the last bit whoever ran it and in whatever order. One exception: of a
column with more than `survey.MOST_CATEGORIES` different texts, which of the rarest are remembered depends on the order.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial, reduce
from operator import or_
from typing import Any, Protocol, TypeVar

from sentinel.reference.build import NO_ROWS, Columns, Counted, Declared, Survey, counted, frozen, laid_out
from sentinel.reference.frozen import FrozenReference


class Part(Protocol):
    """A piece of a table, the same whenever it is read."""

    @property
    def number(self) -> int:
        """Which part it is; no two have the same."""


Some = TypeVar("Some", bound=Part)
Read = Callable[[Some], Iterable[Columns]]
"""The rows of a part, in chunks; the same ones every time."""
Derive = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Makes the columns to be counted from those of each chunk (texts to their lengths, say)."""
Fold = Callable[[Callable[[Any], Any], Sequence[Any], Callable[[Any, Any], Any]], Any]
"""fold(function, parts, merge): function of every part, merged in any order."""


def in_order(function: Callable[[Any], Any], parts: Sequence[Any], merge: Callable[[Any, Any], Any]) -> Any:
    """The `Fold` of this process: one part after the other."""
    return reduce(merge, map(function, parts))


def build_from_parts(
    parts: Sequence[Some],
    read: Read[Some],
    *,
    name: str,
    version: str,
    declared: Declared,
    derive: Derive = dict,
    fold: Fold = in_order,
) -> FrozenReference:
    """The reference of all rows of `parts`. ValueError says what is wrong with them."""
    first = next((chunk for part in parts for chunk in read(part)), None)
    if first is None:
        raise ValueError(NO_ROWS)
    declared.check(derive(first))  # told now, not after hours; and the first rows decide what is derived
    survey = fold(partial(_surveyed, read=read, derive=derive), parts, or_)
    plan = laid_out(survey, declared)
    counts = fold(partial(_counted, read=read, derive=derive, plan=plan), parts, or_)
    return frozen(plan, counts, name=name, version=version)


def _surveyed(part: Part, read: Read[Any], derive: Derive) -> Survey:
    survey = Survey(part.number)
    for columns in read(part):
        survey.look(derive(columns))
    return survey


def _counted(part: Part, read: Read[Any], derive: Derive, plan: FrozenReference) -> Counted:
    return counted(plan, map(derive, read(part)))
