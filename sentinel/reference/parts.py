"""A reference from a table in parts: every part is surveyed, then counted, and what comes of it is merged.

Which engine runs that is handed in as a `Fold`; what it needs is picklable. Merging is associative and commutative, and
adds integers, so the reference is the same to the last bit whoever ran it and in whatever order. One exception: of a
column with more than `survey.MOST_CATEGORIES` different texts, which of the rarest are remembered depends on the order.
"""

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import partial, reduce
from operator import add, or_
from typing import Any, Protocol, Self, TypeVar

from sentinel.reference.build import NO_ROWS, Survey, frozen, laid_out
from sentinel.reference.counting import Counted, counted
from sentinel.reference.declared import Columns, Declared
from sentinel.reference.frozen import Counts, FrozenReference
from sentinel.reference.grouping import group_counts, plan_of
from sentinel.reference.groups import JointPlan, JointReference


class Part(Protocol):
    """A piece of a table, the same whenever it is read."""

    @property
    def number(self) -> int:
        """Which part it is; no two have the same."""


class Derive(Protocol):
    """Makes the columns to be counted from those of a chunk, and may have to see all chunks before it can."""

    def decided(self, columns: Columns) -> Self:
        """One for tables that begin with these columns, which has learnt nothing."""

    def learn(self, columns: Columns) -> bool:
        """Look at a chunk; False where nothing is to be learnt from it nor from any other."""

    def __or__(self, other: Self) -> Self:
        """What has learnt from the chunks of both."""

    def __call__(self, columns: Columns) -> Columns: ...

    def vocabularies(self) -> dict[str, bytes]:
        """What the reference keeps of what was learnt."""


class AsTheyAre:
    """`Derive` of tables whose columns are counted as they are."""

    def decided(self, columns: Columns) -> Self:
        return self

    def learn(self, columns: Columns) -> bool:
        return False

    def __or__(self, other: Self) -> Self:
        return self

    def __call__(self, columns: Columns) -> Columns:
        return columns

    def vocabularies(self) -> dict[str, bytes]:
        return {}


Some = TypeVar("Some", bound=Part)
Read = Callable[[Some], Iterable[Columns]]
"""The rows of a part, in chunks; the same ones every time."""
Fold = Callable[[Callable[[Any], Any], Sequence[Any], Callable[[Any, Any], Any]], Any]
"""fold(function, parts, merge): function of every part, merged in any order."""
Watch = Callable[[Read[Some], int], Read[Some]]
"""The same reader, watched; it will read all parts so many times."""


def in_order(function: Callable[[Any], Any], parts: Sequence[Any], merge: Callable[[Any, Any], Any]) -> Any:
    """The `Fold` of this process: one part after the other."""
    return reduce(merge, map(function, parts))


def unwatched(read: Read[Some], passes: int) -> Read[Some]:
    return read


def build_from_parts(
    parts: Sequence[Some],
    read: Read[Some],
    declared: Declared,
    *,
    derive: Derive | None = None,
    fold: Fold = in_order,
    watch: Watch[Some] = unwatched,
) -> FrozenReference:
    """The reference of all rows of `parts`. ValueError says what is wrong with them."""
    first = next((chunk for part in parts for chunk in read(part)), None)
    if first is None:
        raise ValueError(NO_ROWS)
    made = (derive or AsTheyAre()).decided(first)
    trial = deepcopy(made)
    learns = trial.learn(first)
    declared.check(trial(first))  # what is wrong is told now, not after hours
    watched = watch(read, 2 + learns + declared.joint)
    if learns:
        made = fold(partial(_learnt, read=watched, derive=made), parts, or_)
    survey = fold(partial(_surveyed, read=watched, derive=made, declared=declared), parts, or_)
    plan = laid_out(survey, declared)
    counts = fold(partial(_counted, read=watched, derive=made, declared=declared, plan=plan), parts, or_)
    whole = replace(frozen(plan, counts), vocabularies=made.vocabularies())
    if not declared.joint:
        return whole
    groups = plan_of(whole)
    together = fold(partial(_grouped, read=watched, derive=made, groups=groups), parts, add)
    return replace(whole, groups=JointReference(groups, together))


def _learnt(part: Part, read: Read[Any], derive: Derive) -> Derive:
    own = deepcopy(derive)  # an engine may hand the same one to several parts
    for columns in read(part):
        own.learn(columns)
    return own


def _surveyed(part: Part, read: Read[Any], derive: Derive, declared: Declared) -> Survey:
    survey = Survey(part.number)
    for columns in read(part):
        survey.look(declared.features(derive(columns)))
    return survey


def _counted(part: Part, read: Read[Any], derive: Derive, declared: Declared, plan: FrozenReference) -> Counted:
    return counted(plan, declared, map(derive, read(part)), part.number)


def _grouped(part: Part, read: Read[Any], derive: Derive, groups: JointPlan) -> Counts:
    return group_counts(groups, map(derive, read(part)))
