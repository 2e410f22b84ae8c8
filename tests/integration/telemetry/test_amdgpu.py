"""AMD's devices, from a folder laid out as the amdgpu driver lays out /sys/class/drm.

The stand-in has the files, units and text of the driver for a card with edge and junction sensors, for an accelerator
without an edge sensor (power1_input, no product_name), and for a processor's own graphics (no memory counters of its
own). Nobody had such a card at hand.
"""

from pathlib import Path

import pytest

from sentinel.telemetry.amdgpu import read_devices
from sentinel.telemetry.catalogue import Metric, gpu
from sentinel.telemetry.readings import Samples

GIB = 2**30
CARD = {
    "vendor": "0x1002\n",
    "unique_id": "5c8a0b1f2e3d4c5b\n",
    "product_name": "AMD Instinct MI210\n",
    "power/runtime_status": "active\n",
    "gpu_busy_percent": "73\n",
    "mem_busy_percent": "41\n",
    "mem_info_vram_used": f"{6 * GIB}\n",
    "mem_info_vram_total": f"{64 * GIB}\n",
    "pcie_replay_count": "3\n",
    "hwmon/hwmon4/power1_average": "212000000\n",
    "hwmon/hwmon4/power1_cap": "300000000\n",
    "hwmon/hwmon4/temp1_input": "61000\n",
    "hwmon/hwmon4/temp2_input": "78000\n",
    "hwmon/hwmon4/freq1_input": "1700000000\n",
    "ras/umc_err_count": "ue: 1\nce: 12\nde: 0\n",
}
LABELS = {
    gpu.UTILIZATION: 0.73,
    gpu.MEMORY_ACTIVITY: 0.41,
    gpu.MEMORY_USED: 6 * GIB,
    gpu.MEMORY_TOTAL: 64 * GIB,
    gpu.POWER: 212,
    gpu.POWER_LIMIT: 300,
    gpu.TEMPERATURE: 61,
    gpu.SM_CLOCK: 1.7e9,
    gpu.PCIE_REPLAYS: 3,
}


class StandIn:
    def __init__(self, folder: Path) -> None:
        self.cards, self.files = folder / "sys/class/drm", folder / "dev/dri"
        self.files.mkdir(parents=True)

    def add(self, card: str, files: dict[str, str], pci: str = "0000:83:00.0") -> Path:
        device = self.cards.parents[1] / "devices" / pci
        for name, text in files.items():
            (device / name).parent.mkdir(parents=True, exist_ok=True)
            (device / name).write_text(text)
        (self.cards / card).mkdir(parents=True)
        (self.cards / card / "device").symlink_to(device)
        (self.cards / f"{card}-DP-1").mkdir()
        (self.files / card).touch()
        return device

    def read(self) -> Samples:
        samples = read_devices(self.cards, self.files)
        assert samples is not None
        return samples


@pytest.fixture
def standin(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path)


def of(samples: Samples, metric: Metric, *labels: str) -> float | None:
    return samples.get(metric, {}).get(labels)


def test_every_metric_in_base_units(standin: StandIn) -> None:
    standin.add("card1", CARD)
    samples = standin.read()
    assert of(samples, gpu.INFO, "card1", "5c8a0b1f2e3d4c5b", "AMD Instinct MI210") == 1
    assert {metric: of(samples, metric, "card1") for metric in LABELS} == pytest.approx(LABELS)
    assert of(samples, gpu.ECC_ERRORS, "card1", "corrected") == 12
    assert of(samples, gpu.ECC_ERRORS, "card1", "uncorrected") == 1


def test_an_accelerator_with_other_sensors_and_no_name(standin: StandIn) -> None:
    other = {name: text for name, text in CARD.items() if "temp1" not in name and "average" not in name}
    del other["product_name"], other["unique_id"]
    standin.add("card0", {**other, "hwmon/hwmon2/power1_input": "450000000\n"})
    samples = standin.read()
    assert of(samples, gpu.INFO, "card0", "0000:83:00.0", "AMD GPU") == 1
    assert of(samples, gpu.TEMPERATURE, "card0") == 78
    assert of(samples, gpu.POWER, "card0") == pytest.approx(450)


def test_each_metric_fails_on_its_own(standin: StandIn) -> None:
    device = standin.add("card0", {**CARD, "mem_busy_percent": "", "ras/umc_err_count": "no colon\n"})
    (device / "gpu_busy_percent").unlink()
    (device / "gpu_busy_percent").mkdir()  # an error of the kernel when it is read
    samples = standin.read()
    for metric in (gpu.UTILIZATION, gpu.MEMORY_ACTIVITY, gpu.ECC_ERRORS):
        assert metric not in samples
    assert of(samples, gpu.POWER, "card0") == pytest.approx(212)


def test_a_device_that_is_unplugged_keeps_the_others(standin: StandIn) -> None:
    standin.add("card0", CARD)
    standin.add("card1", CARD, "0000:c3:00.0")
    assert len(standin.read()[gpu.UTILIZATION]) == 2
    (standin.cards / "card0" / "device").unlink()
    assert set(standin.read()[gpu.UTILIZATION]) == {("card1",)}


def test_only_devices_that_lie_in_the_container_are_read(standin: StandIn) -> None:
    standin.add("card0", CARD)
    standin.add("card1", CARD, "0000:c3:00.0")
    (standin.files / "card0").unlink()
    assert {labels[0] for labels in standin.read()[gpu.INFO]} == {"card1"}


def test_a_sleeping_device_is_not_woken(standin: StandIn) -> None:
    standin.add("card0", {**CARD, "power/runtime_status": "suspended\n"})
    assert set(standin.read()) == {gpu.INFO}


def test_other_vendors_and_no_devices_give_nothing(standin: StandIn) -> None:
    assert read_devices(standin.cards, standin.files) is None
    standin.add("card0", {**CARD, "vendor": "0x8086\n"})
    assert read_devices(standin.cards, standin.files) is None
