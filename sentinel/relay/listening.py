"""The listening sockets: made once by the supervisor, inherited by every worker, open while any of them lives.

One shared socket and not SO_REUSEPORT: behind a shared socket connections of a frozen worker are taken by the others.
"""

import errno
import os
import socket
from pathlib import Path

from sentinel.config import split_address
from sentinel.relay.options import BACKLOG

_WHY = {
    errno.EADDRINUSE: "another process listens there; stop it or choose another port",
    errno.EACCES: "ports below 1024 need the capability CAP_NET_BIND_SERVICE; choose a higher port",
    errno.EADDRNOTAVAIL: "this machine has no such address; use 0.0.0.0 or one of its own",
}


class CannotListen(Exception):
    """An address cannot be listened on; the message is the sentence to show."""


def listen(address: str) -> socket.socket:
    """A listening, inheritable, non-blocking socket at host:port or unix:/path; raises CannotListen."""
    try:
        return _unix(address.removeprefix("unix:")) if address.startswith("unix:") else _tcp(address)
    except OSError as error:
        reason = _WHY.get(error.errno or 0) or os.strerror(error.errno) if error.errno else str(error)
        raise CannotListen(f"cannot listen on {address}: {reason}") from error


def _tcp(address: str) -> socket.socket:
    host, port = split_address(address)
    places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, place = places[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        return _ready(listener)
    except OSError:
        listener.close()
        raise


def _unix(path: str) -> socket.socket:
    if Path(path).is_socket():
        Path(path).unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(path)
        return _ready(listener)
    except OSError:
        listener.close()
        raise


def _ready(listener: socket.socket) -> socket.socket:
    listener.listen(BACKLOG)
    listener.setblocking(False)
    listener.set_inheritable(True)
    return listener


def address_of(listener: socket.socket) -> str:
    """Where a socket listens, the port of :0 filled in."""
    name = listener.getsockname()
    return f"unix:{name}" if isinstance(name, str) else f"{name[0]}:{name[1]}"
