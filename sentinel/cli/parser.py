"""The argument parser, made from the commands."""

import argparse
from typing import Any

import sentinel
from sentinel.cli.command import Command
from sentinel.cli.commands import COMMANDS, GROUPS


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; `run` is None when only a group was named."""
    top = argparse.ArgumentParser(
        prog="sentinel",
        description="Monitoring and drift-detection sidecar for model serving.",
        epilog="Start with: sentinel demo   (or: sentinel run --help)",
    )
    top.add_argument("--version", action="version", version=f"sentinel {sentinel.__version__}")
    top.set_defaults(run=None, parser=top, debug=False, own_options=False)
    groups: dict[str, Any] = {"": top.add_subparsers(title="commands", metavar="COMMAND")}
    for command in COMMANDS:
        group, _, name = command.path.rpartition(" ")
        if group not in groups:
            parent = groups[""].add_parser(group, help=GROUPS[group], description=GROUPS[group])
            parent.set_defaults(run=None, parser=parent, debug=False)
            groups[group] = parent.add_subparsers(title="commands", metavar="COMMAND")
        _add(groups[group], name, command)
    return top


def _add(group: Any, name: str, command: Command) -> None:
    parser = group.add_parser(
        name,
        help=command.help,
        description=command.help,
        epilog=f"example:\n  {command.example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=not command.own_options,
    )
    parser.set_defaults(run=command.run, parser=parser, own_options=command.own_options, rest=[], debug=False)
    if command.own_options:
        return
    for argument in command.arguments:
        parser.add_argument(*argument.names, **argument.keywords)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
