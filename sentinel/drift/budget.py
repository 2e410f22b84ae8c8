"""The two promises an operator states: how many false pages, and how much drift is harmless. Values only."""

from collections.abc import Callable
from dataclasses import dataclass

SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class FalsePageBudget:
    """False pages accepted per period, over all features, windows, replicas, versions and looks of one model.

    pages: pages, more than 0. days: length of the period. ValueError where either is not positive.
    """

    pages: float = 1.0
    days: float = 30.0

    def __post_init__(self) -> None:
        if not (self.pages > 0 and self.days > 0):
            raise ValueError(
                f"a budget of {self.pages} pages per {self.days} days allows nothing; both must be above 0"
            )

    @property
    def pages_per_second(self) -> float:
        return self.pages / (self.days * SECONDS_PER_DAY)

    @property
    def seconds(self) -> float:
        return self.days * SECONDS_PER_DAY


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Harmless drift, as a divergence ½Σ(p − p_true)²/p_true in nats: ½d² for a mean shift of d standard deviations.

    0.005 nats ≈ mean shift of 0.10 sd ≈ PSI 0.01 ≈ largest gap of 0.04 between distribution functions.
    """

    nats: float = 0.005

    def __post_init__(self) -> None:
        if not 0 <= self.nats <= LARGEST_TOLERANCE_NATS:
            raise ValueError(f"a tolerance of {self.nats} nats is outside 0 … {LARGEST_TOLERANCE_NATS}")

    @classmethod
    def parse(cls, text: str) -> "Tolerance":
        """`default`, nats such as `0.005`, `psi:0.1` or `sd:0.3`; ValueError names the text and the four spellings."""
        unit, _, number = text.strip().rpartition(":")
        if unit == "" and number == "default":
            return cls()
        try:
            return cls(_NATS_OF[unit](float(number)))
        except (KeyError, ValueError) as error:
            raise ValueError(
                f"tolerance {text!r} is not understood: write default, nats such as 0.005, psi:0.1 or sd:0.3, "
                f"where the result lies within 0 … {LARGEST_TOLERANCE_NATS} nats"
            ) from error


LARGEST_TOLERANCE_NATS = 2.0
"""A mean shift of two standard deviations: whoever calls more than this harmless wants no monitoring."""

_NATS_OF: dict[str, Callable[[float], float]] = {
    "": lambda nats: nats,
    "nats": lambda nats: nats,
    "psi": lambda psi: psi / 2,  # PSI is the symmetrised divergence: twice ours for small shifts
    "sd": lambda shift: shift * abs(shift) / 2,  # a shift of a normal by d standard deviations is ½d² nats
}
