"""`sentinel run` reads its file again when it changes, by rename or by a ConfigMap: what is wrong changes nothing."""

import json
import os
from pathlib import Path
from typing import Any

import yaml

from tests.support.model_stub import model_stub
from tests.support.processes import wait_until
from tests.support.sidecar_process import Sidecar, configuration, running

BODY = json.dumps({"inputs": [{"name": "x", "datatype": "FP64", "shape": [1], "data": [0.5]}]}).encode()


def swap(folder: Path, version: str, document: dict[str, Any] | str) -> None:
    """Write the configuration as the kubelet writes a ConfigMap."""
    data = folder / f"..{version}"
    data.mkdir()
    (data / "sentinel.yaml").write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    (folder / "..data_tmp").symlink_to(data.name)
    os.replace(folder / "..data_tmp", folder / "..data")


def events(sidecar: Sidecar, name: str) -> int:
    return sum(
        json.loads(line).get("event") == name for line in sidecar.log.read_text().splitlines() if line[:1] == "{"
    )


def told(sidecar: Sidecar, name: str, label: str = "") -> dict[str, float]:
    """Sums of a metric; nothing while the observer starts again."""
    try:
        return sidecar.metrics(name, label)
    except OSError:
        return {}


def reloads(sidecar: Sidecar) -> tuple[float, float, float]:
    """Readings that were taken and refused, and whether the last was taken."""
    counted = told(sidecar, "sentinel_config_reloads_total", "result")
    last = told(sidecar, "sentinel_config_last_reload_successful")
    return counted.get("taken", 0.0), counted.get("refused", 0.0), last.get("", 0.0)


def test_changes_are_taken_and_mistakes_are_counted_while_traffic_passes(tmp_path: Path) -> None:
    with model_stub() as stub:
        document = configuration(tmp_path, stub.address)
        with running(tmp_path, document) as sidecar:
            path = tmp_path / "sentinel.yaml"
            path.unlink()
            swap(tmp_path, "1", document)
            path.symlink_to("..data/sentinel.yaml")
            wait_until(lambda: events(sidecar, "reloaded") == 1, "the file behind the link to be taken")

            swap(tmp_path, "2", "window: {second: 5}\n")
            wait_until(lambda: reloads(sidecar) == (1.0, 1.0, 0.0), "the mistake to be counted")
            assert "did you mean seconds?" in sidecar.log.read_text()
            assert sidecar.post(BODY) == 200

            swap(tmp_path, "3", document | {"window": {"seconds": 0.25}})
            wait_until(lambda: reloads(sidecar) == (2.0, 1.0, 1.0), "the next file to be taken")
            wait_until(lambda: told(sidecar, "sentinel_window_seconds") == {"": 0.25}, "its window length to hold")
            assert sidecar.post(BODY) == 200


def test_each_window_is_one_line_of_the_log_with_its_sentence(tmp_path: Path) -> None:
    with model_stub() as stub, running(tmp_path, configuration(tmp_path, stub.address)) as sidecar:
        sidecar.post(BODY)
        wait_until(lambda: sidecar.total("sentinel_windows_total") >= 2, "some windows to pass")
        wait_until(lambda: len(windows(sidecar)) >= 2, "their lines")
    lines = windows(sidecar)
    assert len({(line["model"], line["version"], line["window"]) for line in lines}) == len(lines)
    first = lines[0]
    assert (first["from"], first["level"], first["verdict"]) == ("observer", "info", "blind")
    assert "there is no reference" in first["event"]
    assert {"at", "evidence", "rows"} <= first.keys()


def windows(sidecar: Sidecar) -> list[dict[str, Any]]:
    found = (json.loads(line) for line in sidecar.log.read_text().splitlines() if line[:1] == "{")
    return [line for line in found if "window" in line]


def test_watching_can_be_switched_off(tmp_path: Path) -> None:
    with model_stub() as stub:
        off = configuration(tmp_path, stub.address, process={"drain_seconds": 1.0, "reload_on_change": False})
        with running(tmp_path, off) as sidecar:
            (tmp_path / "sentinel.yaml").write_text("window: {second: 5}\n")
            before = sidecar.total("sentinel_windows_total")
            sidecar.post(BODY)
            wait_until(lambda: sidecar.total("sentinel_windows_total") >= before + 3, "some windows to pass")
            assert events(sidecar, "configuration changed") == 0
            assert sidecar.process.poll() is None
