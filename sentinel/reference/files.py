"""The edge of this package that reads and writes reference files, and builds them from tables (`tables`)."""

import csv
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from sentinel.reference.codec import from_bytes, to_bytes
from sentinel.reference.declared import Columns, Declared
from sentinel.reference.frozen import FrozenReference
from sentinel.reference.packing import FormatError
from sentinel.reference.parts import Derive, Fold, Read, build_from_parts, in_order, unwatched
from sentinel.reference.schema import Kind
from sentinel.reference.tables import FilePart, chunks_of, parts_of, read
from sentinel.reference.truths import TruthColumns

Progress = Callable[[float], None]
"""Called with the share of the work done, 0 … 1."""


class ReferenceFileError(ValueError):
    """A file that cannot be used; the message is one sentence that names it, why, and what to do."""


def save(reference: FrozenReference, path: str | os.PathLike[str]) -> None:
    """Write the reference, whole or not at all: into a new file beside it, then renamed over it."""
    target = Path(path)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        fresh.write_bytes(to_bytes(reference))
        fresh.replace(target)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise ReferenceFileError(
            f"cannot write reference {target}: {error.strerror}; check folder and space"
        ) from error


def load(path: str | os.PathLike[str]) -> FrozenReference:
    """Read a reference; ReferenceFileError when it is unreadable, foreign, newer, cut short or damaged."""
    try:
        return from_bytes(Path(path).read_bytes())
    except OSError as error:
        raise ReferenceFileError(f"cannot read reference {path}: {error.strerror}; check path and rights") from error
    except FormatError as error:
        raise ReferenceFileError(f"cannot use {path} as a reference: {error}") from error


def build_from_file(
    path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    name: str,
    version: str,
    kinds: Mapping[str, Kind] | None = None,
    predictions: Sequence[str] = (),
    labels: Sequence[str] = (),
    joint: bool = False,
    truths: TruthColumns | None = None,
    segments: Sequence[str] = (),
    progress: Progress | None = None,
    derive: Derive | None = None,
    fold: Fold | None = None,
) -> FrozenReference:
    """The reference of CSV or Parquet files (told by their endings), or of folders of them, together.

    ReferenceFileError says what is wrong with them. derive: makes the columns to be counted from those of each chunk
    (texts to their lengths, say). fold: the engine that runs it; by default this process, which then tells of progress.
    """
    paths = [path] if isinstance(path, str | os.PathLike) else path
    named = ", ".join(map(str, paths))
    try:
        parts = parts_of(map(Path, paths))
        return build_from_parts(
            parts,
            read,
            Declared(name, version, kinds or {}, predictions, labels, joint, truths, segments),
            derive=derive,
            fold=fold or in_order,
            watch=partial(Watched, parts, progress) if progress and fold is None else unwatched,
        )
    except OSError as error:
        raise ReferenceFileError(f"cannot read {named}: {error.strerror or error}; check path and rights") from error
    except (ValueError, csv.Error) as error:
        raise ReferenceFileError(f"cannot build a reference from {named}: {error}") from error


class Watched:
    """Reads parts and tells what share of all passes over all of them is done; for one process."""

    def __init__(self, parts: Sequence[FilePart], tell: Progress, _read: Read[FilePart], passes: int) -> None:
        self._bytes = passes * sum(part.bytes for part in parts) or 1
        self._done = 0
        self._tell = tell

    def __call__(self, part: FilePart) -> Iterator[Columns]:
        for columns, share in chunks_of(part):
            yield columns
            self._tell(min(1.0, (self._done + share * part.bytes) / self._bytes))
        self._done += part.bytes
