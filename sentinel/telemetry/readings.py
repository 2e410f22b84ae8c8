"""One reading of all GPUs, as values. The library that reads them (12 MB) is loaded only where a driver is."""

from collections.abc import Mapping
from ctypes import CDLL
from dataclasses import dataclass, field

from sentinel.telemetry.catalogue import Metric

Sample = tuple[tuple[str, ...], float]  # labels after `gpu`, value
Samples = dict[Metric, dict[tuple[str, ...], float]]


@dataclass(frozen=True, slots=True)
class GpuReadings:
    """One reading of all devices. samples: metric -> label values -> value, in the catalogue's units."""

    up: bool
    samples: Mapping[Metric, Mapping[tuple[str, ...], float]] = field(default_factory=dict)


def driver_present() -> bool:
    """Whether NVIDIA's management library can be loaded."""
    try:
        CDLL("libnvidia-ml.so.1")
    except OSError:
        return False
    return True
