"""NVML through nvidia-ml-py: every value is read on its own, and what the driver refuses is left out.

A device that falls off the bus loses its values and keeps the others'. MIG instances are named "0:1" (device:instance).
NVML shows processes by host PIDs and, without the host's PID name space, often none: then these metrics are absent.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pynvml as nvml  # type: ignore[import-untyped]

from sentinel.telemetry.catalogue import Metric, gpu
from sentinel.telemetry.labels import label
from sentinel.telemetry.readings import Sample, Samples

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


def _busy(device: Any) -> list[Sample]:
    """Each process by the newest of its samples, of which the driver keeps the last seconds."""
    samples = sorted(nvml.nvmlDeviceGetProcessUtilization(device, 0), key=lambda sample: sample.timeStamp)
    newest = {sample.pid: sample.smUtil for sample in samples}
    busiest = sorted(newest.items(), key=lambda item: -item[1])[:MOST_PROCESSES]
    return [((str(pid),), percent * _PERCENT) for pid, percent in busiest]


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
    (gpu.PROCESS_UTILIZATION, _busy),
)


def begin() -> bool:
    """Open the driver; False when it does not answer."""
    try:
        nvml.nvmlInit()
    except _NOT_TOLD:
        return False
    return True


def end() -> None:
    """Close the driver, which may be gone already."""
    try:
        nvml.nvmlShutdown()
    except _NOT_TOLD:
        return


def read_devices() -> Samples | None:
    """Values of all devices; None when the driver no longer answers."""
    try:
        count = nvml.nvmlDeviceGetCount()
    except _NOT_TOLD:
        return None
    samples: Samples = {}
    for name, device in _devices(count):
        _read_device(name, device, samples)
    return samples


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


def _read_device(name: str, device: Any, samples: Samples) -> None:
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
