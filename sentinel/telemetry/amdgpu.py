"""AMD's devices through the files of the amdgpu driver in /sys: every value is read on its own, or left out.

Contract: Linux, "AMDGPU: GPU Power/Thermal Controls and Monitoring", "Misc AMDGPU driver information" and "RAS". No
library is needed: AMD's amdsmi has to fit the ROCm release of the node, and reads the same files.

/sys shows all devices of the node to every container. Those whose device file lies in this container are its own; the
others are left out.
"""

from collections.abc import Iterator
from pathlib import Path

from sentinel.telemetry.catalogue import Metric, gpu
from sentinel.telemetry.labels import label
from sentinel.telemetry.readings import Samples

CARDS, DEVICE_FILES = Path("/sys/class/drm"), Path("/dev/dri")
AMD = "0x1002"  # PCI vendor
_PERCENT, _MILLI, _MICRO = 0.01, 1e-3, 1e-6
_ECC_KINDS = {"ce": "corrected", "ue": "uncorrected"}

_VALUES: tuple[tuple[Metric, tuple[str, ...], float], ...] = (
    # metric, the first of these files that can be read, unit of the file in that of the metric
    (gpu.UTILIZATION, ("gpu_busy_percent",), _PERCENT),
    (gpu.MEMORY_ACTIVITY, ("mem_busy_percent",), _PERCENT),
    (gpu.MEMORY_USED, ("mem_info_vram_used",), 1),
    (gpu.MEMORY_TOTAL, ("mem_info_vram_total",), 1),
    (gpu.POWER, ("hwmon/*/power1_average", "hwmon/*/power1_input"), _MICRO),
    (gpu.POWER_LIMIT, ("hwmon/*/power1_cap",), _MICRO),
    (gpu.TEMPERATURE, ("hwmon/*/temp1_input", "hwmon/*/temp2_input"), _MILLI),  # edge; accelerators have junction only
    (gpu.SM_CLOCK, ("hwmon/*/freq1_input",), 1),
    (gpu.PCIE_REPLAYS, ("pcie_replay_count",), 1),
)


def read_devices(cards: Path = CARDS, device_files: Path = DEVICE_FILES) -> Samples | None:
    """Values of this container's devices; None when it has none."""
    samples: Samples = {}
    for name, device in _devices(cards, device_files):
        identity = (_text(device, "unique_id") or device.resolve().name, _text(device, "product_name") or "AMD GPU")
        samples.setdefault(gpu.INFO, {})[(name, *map(label, identity))] = 1
        if _text(device, "power/runtime_status") == "suspended":
            continue  # to read would wake it
        for metric, rest, value in _values(device):
            samples.setdefault(metric, {})[(name, *rest)] = value
    return samples or None


def _devices(cards: Path, device_files: Path) -> Iterator[tuple[str, Path]]:
    """card0, card1, … with their folders; outputs such as card0-DP-1 are none."""
    for card in sorted(cards.glob("card[0-9]*")):
        device = card / "device"
        if "-" not in card.name and _text(device, "vendor") == AMD and (device_files / card.name).exists():
            yield card.name, device


def _values(device: Path) -> Iterator[tuple[Metric, tuple[str, ...], float]]:
    for metric, patterns, unit in _VALUES:
        found = (_number(path) for pattern in patterns for path in sorted(device.glob(pattern)))
        value = next((value for value in found if value is not None), None)
        if value is not None:
            yield metric, (), value * unit
    for line in _text(device, "ras/umc_err_count").splitlines():
        word, _, count = line.partition(": ")
        if word in _ECC_KINDS and count.isdigit():
            yield gpu.ECC_ERRORS, (_ECC_KINDS[word],), float(count)


def _number(path: Path) -> int | None:
    """None where the driver refuses it now, such as during a reset."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _text(device: Path, name: str) -> str:
    try:
        return (device / name).read_text().strip()
    except (OSError, ValueError):
        return ""
