"""What the supervisor hands to the observer it starts: settings and open files, in one JSON document.

The document lies in a memory file whose descriptor number is in the environment under `VARIABLE`; the descriptors it
names are inherited. An observer that starts again gets the same channels and ledger, so nothing that waited is lost.

    handover = Handover.inherited()                 # in `python -m sentinel.app`
    settings = parse(handover.settings)             # sentinel.config
    receiver = Receiver(handover, callbacks)        # sentinel.intake
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

VARIABLE = "SENTINEL_HANDOVER_FD"
_LARGEST_DOCUMENT_BYTES = 16 << 20  # settings with thousands of renamed features stay far below


@dataclass(frozen=True, slots=True)
class Handover:
    """settings: document that `sentinel.config.parse` reads. channels: descriptors of SOCK_SEQPACKET sockets, one for
    each relay worker in order. ledger: descriptor of the shared page. lifeline: pipe that reads end-of-file when the
    supervisor is gone, at which the observer must stop. generation: number of this observer, from 1.
    """

    settings: Mapping[str, Any]
    channels: tuple[int, ...]
    ledger: int
    lifeline: int
    generation: int

    def encode(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, document: bytes) -> "Handover":
        """Raises ValueError or TypeError when the document is not a handover."""
        fields = json.loads(document)
        return cls(**{**fields, "channels": tuple(fields["channels"])})

    @classmethod
    def inherited(cls) -> "Handover":
        """The handover this process was started with; raises RuntimeError when a supervisor did not start it."""
        number = os.environ.get(VARIABLE, "")
        if not number.isdigit():
            raise RuntimeError("the observer is started by `sentinel run`, not by hand")
        fd = int(number)
        document = os.pread(fd, _LARGEST_DOCUMENT_BYTES, 0)
        os.close(fd)
        return cls.decode(document)
