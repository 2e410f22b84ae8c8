"""Whether a file was changed: by an editor, by a rename over it, or by a symbolic link above it that leads elsewhere.

Kubernetes swaps a ConfigMap by such a link (`..data`). Stat follows links, so all three show as another inode, size or
time. A change counts once it has stood for two looks, so that a file is not read half written; a file that is not there
is no change.
"""

import os
from pathlib import Path

Signature = tuple[int, int, int, int]


class WatchedFile:
    """Looked at now and then; costs one system call a look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = self._last = self._signature()

    def changed(self) -> bool:
        """Whether the file was changed since the last time that this said so, or `noted` was called."""
        now = self._signature()
        settled, self._last = now == self._last, now
        if now is None or now == self._known or not settled:
            return False
        self._known = now
        return True

    def noted(self) -> None:
        """The file was read just now, for another reason."""
        self._known = self._last = self._signature()

    def _signature(self) -> Signature | None:
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
