"""Window records that wait on disk while the store is away: in order, bounded, the oldest dropped first.

A folder with one file per record, named by a running number; a file appears whole (written aside, then renamed) or not
at all. One process at a time uses a folder (it holds a lock). Nothing here knows the store: see `writer`.

Format of a file: CRC-32 of the rest (4 bytes), then msgpack of the record. A damaged file is counted and removed.
"""

import fcntl
import os
import tempfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from sentinel.drift.scores import FeatureScores
from sentinel.judge.verdict import Verdict
from sentinel.store.contract import AuditRecord, Intent, RequestLimits, WindowRecord
from sentinel.store.engine import parse_url, sqlite_path
from sentinel.store.errors import StoreError
from sentinel.store.profile import Profile
from sentinel.windows.closed import ClosedWindow

SUFFIX = ".window"
OWNER_ONLY = 0o600


class _Wire(msgspec.Struct, array_like=True):
    window: bytes
    scores: dict[str, FeatureScores]
    verdict: Verdict | None
    judge_state: bytes
    intents: tuple[Intent, ...]
    audit: tuple[AuditRecord, ...]
    profiles: dict[str, Profile]
    limits: RequestLimits | None = None


@dataclass(slots=True)
class SpoolCounts:
    """What waits now, and what was lost since the start: never silently."""

    records: int = 0
    bytes: int = 0
    dropped: int = 0  # the oldest, for want of room, or all of them where the folder cannot be written
    damaged: int = 0


def pack(record: WindowRecord) -> bytes:
    wire = _Wire(
        record.window.to_bytes(),
        dict(record.scores),
        record.verdict,
        record.judge_state,
        tuple(record.intents),
        tuple(record.audit),
        dict(record.profiles),
        record.limits,
    )
    body = msgspec.msgpack.encode(wire)
    return zlib.crc32(body).to_bytes(4, "big") + body


def unpack(data: bytes) -> WindowRecord | None:
    """The record, or None where the bytes are not what `pack` wrote."""
    if len(data) < 4 or zlib.crc32(data[4:]) != int.from_bytes(data[:4], "big"):
        return None
    try:
        wire = msgspec.msgpack.decode(data[4:], type=_Wire)
        window = ClosedWindow.from_bytes(wire.window)
    except (msgspec.MsgspecError, ValueError):
        return None  # written by another version of sentinel
    rest = (wire.scores, wire.verdict, wire.judge_state, wire.intents, wire.audit, wire.profiles, wire.limits)
    return WindowRecord(window, *rest)


def folder_for(url: str, configured: str = "") -> Path:
    """Where records wait: the configured folder, or beside a SQLite file, or this user's temporary folder."""
    if configured:
        return Path(configured)
    beside = sqlite_path(parse_url(url))
    if beside is not None:
        return beside.with_name(f"{beside.name}.spool")
    return Path(tempfile.gettempdir()) / f"sentinel-spool-{os.geteuid()}-{sha256(url.encode()).hexdigest()[:12]}"


class Spool:
    """First in, first out, on disk. Used from one thread."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        """StoreError when another process uses the folder, or another user owns it."""
        self.counts = SpoolCounts()
        self._folder = folder
        self._max_bytes = max_bytes
        self._lock = _locked(folder)
        self._waiting = {int(path.stem): path.stat().st_size for path in sorted(folder.glob(f"*{SUFFIX}"))}
        self._next = max(self._waiting, default=0) + 1
        self._count()

    def __len__(self) -> int:
        return len(self._waiting)

    def append(self, record: WindowRecord) -> bool:
        """Add at the end, dropping the oldest for room; False when the record cannot be kept."""
        try:
            data = pack(record)
        except (ValueError, TypeError, OverflowError):  # no database could take it either
            self.counts.dropped += 1
            return False
        while self._waiting and self.counts.bytes + len(data) > self._max_bytes:
            self._remove(next(iter(self._waiting)))
            self.counts.dropped += 1
        if len(data) > self._max_bytes or not self._write(data):
            self.counts.dropped += 1
            return False
        self._count()
        return True

    def first(self) -> WindowRecord | None:
        """The oldest record, still in the spool; None when it is empty. Damaged ones before it are removed."""
        while self._waiting:
            number = next(iter(self._waiting))
            record = self._read(number)
            if record is not None:
                return record
            self._remove(number)
            self.counts.damaged += 1
        return None

    def judge_state(self, model: str, replica: str = "") -> bytes | None:
        """The newest state of the judge that waits; replica "": of any."""
        for number in reversed(self._waiting):
            record = self._read(number)
            if record is None or not record.judge_state or record.window.key.model != model:
                continue
            if replica in ("", record.window.key.replica):
                return record.judge_state
        return None

    def remove_first(self) -> None:
        self._remove(next(iter(self._waiting)))

    def close(self) -> None:
        os.close(self._lock)

    def _read(self, number: int) -> WindowRecord | None:
        try:
            return unpack(self._path(number).read_bytes())
        except OSError:
            return None

    def _write(self, data: bytes) -> bool:
        path = self._path(self._next)
        aside = path.with_suffix(".part")
        try:
            aside.touch(OWNER_ONLY)
            with aside.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            aside.rename(path)
        except OSError:  # the spool's disk is full too
            with suppress(OSError):
                aside.unlink()
            return False
        self._waiting[self._next] = len(data)
        self._next += 1
        return True

    def _remove(self, number: int) -> None:
        del self._waiting[number]
        with suppress(OSError):  # one that stays is known to the store when it is tried again
            self._path(number).unlink()
        self._count()

    def _count(self) -> None:
        self.counts.records = len(self._waiting)
        self.counts.bytes = sum(self._waiting.values())

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:016}{SUFFIX}"


def _locked(folder: Path) -> int:
    """The folder's lock, held until it is closed or the process ends."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != os.geteuid():
            raise StoreError(
                f"the spool {folder} belongs to another user: set store.spool_path to a folder of your own"
            )
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
    except OSError as error:
        raise StoreError(
            f"the spool {folder} cannot be used ({error.strerror}): "
            "set store.spool_path to a folder that may be written"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise StoreError(
            f"the spool {folder} is used by another sentinel: give each its own store.spool_path"
        ) from error
    return lock
