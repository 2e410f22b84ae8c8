"""`sentinel demo` refuses what it cannot do in one sentence, before it starts anything."""

import socket
from pathlib import Path

import pytest

from sentinel.demo import main


def test_a_taken_port(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--ports", f"telemetry={port},server=1025", "--folder", str(tmp_path / "demo")]) == 1
    assert f"port {port} (for telemetry)" in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()


def test_a_missing_extra(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentinel.demo.command.EXTRA", ("onnxruntime", "a_module_nobody_has"))
    assert main(["--folder", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert "a_module_nobody_has" in error
    assert "pip install 'sentinel-sidecar[demo]'" in error


@pytest.mark.parametrize("arguments", [["--ports", "nobody=1"], ["--upstream", "nowhere"], ["--slow"]])
def test_wrong_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_status:
        main(arguments)
    assert exit_status.value.code == 2
