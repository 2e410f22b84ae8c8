"""The command line as a user meets it: a real process."""

import subprocess
import sys
from pathlib import Path

import pytest

from sentinel.cli.command import Command
from sentinel.cli.commands import COMMANDS


def sentinel(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sentinel.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120)


def test_help_names_every_command() -> None:
    text = sentinel("--help").stdout
    for command in COMMANDS:
        assert command.path.split()[0] in text


def test_no_command_is_a_usage_error_that_helps() -> None:
    done = sentinel()
    assert done.returncode == 2
    assert "usage: sentinel" in done.stdout


@pytest.mark.parametrize("command", [c for c in COMMANDS if not c.own_options], ids=lambda c: c.path)
def test_each_command_says_what_it_is_for_with_an_example(command: object) -> None:
    from sentinel.cli.parser import build_parser

    with pytest.raises(SystemExit) as done:
        build_parser().parse_args([*command.path.split(), "--help"])  # type: ignore[attr-defined]
    assert done.value.code == 0
    assert command.example.startswith(f"sentinel {command.path}")  # type: ignore[attr-defined]


def test_check_config_reports_all_problems_and_exits_2(tmp_path: Path) -> None:
    (tmp_path / "sentinel.yaml").write_text("window: {second: 5}\ncapture: {sample_ratio: 3}\n")
    done = sentinel("check-config", cwd=tmp_path)
    assert done.returncode == 2
    assert "window.second: unknown key; did you mean seconds?" in done.stdout
    assert "capture.sample_ratio: must be at most 1" in done.stdout
    assert "2 problems" in done.stdout


def test_check_config_is_content_with_its_own_example(tmp_path: Path) -> None:
    (tmp_path / "sentinel.yaml").write_text(sentinel("check-config", "--example").stdout)
    done = sentinel("check-config", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "sentinel.yaml: fine\n")


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    target = "{name: d, url: 'https://d', secret_file: nowhere}"
    (tmp_path / "sentinel.yaml").write_text(f"rollback: {{targets: [{target}]}}\n")
    done = sentinel("check-config", cwd=tmp_path)
    assert "rollback.targets[0].secret_file: cannot read nowhere: No such file or directory" in done.stdout


SPEAKING_FOR_THEMSELVES = {"run", "fleet", "demo", "completion", "inject", "intake envoy", "intake nginx"}
"""Their output is a log of JSON lines, a story, a script, or manifests."""


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.path)
def test_each_command_has_output_for_machines(command: Command) -> None:
    names = {name for argument in command.arguments for name in argument.names}
    assert ("--json" in names) == (command.path not in SPEAKING_FOR_THEMSELVES)
