"""What a relay worker is told by its supervisor, as one JSON document.

Only what a worker needs: it must not import `sentinel.config`, which brings the YAML reader with it.
"""

import json
import os
from dataclasses import asdict, dataclass

VARIABLE = "SENTINEL_WORKER_FD"
BACKLOG = 4096  # connections that wait while a worker starts again; the kernel's somaxconn is the ceiling


@dataclass(frozen=True, slots=True)
class Listener:
    """socket: inherited listening descriptor. The rest: as in `ListenerSettings`."""

    socket: int
    upstream: str
    protocol: str
    certificate_file: str = ""
    key_file: str = ""
    upstream_tls: bool = False
    upstream_ca_file: str = ""
    upstream_name: str = ""


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """slot: the worker's cells in the ledger. seed: of the sampler, different for every life of every worker."""

    slot: int
    boot: int
    listeners: tuple[Listener, ...]
    channel: int
    ledger: int
    lifeline: int
    sample_ratio: float
    max_samples_per_second: float
    max_body_bytes: int
    seed: int
    drain_seconds: float
    max_connections: int
    max_buffered_bytes: int

    def encode(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, document: bytes) -> "WorkerOptions":
        fields = json.loads(document)
        fields["listeners"] = tuple(Listener(**listener) for listener in fields["listeners"])
        return cls(**fields)

    @classmethod
    def inherited(cls) -> "WorkerOptions | None":
        """The options this process was started with, awaited if need be; None: it is not needed after all.

        Raises RuntimeError when a supervisor did not start it.
        """
        number = os.environ.get(VARIABLE, "")
        if not number.isdigit():
            raise RuntimeError("a relay worker is started by `sentinel run`, not by hand")
        with open(int(number), "rb") as file:
            document = file.read()
        return cls.decode(document) if document else None
