"""Whose evidence a restarted sidecar goes on with."""

from pathlib import Path

import pytest

from sentinel.app.memory import StoreMemory
from sentinel.config.settings import RollbackSettings
from sentinel.store import WindowRecord, open_store
from sentinel.store.spool import Spool
from sentinel.store.writer import Writer
from tests.support import store_values as some


@pytest.mark.parametrize(
    ("replica", "alone", "expected"),
    [
        ("pod-a", True, b"of a"),
        ("pod-a", False, b"of a"),
        ("pod-new", True, b"of b"),  # a pod with a new name over its old disk
        ("pod-new", False, None),  # others judge over the same store: not its evidence
    ],
)
def test_a_replica_goes_on_with_its_own_evidence(
    tmp_path: Path, replica: str, alone: bool, expected: bytes | None
) -> None:
    store = open_store(f"sqlite:///{tmp_path}/sentinel.db")
    for number, name in enumerate("ab"):
        window = some.window(number, replica=f"pod-{name}")
        store.commit_window(WindowRecord(window, verdict=some.verdict(window), judge_state=f"of {name}".encode()))
    writer = Writer(lambda: store, Spool(tmp_path / "spool", 1 << 20))
    try:
        assert StoreMemory(writer, RollbackSettings(), replica, alone=alone).judge_state("fraud") == expected
    finally:
        assert writer.close()
