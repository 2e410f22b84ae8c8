"""From a frozen reference to the books: which features are watched together, and with what share of the budget."""

import numpy as np

from sentinel.drift.bets import Ints
from sentinel.drift.blocks import Counts
from sentinel.drift.laws import BinnedFeatures, Laws
from sentinel.drift.seasons import SeasonalLaws
from sentinel.judge.policy import Policy
from sentinel.judge.seasons import Seasons
from sentinel.reference.frozen import FrozenReference
from sentinel.reference.groups import JointReference

SERVICE_SHARE = 0.05
"""Share of the budget of each objective that is set (errors, latency); drift has the rest."""
PAIR_SHARE = 1 / 3
"""Part of what the groups of inputs have that goes to pairs."""
DRIFT_SHARES = {"prediction": 0.2, "joint": 0.15, "input": 0.65}
"""How the drift budget is split."""


class Roles:
    """The laws of a reference by role: inputs, and predictions, where it has any."""

    def __init__(self, reference: FrozenReference, policy: Policy) -> None:
        book = reference.book
        self._rows = {role: [i for i, r in enumerate(book.roles) if r == role] for role in ("input", "prediction")}
        self._labels = cell_labels(reference)
        self._last = book.cells - 1
        self._seasons = _usable(policy.seasons, reference)
        every = _features(reference, policy)
        self.inputs = Laws.of(every.take(self._rows["input"])) if self._rows["input"] else None
        self.predictions = Laws.of(every.take(self._rows["prediction"])) if self._rows["prediction"] else None
        self.groups = _groups(reference, policy)
        self.joint = _joint(self.groups, policy)

    def seasons(self, role: str) -> SeasonalLaws | None:
        """Laws by the hour; None where the policy has no seasons."""
        known = self._seasons
        if known is None:
            return None
        counts = known.groups if role == "joint" else known.counts[:, self._rows[role]]
        return SeasonalLaws(self.laws(role).features, counts, known.utc_offset_hours)

    def laws(self, role: str) -> Laws:
        laws = {"input": self.inputs, "prediction": self.predictions, "joint": self.joint}[role]
        if laws is None:
            raise ValueError(f"the reference has no feature with role {role}")
        return laws

    def of(self, role: str, counts: Counts) -> Counts:
        """The rows of `counts` [F, K] that belong to `role`."""
        return np.asarray(counts[self._rows[role]])

    def fits(self, role: str, counts: Counts) -> bool:
        """Whether at least half of the role's features have any value at all in `counts` [F, K].

        Where not, the traffic carries other columns than the reference: nothing can be said of drift.
        """
        rows = self._rows[role]
        filled = counts[rows].sum(axis=1) > counts[rows, self._last[rows]]
        return 2 * int(filled.sum()) >= len(rows)

    def labels_of(self, role: str) -> tuple[tuple[str, ...], ...]:
        return tuple(self._labels[i] for i in self._rows[role])

    def share(self, role: str) -> float:
        """Share of the drift budget; a role without features leaves its share to the others."""
        present = {"prediction": self.predictions, "joint": self.joint, "input": self.inputs}
        parts = {name: DRIFT_SHARES[name] for name, laws in present.items() if laws is not None}
        return parts[role] / sum(parts.values())


def _usable(seasons: Seasons | None, reference: FrozenReference) -> Seasons | None:
    if seasons is not None and (complaint := seasons.complaint(reference)):
        raise ValueError(complaint)
    return seasons


def _groups(reference: FrozenReference, policy: Policy) -> JointReference | None:
    """Groups of inputs that are watched together: the policy's, else the reference's."""
    if policy.joint is not None and policy.seasons is not None:
        raise ValueError(
            "groups given beside the reference have no seasons; build the reference with joint=True instead"
        )
    known = policy.joint if policy.joint is not None else reference.groups
    return known if known is not None and known.plan.groups else None


def _joint(groups: JointReference | None, policy: Policy) -> Laws | None:
    """Groups of inputs as features: a third of their weight on pairs, the rest on larger groups."""
    if groups is None:
        return None
    plan, counts = groups.plan, groups.counts
    pair = np.array([len(group) == 2 for group in plan.groups])
    share = np.where(pair, PAIR_SHARE / pair.sum(), (1 - PAIR_SHARE) / max((~pair).sum(), 1))
    number = len(plan.groups)
    return Laws.of(
        BinnedFeatures(
            names=plan.titles,
            counts=counts,
            cells=plan.cells,
            ordered=np.zeros(number, dtype=np.intp),
            weights=share / share.sum(),
            tolerances=np.full(number, policy.tolerance.nats),
            dependence=np.full(number, np.nan),
        )
    )


def _features(reference: FrozenReference, policy: Policy) -> BinnedFeatures:
    book = reference.book
    tolerances = [policy.tolerances.get(name, policy.tolerance).nats for name in book.names]
    alike = {role: max(book.roles.count(role), 1) for role in set(book.roles)}
    return BinnedFeatures(
        names=book.names,
        counts=book.counts,
        cells=book.cells,
        ordered=book.ordered,
        weights=np.array([1 / alike[role] for role in book.roles]),
        tolerances=np.array(tolerances),
        dependence=np.array([policy.dependence.get(name, np.nan) for name in book.names]),
    )


def cell_labels(reference: FrozenReference) -> tuple[tuple[str, ...], ...]:
    """Names of the coarse cells of every feature: categories by name, the others by what they hold."""
    book, known = reference.book, len(reference.numeric.names)
    numeric = [_numbered(int(n), int(k)) for n, k in zip(book.cells[:known], book.ordered[:known], strict=True)]
    tables = zip(reference.categorical.categories, reference.categorical_book, strict=True)
    return tuple(numeric + [_named(names, cells) for names, cells in tables])


def _numbered(cells: int, ordered: int) -> tuple[str, ...]:
    """Cells of a numeric feature; one with atoms may have a cell for what lies elsewhere, between above and missing."""
    elsewhere = ("elsewhere",) if cells == ordered + 2 else ()
    return ("below", *(f"bin {i}" for i in range(1, ordered - 1)), "above", *elsewhere, "missing")


def _named(categories: tuple[str, ...], coarse: Ints) -> tuple[str, ...]:
    labels = ["other"] * (int(coarse.max()) + 1)
    labels[-1] = "missing"
    alone = np.bincount(coarse[: len(categories)], minlength=len(labels)) == 1
    for name, cell in zip(categories, coarse, strict=False):
        if alone[cell] and cell < len(labels) - 1:
            labels[cell] = name
    return tuple(labels)
