"""The spool: whole records, in order, within its size, none lost silently."""

import stat
from pathlib import Path

import pytest

from sentinel.judge.verdict import State
from sentinel.store import StoreError
from sentinel.store.spool import Spool, folder_for, pack, unpack
from tests.support import store_values as some

SIZE = len(pack(some.record(0)))


def drained(spool: Spool) -> list[float]:
    starts = []
    while (record := spool.first()) is not None:
        starts.append(record.window.start)
        spool.remove_first()
    return starts


def test_a_record_comes_back_as_it_was() -> None:
    opened = some.incident(1)
    judged = some.verdict(some.window(1), State.BREACH, opened=(opened,), open=(opened,))
    record = some.record(1, verdict=judged, intents=(some.intent(),))
    assert unpack(pack(record)) == record


@pytest.mark.parametrize("cut", [0, 3, 4, 20, SIZE - 1])
def test_a_cut_or_changed_record_is_told(cut: int) -> None:
    data = pack(some.record(0))
    assert unpack(data[:cut]) is None
    assert unpack(data[:cut] + bytes([data[cut] ^ 1]) + data[cut + 1 :]) is None


def test_first_in_first_out_over_restarts(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1 << 20)
    for number in range(3):
        assert spool.append(some.record(number))
    spool.close()
    again = Spool(tmp_path, 1 << 20)
    assert again.counts.records == 3
    again.append(some.record(3))
    assert drained(again) == [0.0, 60.0, 120.0, 180.0]
    assert again.counts.bytes == 0


def test_the_oldest_is_dropped_for_room_and_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 3 * SIZE + SIZE // 2)
    for number in range(5):
        spool.append(some.record(number))
    assert spool.counts.dropped == 2
    assert spool.counts.bytes <= 3 * SIZE + SIZE // 2
    assert drained(spool) == [120.0, 180.0, 240.0]


def test_a_record_larger_than_the_spool_is_dropped_and_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SIZE // 2)
    assert not spool.append(some.record(0))
    assert spool.counts.dropped == 1


def test_a_damaged_record_is_passed_over_and_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1 << 20)
    for number in range(3):
        spool.append(some.record(number))
    sorted(tmp_path.glob("*.window"))[0].write_bytes(b"junk")
    assert drained(spool) == [60.0, 120.0]
    assert spool.counts.damaged == 1


def test_the_newest_judge_state_that_waits(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1 << 20)
    spool.append(some.record(0, state=b"a0"))
    spool.append(some.record(1, state=b"b1", window=some.window(1, replica="b")))
    spool.append(some.record(2, state=b"other", window=some.window(2, model="other")))
    assert spool.judge_state("fraud") == b"b1"
    assert spool.judge_state("fraud", "a") == b"a0"
    assert spool.judge_state("unknown") is None


def test_one_process_at_a_time(tmp_path: Path) -> None:
    first = Spool(tmp_path, 1 << 20)
    with pytest.raises(StoreError, match="is used by another sentinel"):
        Spool(tmp_path, 1 << 20)
    first.close()
    Spool(tmp_path, 1 << 20).close()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot be used \(No such file or directory\): set store.spool_path"):
        Spool(tmp_path / "no" / "where", 1 << 20)


def test_where_records_wait(tmp_path: Path) -> None:
    assert folder_for(f"sqlite:///{tmp_path}/s.db") == tmp_path / "s.db.spool"
    assert folder_for("sqlite:///s.db", "/var/spool/x") == Path("/var/spool/x")
    one, other = folder_for("postgresql://h/a"), folder_for("postgresql://h/b")
    assert one != other
    assert one.name.startswith("sentinel-spool-")


def test_files_are_their_owners_alone(tmp_path: Path) -> None:
    """Also in a folder that others may read."""
    tmp_path.chmod(0o755)
    spool = Spool(tmp_path, 1 << 20)
    assert spool.append(some.record(0))
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    spool.close()
