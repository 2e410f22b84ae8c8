"""How a field of the settings is declared: its default, its bounds, and one sentence of help."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Bounds:
    """Inclusive numeric limits of an option; None means unlimited."""

    least: float | None = None
    most: float | None = None


def option(
    default: Any = None,
    *,
    help: str,
    least: float | None = None,
    most: float | None = None,
    factory: Any = None,
) -> Any:
    """A field with its help sentence and bounds; `factory` makes the default of nested groups."""
    metadata = {"help": help, "bounds": Bounds(least, most)}
    if factory is not None:
        return field(default_factory=factory, metadata=metadata)
    return field(default=default, metadata=metadata)


def required(*, help: str) -> Any:
    """A field without a default."""
    return field(metadata={"help": help, "bounds": Bounds()})
