"""A changed file is noticed once, after it has stood for two looks; Kubernetes' swap of links is a change."""

import os
from pathlib import Path

from sentinel.relay.watched import WatchedFile


def test_nothing_changes_while_nothing_changes(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1")
    watched = WatchedFile(path)
    assert not any(watched.changed() for _ in range(5))


def test_a_change_is_told_once_and_only_when_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1")
    watched = WatchedFile(path)
    path.write_text("a: 1\nb:")
    assert not watched.changed(), "it may be half written"
    path.write_text("a: 1\nb: 22")
    assert not watched.changed()
    assert watched.changed()
    assert not watched.changed()


def test_a_file_renamed_over_it_is_a_change_of_equal_length(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1")
    watched = WatchedFile(path)
    (tmp_path / "new").write_text("a: 2")
    os.replace(tmp_path / "new", path)
    assert [watched.changed() for _ in range(3)] == [False, True, False]


def test_the_swap_of_a_config_map_is_a_change(tmp_path: Path) -> None:
    """As the kubelet does it: a folder a version, `..data` leading to one, the file leading through `..data`."""
    for version in ("1", "2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "sentinel.yaml").write_text(f"a: {version}")
    (tmp_path / "..data").symlink_to("1")
    (tmp_path / "sentinel.yaml").symlink_to("..data/sentinel.yaml")
    watched = WatchedFile(tmp_path / "sentinel.yaml")
    (tmp_path / "..data_tmp").symlink_to("2")
    os.replace(tmp_path / "..data_tmp", tmp_path / "..data")
    assert [watched.changed() for _ in range(3)] == [False, True, False]


def test_a_file_that_is_gone_for_a_moment_is_no_change(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1")
    watched = WatchedFile(path)
    path.rename(tmp_path / "b")
    assert not any(watched.changed() for _ in range(3))
    (tmp_path / "b").rename(path)
    assert not any(watched.changed() for _ in range(3))


def test_what_was_read_otherwise_is_not_told_again(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1")
    watched = WatchedFile(path)
    path.write_text("a: 1234")
    watched.noted()
    assert not any(watched.changed() for _ in range(3))
