"""Which version served before, through releases, rollbacks, canaries and restarts."""

import pytest

from sentinel.rollback.history import MOST_RELEASES, RETURN_AFTER_SECONDS, VersionHistory


def seen(*windows: tuple[str, float]) -> VersionHistory:
    history = VersionHistory()
    for version, start in windows:
        history = history.seen(version, start, start + 60, 100)
    return history


def previous(history: VersionHistory, version: str) -> str | None:
    release = history.previous(version)
    return release.version if release else None


def test_the_version_before() -> None:
    history = seen(("1", 0), ("1", 60), ("2", 120), ("3", 180))
    assert [previous(history, version) for version in "123"] == [None, "1", "2"]
    assert previous(history, "unseen") is None


def test_a_canary_beside_its_baseline() -> None:
    history = seen(("1", 0), ("1", 60), ("2", 60), ("1", 120), ("2", 120))
    assert previous(history, "2") == "1"
    assert previous(history, "1") is None


def test_after_a_long_rollback_the_old_version_is_a_new_release() -> None:
    back = RETURN_AFTER_SECONDS + 200
    history = seen(("1", 0), ("2", 60), ("2", back - 60), ("1", back))
    assert [release.version for release in history.releases] == ["1", "2", "1"]
    assert previous(history, "1") == "2"
    assert history.release("1").since == back  # type: ignore[union-attr]


def test_a_quiet_canary_and_a_quiet_night_start_no_new_release() -> None:
    canary = seen(("1", 0), ("2", 60), ("1", 120), ("2", RETURN_AFTER_SECONDS), ("1", RETURN_AFTER_SECONDS))
    assert len(canary.releases) == 2
    night = seen(("1", 0), ("1", 50_000))
    assert len(night.releases) == 1
    assert night.releases[0].observations == 200


def test_an_unnamed_version_is_no_version() -> None:
    assert seen(("", 0), ("", 60)) == VersionHistory()


def test_late_windows_of_other_replicas_only_widen() -> None:
    history = seen(("2", 60), ("1", 0), ("2", 30))
    assert previous(history, "2") == "1"
    assert history.release("2").since == 30  # type: ignore[union-attr]


def test_memory_is_bounded() -> None:
    history = seen(*((str(i), float(i)) for i in range(10 * MOST_RELEASES)))
    assert len(history.releases) == MOST_RELEASES
    assert history.releases[-1].version == str(10 * MOST_RELEASES - 1)


def test_text_and_back() -> None:
    history = seen(("1", 0), ('odd "version"\n', 60))
    assert VersionHistory.from_text(history.to_text()) == history
    assert VersionHistory.from_text(None) == VersionHistory()
    with pytest.raises(ValueError):
        VersionHistory.from_text("[not json")
