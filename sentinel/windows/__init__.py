"""Columns and traffic become closed, mergeable windows. Pure."""

from sentinel.windows.closed import NOTHING, ClosedWindow
from sentinel.windows.counts import FeatureCounts, coarse
from sentinel.windows.generation import GenerationCounts
from sentinel.windows.latency import percentiles
from sentinel.windows.opened import Window
from sentinel.windows.window import TrafficCounts, WindowKey

__all__ = [
    "NOTHING",
    "ClosedWindow",
    "FeatureCounts",
    "GenerationCounts",
    "TrafficCounts",
    "Window",
    "WindowKey",
    "coarse",
    "percentiles",
]
