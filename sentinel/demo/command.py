"""`sentinel demo`: options, what must be installed, and how it ends. The story itself is `story`."""

import argparse
import asyncio
import importlib.util
import signal
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from sentinel.config.reading import address_problem
from sentinel.demo.own_server import serve
from sentinel.demo.place import DemoError, Place, Ports, parse_ports
from sentinel.demo.sidecar import Timing
from sentinel.demo.staging import Plan
from sentinel.demo.story import tell
from sentinel.demo.telling import Teller

FINE, FAILED = 0, 1
EXTRA = ("onnxruntime", "sklearn", "skl2onnx", "standardwebhooks")  # modules of the extra `demo`
FAST_WINDOW_SECONDS = 2.0


def main(argv: Sequence[str]) -> int:
    """Run `sentinel demo` with these arguments: 0 told to the end, 1 failed or interrupted; exits 2 on wrong usage."""
    options = _parser()
    arguments = options.parse_args(argv)
    try:
        ports = parse_ports(arguments.ports)
    except ValueError as error:
        options.error(f"argument --ports: {error}")
    if arguments.upstream and (problem := address_problem(arguments.upstream, listening=False)):
        options.error(f"argument --upstream: {problem}")
    try:
        asyncio.run(_interruptible(_work(arguments, ports)))
    except DemoError as error:
        sys.stderr.write(f"sentinel demo: {error}\n")
        return FAILED
    except asyncio.CancelledError:
        sys.stderr.write("sentinel demo: stopped; no process is left\n")
        return FINE if arguments.keep or arguments.upstream else FAILED
    return FINE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sentinel demo",
        description="A real model, the sidecar in front of it, and traffic in three acts: healthy, a faulty release "
        "that is taken back, a world that shifts.",
        epilog="example: sentinel demo --fast --ports auto",
    )
    parser.add_argument("--fast", action="store_true", help="windows of 2 s instead of 5: about a minute in all")
    parser.add_argument(
        "--keep",
        action=argparse.BooleanOptionalAction,
        default=sys.stdout.isatty(),
        help="stay up after the last act, until Ctrl-C; on a terminal it does unless told not to",
    )
    parser.add_argument(
        "--upstream", metavar="HOST:PORT", help="put only the sidecar in front of your own server; no story"
    )
    parser.add_argument(
        "--ports",
        default="",
        metavar="auto|NAME=PORT,…",
        help="auto takes free ones; names: server, traffic, deployer, telemetry, admin",
    )
    parser.add_argument(
        "--folder", type=Path, default=Path(".sentinel/demo"), help="where the model and this run are kept"
    )
    return parser


def _work(arguments: argparse.Namespace, ports: Ports) -> Coroutine[Any, Any, Any]:
    place, teller = Place(arguments.folder), Teller(Console())
    if arguments.upstream:
        return serve(place, ports, arguments.upstream, teller)
    if missing := [name for name in EXTRA if importlib.util.find_spec(name) is None]:
        raise DemoError(
            f"{', '.join(missing)} not installed; the story needs the extra: pip install 'sentinel-sidecar[demo]' "
            "(in a source tree: pip install -e '.[demo]')"
        )
    timing = Timing(window_seconds=FAST_WINDOW_SECONDS) if arguments.fast else Timing()
    return tell(Plan(place, ports, timing, keep=arguments.keep), teller)


async def _interruptible(work: Coroutine[Any, Any, Any]) -> None:
    """Ctrl-C and SIGTERM cancel `work`, which then stops what it started; a second one hurries it."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await task
