"""The main job on one machine: a real model, a sidecar, traffic that drifts, a rollback."""

from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """`sentinel demo` with these arguments. Imported late, as the child processes are modules of this package too."""
    from sentinel.demo.command import main as run

    return run(argv)
