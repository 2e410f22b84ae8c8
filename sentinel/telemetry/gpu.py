"""GPU readings, where there is a driver. A machine without NVIDIA's never loads nvidia-ml-py, of 9 to 12 MB."""

from types import ModuleType

from sentinel.telemetry import amdgpu
from sentinel.telemetry.readings import GpuReadings, Samples, driver_present


class GpuReader:
    """Reads all devices that NVML and amdgpu show. `enabled=False` never touches a driver.

    A machine without a driver gives `GpuReadings(up=False)`, and so does a driver that went away; each reading tries
    again. Reading blocks for tens of milliseconds (PCIe counters average over 20 ms): call it in a thread.
    """

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._open = False

    def read(self) -> GpuReadings:
        """Values of this moment; never raises for what a driver, device or library cannot do."""
        if not self._enabled:
            return GpuReadings(up=False)
        found = [samples for samples in (self._nvidia(), amdgpu.read_devices()) if samples is not None]
        merged: Samples = {}
        for samples in found:
            for metric, children in samples.items():
                merged.setdefault(metric, {}).update(children)
        return GpuReadings(up=bool(found), samples=merged)

    def _nvidia(self) -> Samples | None:
        nvml = _nvml()
        if nvml is None:
            return None
        if not self._open:
            self._open = nvml.begin()
        samples: Samples | None = nvml.read_devices() if self._open else None
        if samples is None:
            self.close()
        return samples

    def close(self) -> None:
        """Let go of the driver; the next reading opens it again."""
        if self._open and (nvml := _nvml()) is not None:
            nvml.end()
        self._open = False


def _nvml() -> ModuleType | None:
    """The module that speaks NVML, or None without the driver's library."""
    if not driver_present():
        return None
    from sentinel.telemetry import nvml

    return nvml
