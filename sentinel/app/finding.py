"""What an examination finds."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["fine", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """about: the part that was looked at. note: nothing is broken, but somebody may have meant otherwise."""

    about: str
    status: Status
    sentence: str
    remedy: str = ""
