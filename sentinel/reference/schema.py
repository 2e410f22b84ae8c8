"""What a feature is: name, kind and role. Part of the frozen reference."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["numeric", "categorical", "text", "image", "embedding"]
Role = Literal["input", "prediction", "label"]


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    name: str
    kind: Kind
    role: Role = "input"
