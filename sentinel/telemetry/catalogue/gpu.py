"""Metrics of the GPUs that NVML or amdgpu show to this container. Absent one by one where the driver has no answer."""

from functools import partial

from sentinel.telemetry.catalogue.metric import Metric

_gpu = partial(Metric, section="GPU")

THROTTLE_REASONS = (
    "gpu_idle",
    "applications_clocks",
    "sw_power_cap",
    "hw_slowdown",
    "sync_boost",
    "sw_thermal",
    "hw_thermal",
    "hw_power_brake",
    "display_clocks",
)

COLLECTOR_UP = _gpu(
    "sentinel_gpu_collector_up", "gauge", "1 while a driver answers; 0 without one or when switched off."
)
INFO = _gpu("sentinel_gpu_info", "gauge", "1 for each device or MIG instance.", ("gpu", "uuid", "name"))
UTILIZATION = _gpu("sentinel_gpu_utilization_ratio", "gauge", "Share of time in which a kernel ran.", ("gpu",), "ratio")
MEMORY_ACTIVITY = _gpu(
    "sentinel_gpu_memory_activity_ratio",
    "gauge",
    "Share of time in which memory was read or written.",
    ("gpu",),
    "ratio",
)
MEMORY_USED = _gpu("sentinel_gpu_memory_used_bytes", "gauge", "Device memory in use.", ("gpu",), "bytes")
MEMORY_TOTAL = _gpu("sentinel_gpu_memory_total_bytes", "gauge", "Device memory installed.", ("gpu",), "bytes")
POWER = _gpu("sentinel_gpu_power_watts", "gauge", "Power drawn.", ("gpu",), "watts")
POWER_LIMIT = _gpu("sentinel_gpu_power_limit_watts", "gauge", "Enforced power limit.", ("gpu",), "watts")
TEMPERATURE = _gpu("sentinel_gpu_temperature_celsius", "gauge", "Core temperature.", ("gpu",), "celsius")
SM_CLOCK = _gpu("sentinel_gpu_sm_clock_hertz", "gauge", "Clock of the multiprocessors.", ("gpu",), "hertz")
THROTTLED = _gpu(
    "sentinel_gpu_throttled",
    "gauge",
    "1 while clocks are held down for this reason.",
    ("gpu", "reason"),
    values={"reason": THROTTLE_REASONS},
)
ECC_ERRORS = _gpu(
    "sentinel_gpu_ecc_errors_total",
    "counter",
    "Memory errors since the driver was loaded.",
    ("gpu", "kind"),
    values={"kind": ("corrected", "uncorrected")},
)
PCIE_THROUGHPUT = _gpu(
    "sentinel_gpu_pcie_bytes_per_second",
    "gauge",
    "PCIe throughput over the last 20 ms.",
    ("gpu", "direction"),
    "bytes per second",
    values={"direction": ("transmit", "receive")},
)
PCIE_REPLAYS = _gpu("sentinel_gpu_pcie_replays_total", "counter", "PCIe packets sent again.", ("gpu",))
PROCESS_MEMORY = _gpu(
    "sentinel_gpu_process_memory_bytes",
    "gauge",
    "Device memory of each process that this container may see; the 16 largest of a device.",
    ("gpu", "pid"),
    "bytes",
)
PROCESS_UTILIZATION = _gpu(
    "sentinel_gpu_process_utilization_ratio",
    "gauge",
    "Share of the multiprocessors' time that each process took in its newest sample; the 16 busiest of a device.",
    ("gpu", "pid"),
    "ratio",
)
