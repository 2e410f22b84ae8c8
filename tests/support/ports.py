"""Ports for servers that tests start, none of which another process gets in between.

The kernel gives ports to clients, and to servers that ask for any, from one range; a port from there that was free a
moment ago is soon another's, with hundreds of servers started in minutes by workers side by side. These come from below
it, out of a block that belongs to this process for as long as it holds the block's lock.
"""

import fcntl
import itertools
import socket
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO

from sentinel.demo.place import Ports

FIRST = 12_000
BLOCK = 200
BLOCKS = 100
HOST = "127.0.0.1"

_locks: list[IO[str]] = []  # held until this process ends


def free_port() -> int:
    """A port on loopback that nothing listens on and that no other test is given."""
    return next(port for port in _turn() if _free(port))


def demo_ports() -> Ports:
    """Free ones for every process of a demo."""
    return Ports(*(free_port() for _ in range(5)))


@cache
def _turn() -> Iterator[int]:
    """The ports of this process's block, over and over: a port comes again long after its server has ended."""
    return itertools.cycle(range(start := _block(), start + BLOCK))


def _block() -> int:
    for number in range(BLOCKS):
        try:
            lock = (Path(tempfile.gettempdir()) / f"sentinel-test-ports-{number}").open("a")
        except OSError:  # another user's
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        _locks.append(lock)
        return FIRST + BLOCK * number
    raise AssertionError(f"all {BLOCKS} blocks of ports are in use: {BLOCKS} test processes at once?")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
