"""The GPU row of the Model dashboard: the sidecar's values where it sees the device, else DCGM's for the same pod."""

from sentinel.observability.panel import Panel, Query
from sentinel.observability.query import RATE, on_dashboard, ratio
from sentinel.telemetry.catalogue import Metric, gpu

_DEVICE = "{{instance}} {{gpu}}"
_EMPTY = "No GPU is visible to this sidecar"
_NOT_IDLE = 'reason!="gpu_idle"'


def gpu_panels() -> list[Panel]:
    dcgm = f"DCGM_FI_DEV_GPU_UTIL / 100 and on (namespace, pod) ({on_dashboard(gpu.COLLECTOR_UP)} == 0)"
    busy = Query(f"max by (instance, gpu) ({on_dashboard(gpu.UTILIZATION)} or {dcgm})", _DEVICE)
    errors = [
        Query(_by("kind", f"rate({on_dashboard(gpu.ECC_ERRORS)}[{RATE}]) * 60"), f"{_DEVICE} memory, {{{{kind}}}}"),
        Query(_each(f"rate({on_dashboard(gpu.PCIE_REPLAYS)}[{RATE}]) * 60"), f"{_DEVICE} PCIe replays"),
    ]
    return [
        _panel(
            "Utilisation",
            "Share of time in which a kernel ran, and in which memory was busy.",
            [busy, _query(gpu.MEMORY_ACTIVITY, "memory")],
            "percentunit",
        ),
        _panel("Memory", "Share of the device memory in use.", [Query(_memory_share(), _DEVICE)], "percentunit"),
        _panel(
            "Memory by process",
            "Device memory of the processes that the sidecar may see.",
            [Query(_by("pid", on_dashboard(gpu.PROCESS_MEMORY)), f"{_DEVICE} pid {{{{pid}}}}")],
            "bytes",
        ),
        _panel(
            "Utilisation by process",
            "Share of the multiprocessors' time by process; absent where the driver samples no processes (MIG).",
            [Query(_by("pid", on_dashboard(gpu.PROCESS_UTILIZATION)), f"{_DEVICE} pid {{{{pid}}}}")],
            "percentunit",
        ),
        _panel("Power", "Power drawn, and the limit.", [_query(gpu.POWER), _query(gpu.POWER_LIMIT, "limit")], "watt"),
        _panel("Temperature", "Core temperature.", [_query(gpu.TEMPERATURE)], "celsius"),
        _panel("Clock", "Clock of the multiprocessors.", [_query(gpu.SM_CLOCK)], "hertz"),
        _panel(
            "Held-back clocks",
            "Reasons for which clocks are held down now; idle is not one of them.",
            [Query(_by("reason", on_dashboard(gpu.THROTTLED, _NOT_IDLE)), f"{_DEVICE} {{{{reason}}}}")],
            "short",
        ),
        _panel(
            "PCIe",
            "Throughput between host and device.",
            [Query(_by("direction", on_dashboard(gpu.PCIE_THROUGHPUT)), f"{_DEVICE} {{{{direction}}}}")],
            "Bps",
        ),
        _panel("Errors", "Memory errors and PCIe replays per minute.", errors, "short"),
        Panel(
            "Devices",
            "Devices and MIG instances that the sidecars see.",
            "table",
            [Query(f"max by (instance, gpu, name, uuid) ({on_dashboard(gpu.INFO)})", instant=True, format="table")],
            unit="none",
            width=24,
            height=5,
            empty=_EMPTY,
            more={"transformations": [{"id": "organize", "options": {"excludeByName": {"Time": True, "Value": True}}}]},
        ),
    ]


def _each(expression: str) -> str:
    return f"max by (instance, gpu) ({expression})"


def _by(label: str, expression: str) -> str:
    return f"max by (instance, gpu, {label}) ({expression})"


def _memory_share() -> str:
    return ratio(_each(on_dashboard(gpu.MEMORY_USED)), _each(on_dashboard(gpu.MEMORY_TOTAL)))


def _query(metric: Metric, name: str = "") -> Query:
    return Query(_each(on_dashboard(metric)), f"{_DEVICE} {name}".rstrip())


def _panel(title: str, description: str, queries: list[Query], unit: str) -> Panel:
    return Panel(title, description, "timeseries", queries, unit=unit, empty=_EMPTY)
