"""The closed window with its feature counts. First shape: the windows stage fills in arrays and merge."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sentinel.windows.window import TrafficCounts, WindowKey


@dataclass(frozen=True, slots=True)
class ClosedWindow:
    key: WindowKey
    start: float
    end: float
    rows: int
    reference_id: str
    features: Mapping[str, Any] = field(default_factory=dict)
    traffic: TrafficCounts = field(default_factory=TrafficCounts)
