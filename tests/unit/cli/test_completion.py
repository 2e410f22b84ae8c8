"""Completion scripts: bash is asked for real; all name every command and option."""

import subprocess

import pytest

from sentinel.cli.commands import COMMANDS
from sentinel.cli.completion import SCRIPTS


def completed(*words: str) -> list[str]:
    """What bash offers for the last of `words`, the one that is being typed."""
    quoted = " ".join(f"'{word}'" for word in ("sentinel", *words))
    script = f'{SCRIPTS["bash"]()}\nCOMP_WORDS=({quoted})\nCOMP_CWORD={len(words)}\n_sentinel\necho "${{COMPREPLY[*]}}"'
    done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("refe",), ["reference"]),
        (("reference", ""), ["build", "show", "diff", "seasons", "learn", "accept"]),
        (("reference", "build", "--na"), ["--name"]),
        (("rollback", "replay", "some-id", "--rea"), ["--reason"]),
        (("replay", "--tol"), ["--tolerance"]),
        (("power", "--rows"), ["--rows-per-hour"]),
        (("nothing", ""), []),
    ],
)
def test_bash_offers_what_may_follow(words: tuple[str, ...], offered: list[str]) -> None:
    assert completed(*words) == offered


def test_bash_offers_every_command_first() -> None:
    assert set(completed("")) == {command.path.split()[0] for command in COMMANDS}


@pytest.mark.parametrize("shell", SCRIPTS)
def test_every_command_and_option_is_in_the_script(shell: str) -> None:
    script = SCRIPTS[shell]()
    for command in COMMANDS:
        assert command.path in script or all(word in script for word in command.path.split())
        for argument in command.arguments:
            for name in argument.names:
                if name.startswith("--"):
                    assert (f"-l {name[2:]}" if shell == "fish" else name) in script
