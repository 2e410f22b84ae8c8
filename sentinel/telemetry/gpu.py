"""GPU readings, where there is a driver. A machine without one never loads nvidia-ml-py, which takes 9 to 12 MB."""

from types import ModuleType

from sentinel.telemetry.readings import GpuReadings, driver_present


class GpuReader:
    """Reads all devices that NVML shows. `enabled=False` never touches the driver.

    A machine without a driver gives `GpuReadings(up=False)`, and so does a driver that went away; each reading tries
    again. Reading blocks for tens of milliseconds (PCIe counters average over 20 ms): call it in a thread.
    """

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._open = False

    def read(self) -> GpuReadings:
        """Values of this moment; never raises for what a driver, device or library cannot do."""
        nvml = _nvml() if self._enabled else None
        if nvml is None:
            return GpuReadings(up=False)
        if not self._open:
            self._open = nvml.begin()
        samples = nvml.read_devices() if self._open else None
        if samples is None:
            self.close()
            return GpuReadings(up=False)
        return GpuReadings(up=True, samples=samples)

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
