"""Windows of many simulated replicas for the benchmarks of store and fleet: real counts against a real reference."""

import numpy as np

from sentinel.reference.build import build
from sentinel.reference.frozen import FrozenReference
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.opened import Window
from sentinel.windows.window import TrafficCounts, WindowKey

NUMERIC, CATEGORICAL = 45, 5
ROWS = 200  # analysed rows a window: 3 a second
RECEIVED = 6_000  # a hundred requests a second and replica


def columns(random: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    numeric = {f"n{i:02}": random.normal(i, 1 + i / 10, rows) for i in range(NUMERIC)}
    letters = np.array([f"c{i}" for i in range(12)])
    return numeric | {f"k{i}": letters[random.integers(0, 12, rows)] for i in range(CATEGORICAL)}


def reference_of(random: np.random.Generator) -> FrozenReference:
    return build(columns(random, 50_000), name="fleet", version="1", predictions=["n00", "k0"])


def patterns(reference: FrozenReference, random: np.random.Generator, count: int) -> list[ClosedWindow]:
    """Different windows of healthy traffic; replicas and periods use them again under their own keys."""
    return [_window(reference, random) for _ in range(count)]


def _window(reference: FrozenReference, random: np.random.Generator) -> ClosedWindow:
    opened = Window(WindowKey("m", "1", "r"), 0.0, 60.0, reference)
    opened.add(columns(random, ROWS))
    latency = random.poisson(RECEIVED / 200 * np.exp(-((np.arange(200) - 100) ** 2) / 800)).tolist()
    counts = {bucket - 250: count for bucket, count in enumerate(latency) if count}
    traffic = TrafficCounts(
        received=RECEIVED,
        analysed=ROWS,
        sampled_out=RECEIVED - ROWS,
        codes={"2xx": RECEIVED - 3, "5xx": 3},
        latency=counts,
        latency_sum_seconds=RECEIVED * 0.02,
    )
    return opened.close(traffic)
