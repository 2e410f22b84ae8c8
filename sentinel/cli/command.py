"""What a command is, as data."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Argument:
    """Names and keywords of one `add_argument`."""

    names: tuple[str, ...]
    keywords: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Command:
    """path: words of the command. run: "module:function" in this package. own_options: it parses the rest itself."""

    path: str
    help: str
    run: str
    example: str
    arguments: tuple[Argument, ...] = ()
    own_options: bool = False


def arg(*names: str, **keywords: Any) -> Argument:
    return Argument(names, keywords)
