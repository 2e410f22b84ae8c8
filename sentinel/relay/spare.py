"""A relay worker that has loaded everything it needs and waits to be told which life it is to live.

An interpreter takes a tenth of a second and more to start, and with a single worker new connections wait for it. The
spare reads its document from a pipe instead of a file, so it waits where every worker begins; a pipe that ends without
a document dismisses it.
"""

import contextlib
import os
import subprocess
from collections.abc import Callable

from sentinel.relay.children import Start, launch


class Spare:
    """At most one waiting process. `prepare()` says how to start it: with every descriptor that a life may need."""

    def __init__(self, prepare: Callable[[], Start]) -> None:
        self._prepare = prepare
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe = -1

    @property
    def pid(self) -> int:
        """0: none waits."""
        if self._process is not None and self._process.poll() is not None:
            self.dismiss()
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        document, self._pipe = os.pipe()
        os.set_blocking(self._pipe, False)
        try:
            self._process = launch(self._prepare(), document)
        finally:
            os.close(document)

    def become(self, start: Start) -> subprocess.Popen[bytes] | None:
        """The waiting process, now told to live `start`; None when none waits that can be told."""
        if not self.pid:
            return None
        with contextlib.suppress(OSError):
            if os.write(self._pipe, start.document) == len(start.document):
                os.close(self._pipe)
                process, self._process = self._process, None
                return process
        self.dismiss()
        return None

    def dismiss(self) -> None:
        """End the waiting process."""
        if self._process is None:
            return
        os.close(self._pipe)
        self._process.kill()
        self._process.wait()
        self._process = None
