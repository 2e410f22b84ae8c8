"""GPU readings through the real nvidia-ml-py, against a stand-in for the driver's library built with gcc.

One process per reading: nvidia-ml-py keeps the library that it loaded first.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tools import need

SOURCE = Path(__file__).parents[2] / "support" / "nvml_standin.c"
READ = """
import json, os, pathlib
from sentinel.telemetry.gpu import GpuReader
reader, told = GpuReader(), []
for directives in json.loads(os.environ["STEPS"]):
    pathlib.Path(os.environ["NVML_STANDIN"]).write_text(directives)
    readings = reader.read()
    samples = {m.name: [[list(k), v] for k, v in c.items()] for m, c in readings.samples.items()}
    told.append({"up": readings.up, "samples": samples})
reader.close()
print(json.dumps(told))
"""

Told = list[dict]  # type: ignore[type-arg]


class StandIn:
    def __init__(self, folder: Path, *flags: str) -> None:
        self.folder = folder
        library = folder / "libnvidia-ml.so.1"
        subprocess.run([need("gcc"), "-shared", "-fPIC", "-Wall", "-Werror", *flags, "-o", library, SOURCE], check=True)

    def read(self, *steps: str) -> Told:
        environment = {
            **os.environ,
            "LD_LIBRARY_PATH": str(self.folder),
            "NVML_STANDIN": str(self.folder / "standin.txt"),
            "STEPS": json.dumps(steps),
        }
        done = subprocess.run([sys.executable, "-c", READ], env=environment, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> StandIn:
    return StandIn(tmp_path_factory.mktemp("nvml"))


def of(told: dict, metric: str, *labels: str) -> float | None:  # type: ignore[type-arg]
    return {tuple(k): v for k, v in told["samples"].get(f"sentinel_gpu_{metric}", [])}.get(labels)


def test_every_metric_in_base_units(standin: StandIn) -> None:
    (told,) = standin.read("devices 2\n")
    assert told["up"]
    assert of(told, "info", "1", "GPU-1-1", "NVIDIA H100 80GB HBM3") == 1
    assert of(told, "utilization_ratio", "0") == pytest.approx(0.73)
    assert of(told, "memory_activity_ratio", "0") == pytest.approx(0.41)
    assert of(told, "memory_used_bytes", "1") == 6 * 2**30
    assert of(told, "memory_total_bytes", "1") == 80 * 2**30
    assert of(told, "power_watts", "0") == pytest.approx(412.5)
    assert of(told, "power_limit_watts", "0") == pytest.approx(700)
    assert of(told, "temperature_celsius", "0") == 61
    assert of(told, "sm_clock_hertz", "0") == 1.755e9
    assert of(told, "throttled", "0", "sw_power_cap") == 1
    assert of(told, "throttled", "0", "sw_thermal") == 1
    assert of(told, "throttled", "0", "hw_slowdown") == 0
    assert of(told, "ecc_errors_total", "0", "corrected") == 12
    assert of(told, "ecc_errors_total", "0", "uncorrected") == 1
    assert of(told, "pcie_bytes_per_second", "0", "transmit") == 102400
    assert of(told, "pcie_replays_total", "0") == 3
    assert of(told, "process_memory_bytes", "0", "101") == 2 * 2**30
    assert of(told, "process_memory_bytes", "0", "102") is None  # the driver does not know
    assert of(told, "process_utilization_ratio", "0", "101") == pytest.approx(0.6)  # the newest sample
    assert of(told, "process_utilization_ratio", "0", "100") == pytest.approx(0.05)


def test_each_metric_fails_on_its_own(standin: StandIn) -> None:
    (told,) = standin.read("devices 1\nrefuse nvmlDeviceGetPowerUsage\nrefuse nvmlDeviceGetTotalEccErrors\n")
    assert of(told, "power_watts", "0") is None
    assert of(told, "ecc_errors_total", "0", "corrected") is None
    assert of(told, "utilization_ratio", "0") is not None
    assert of(told, "power_limit_watts", "0") is not None


def test_a_device_that_falls_off_the_bus_keeps_the_others(standin: StandIn) -> None:
    before, lost, back = standin.read("devices 2\n", "devices 2\nlost 0\n", "devices 2\n")
    assert of(before, "utilization_ratio", "0") is not None
    assert lost["up"]
    assert of(lost, "utilization_ratio", "0") is None
    assert of(lost, "utilization_ratio", "1") is not None
    assert of(back, "utilization_ratio", "0") is not None


def test_a_driver_that_goes_away_and_comes_back(standin: StandIn) -> None:
    up, gone, back = standin.read("devices 1\n", "gone\n", "devices 1\n")
    assert [up["up"], gone["up"], back["up"]] == [True, False, True]
    assert gone["samples"] == {}
    assert of(back, "utilization_ratio", "0") is not None


def test_mig_instances_stand_for_their_device(standin: StandIn) -> None:
    (told,) = standin.read("devices 2\nmig 0 2\n")
    assert of(told, "memory_total_bytes", "0:0") == 10 * 2**30
    assert of(told, "memory_total_bytes", "0:1") == 10 * 2**30
    assert of(told, "memory_total_bytes", "0") is None
    assert of(told, "utilization_ratio", "0:0") is None  # NVML tells it for whole devices only
    assert of(told, "utilization_ratio", "1") is not None


def test_an_old_driver_without_the_newer_symbols(tmp_path: Path) -> None:
    (told,) = StandIn(tmp_path, "-DOLD_DRIVER").read("devices 1\n")
    assert of(told, "throttled", "0", "gpu_idle") == 1
    assert of(told, "utilization_ratio", "0") is not None


def test_without_a_driver(tmp_path: Path) -> None:
    environment = {**os.environ, "NVML_STANDIN": str(tmp_path / "none"), "STEPS": '[""]'}
    done = subprocess.run([sys.executable, "-c", READ], env=environment, capture_output=True, text=True, check=True)
    (told,) = json.loads(done.stdout)
    if not Path("/dev/nvidiactl").exists():
        assert told == {"up": False, "samples": {}}


def test_the_running_sidecar_does_not_load_nvidia_ml_without_a_driver() -> None:
    reading = "from sentinel.telemetry import recorder, gpu; gpu.GpuReader().read()"
    code = f"import sys; {reading}; print('pynvml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    if not Path("/dev/nvidiactl").exists():
        assert done.stdout.strip() == "False"
