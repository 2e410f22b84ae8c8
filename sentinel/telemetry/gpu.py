"""GPU readings through NVML (nvidia-ml-py). Every value is read on its own: what the driver refuses is left out.

A machine without a driver gives `GpuReadings(up=False)`, and so does a driver that went away; each reading tries again.
A device that falls off the bus loses its values and keeps the others'. MIG instances are named "0:1" (device:instance).
NVML shows processes by host PIDs and, without the host's PID name space, often none: then that metric is absent.
Reading blocks for tens of milliseconds (PCIe counters average over 20 ms): call it in a thread.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pynvml as nvml  # type: ignore[import-untyped]

from sentinel.telemetry.catalogue import Metric, gpu
from sentinel.telemetry.labels import label
from sentinel.telemetry.readings import GpuReadings

Sample = tuple[tuple[str, ...], float]  # labels after `gpu`, value

MOST_PROCESSES = 16
_NOT_TOLD = (nvml.NVMLError, nvml.NVMLLibraryMismatchError, OSError, UnicodeDecodeError)
_UNKNOWN_MEMORY = 2**64 - 1  # what NVML says of a process whose memory the driver does not know
_PERCENT, _MILLI, _MEGA, _KIBI = 0.01, 0.001, 1e6, 1024.0

_THROTTLE_BITS = dict(zip(gpu.THROTTLE_REASONS, (1 << bit for bit in range(9)), strict=True))  # nvmlClocksEventReason…
_ECC_KINDS = (
    ("corrected", nvml.NVML_MEMORY_ERROR_TYPE_CORRECTED),
    ("uncorrected", nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED),
)
_PCIE_DIRECTIONS = (("transmit", nvml.NVML_PCIE_UTIL_TX_BYTES), ("receive", nvml.NVML_PCIE_UTIL_RX_BYTES))


def _one(value: float) -> list[Sample]:
    return [((), float(value))]


def _throttled(device: Any) -> list[Sample]:
    try:
        reasons = nvml.nvmlDeviceGetCurrentClocksEventReasons(device)
    except _NOT_TOLD:  # drivers before 535 know the older name only
        reasons = nvml.nvmlDeviceGetCurrentClocksThrottleReasons(device)
    return [((reason,), float(bool(reasons & bit))) for reason, bit in _THROTTLE_BITS.items()]


def _ecc(device: Any) -> Iterator[Sample]:
    for kind, code in _ECC_KINDS:
        yield (kind,), float(nvml.nvmlDeviceGetTotalEccErrors(device, code, nvml.NVML_VOLATILE_ECC))


def _pcie(device: Any) -> Iterator[Sample]:
    for direction, code in _PCIE_DIRECTIONS:
        yield (direction,), nvml.nvmlDeviceGetPcieThroughput(device, code) * _KIBI


def _processes(device: Any) -> list[Sample]:
    used = [(p.pid, p.usedGpuMemory) for p in nvml.nvmlDeviceGetComputeRunningProcesses(device)]
    known = [(pid, memory) for pid, memory in used if memory not in (None, _UNKNOWN_MEMORY)]
    largest = sorted(known, key=lambda item: -item[1])[:MOST_PROCESSES]
    return [((str(pid),), float(memory)) for pid, memory in largest]


_READINGS: tuple[tuple[Metric, Callable[[Any], Iterable[Sample]]], ...] = (
    (gpu.UTILIZATION, lambda d: _one(nvml.nvmlDeviceGetUtilizationRates(d).gpu * _PERCENT)),
    (gpu.MEMORY_ACTIVITY, lambda d: _one(nvml.nvmlDeviceGetUtilizationRates(d).memory * _PERCENT)),
    (gpu.MEMORY_USED, lambda d: _one(nvml.nvmlDeviceGetMemoryInfo(d).used)),
    (gpu.MEMORY_TOTAL, lambda d: _one(nvml.nvmlDeviceGetMemoryInfo(d).total)),
    (gpu.POWER, lambda d: _one(nvml.nvmlDeviceGetPowerUsage(d) * _MILLI)),
    (gpu.POWER_LIMIT, lambda d: _one(nvml.nvmlDeviceGetEnforcedPowerLimit(d) * _MILLI)),
    (gpu.TEMPERATURE, lambda d: _one(nvml.nvmlDeviceGetTemperature(d, nvml.NVML_TEMPERATURE_GPU))),
    (gpu.SM_CLOCK, lambda d: _one(nvml.nvmlDeviceGetClockInfo(d, nvml.NVML_CLOCK_SM) * _MEGA)),
    (gpu.THROTTLED, _throttled),
    (gpu.ECC_ERRORS, _ecc),
    (gpu.PCIE_THROUGHPUT, _pcie),
    (gpu.PCIE_REPLAYS, lambda d: _one(nvml.nvmlDeviceGetPcieReplayCounter(d))),
    (gpu.PROCESS_MEMORY, _processes),
)


class GpuReader:
    """Reads all devices that NVML shows. `enabled=False` never touches the driver."""

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._open = False

    def read(self) -> GpuReadings:
        """Values of this moment; never raises for what a driver, device or library cannot do."""
        if not self._enabled:
            return GpuReadings(up=False)
        try:
            if not self._open:
                nvml.nvmlInit()
                self._open = True
            count = nvml.nvmlDeviceGetCount()
        except _NOT_TOLD:
            self.close()
            return GpuReadings(up=False)
        samples: dict[Metric, dict[tuple[str, ...], float]] = {}
        for name, device in _devices(count):
            _read_device(name, device, samples)
        return GpuReadings(up=True, samples=samples)

    def close(self) -> None:
        """Let go of the driver; the next reading opens it again."""
        if self._open:
            self._open = False
            try:
                nvml.nvmlShutdown()
            except _NOT_TOLD:
                return  # the driver is gone already


def _devices(count: int) -> Iterator[tuple[str, Any]]:
    """Each device, or its MIG instances where MIG is on."""
    for index in range(count):
        try:
            device = nvml.nvmlDeviceGetHandleByIndex(index)
        except _NOT_TOLD:
            continue  # unplugged, or hidden from this container
        instances = list(_instances(index, device))
        yield from instances or [(str(index), device)]


def _instances(index: int, device: Any) -> Iterator[tuple[str, Any]]:
    try:
        if nvml.nvmlDeviceGetMigMode(device)[0] != nvml.NVML_DEVICE_MIG_ENABLE:
            return
        most = nvml.nvmlDeviceGetMaxMigDeviceCount(device)
    except _NOT_TOLD:
        return  # no MIG on this device
    for instance in range(most):
        try:
            yield f"{index}:{instance}", nvml.nvmlDeviceGetMigDeviceHandleByIndex(device, instance)
        except _NOT_TOLD:
            continue  # this slice is not in use


def _read_device(name: str, device: Any, samples: dict[Metric, dict[tuple[str, ...], float]]) -> None:
    identity = (_text(nvml.nvmlDeviceGetUUID, device), _text(nvml.nvmlDeviceGetName, device))
    samples.setdefault(gpu.INFO, {})[(name, *identity)] = 1
    for metric, reading in _READINGS:
        try:
            for rest, value in reading(device):
                samples.setdefault(metric, {})[(name, *rest)] = value
        except _NOT_TOLD:
            continue


def _text(ask: Callable[[Any], Any], device: Any) -> str:
    try:
        return label(str(ask(device)))
    except _NOT_TOLD:
        return label("")
