"""The command line: one thin function per command.

Exit codes: 0 fine, 1 failed, 2 usage or configuration. Errors are one sentence on standard error; `--debug` adds the
traceback. Commands are listed in `commands` and import what they need when they run, so that `--help` is instant.
"""

import importlib
import os
import sys
from collections.abc import Sequence

from sentinel.cli.parser import build_parser
from sentinel.cli.problems import CommandError
from sentinel.config import ConfigurationError

FINE, FAILED, USAGE = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    parser = build_parser()
    arguments, rest = parser.parse_known_args(argv)
    arguments.rest = rest
    if rest and not arguments.own_options:
        arguments.parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if arguments.run is None:
        arguments.parser.print_help()
        return USAGE
    try:
        return _run(arguments.run, arguments)
    except ConfigurationError as error:
        for problem in error.problems:
            print(f"sentinel: {problem}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:  # the reader of our output went away, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except (CommandError, OSError, ValueError) as error:
        if arguments.debug:
            raise
        print(f"sentinel: {_sentence(error)}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130


def _run(target: str, arguments: object) -> int:
    module, _, function = target.partition(":")
    code: int = getattr(importlib.import_module(f"sentinel.cli.{module}"), function)(arguments)
    return code


def _sentence(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__
