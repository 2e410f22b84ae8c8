"""After the request: effective with its time, ineffective once, nothing said twice."""

from dataclasses import replace

from sentinel.rollback.history import VersionHistory
from sentinel.rollback.past import Past, Request
from sentinel.rollback.watching import effects, record_of, settled
from tests.support.rollback_cases import verdict

ASKED_AT = 1000.0
REQUEST = Request("incident-1", "fraud", "2", "1", ASKED_AT)
PAST = Past((REQUEST,))


def windows(*seen: tuple[str, float]) -> VersionHistory:
    history = VersionHistory().seen("1", 0.0, 60.0, 10)
    for version, start in seen:
        history = history.seen(version, start, start + 60, 10)
    return history


def judged(version: str, start: float) -> object:
    return replace(verdict(), version=version, start=start, end=start + 60, open=(), opened=())


def after(history: VersionHistory, version: str, start: float, past: Past = PAST) -> list[tuple[str, float]]:
    found = effects(past, judged(version, start), history, 600.0)  # type: ignore[arg-type]
    return [(effect.outcome, effect.seconds) for effect in found]


def test_the_version_changed() -> None:
    history = windows(("2", 900), ("2", 960), ("1", 1020), ("1", 1080), ("1", 1140))
    assert after(history, "1", 1020) == []  # too early to know that version 2 is gone
    assert after(history, "1", 1140) == [("effective", 20.0)]


def test_it_did_not() -> None:
    history = windows(*(("2", 900.0 + 60 * i) for i in range(12)))
    assert after(history, "2", 1560) == [("ineffective", 620.0)]
    assert after(history, "2", 1620, replace(PAST, effects={"incident-1": "ineffective"})) == []


def test_late_but_it_changed() -> None:
    history = windows(*(("2", 900.0 + 60 * i) for i in range(14)), ("1", 1740), ("1", 1800), ("1", 1860))
    known = replace(PAST, effects={"incident-1": "ineffective"})
    assert after(history, "1", 1860, known) == [("effective", 740.0)]


def test_no_traffic_no_statement() -> None:
    assert after(windows(("2", 900)), "2", 900) == []


def test_dry_runs_and_other_models_are_not_watched() -> None:
    dry = Past((replace(REQUEST, mode="dry_run"), replace(REQUEST, model="other")))
    assert after(windows(("2", 900), ("1", 1200)), "1", 1200, dry) == []


def test_settled() -> None:
    assert not settled(PAST, ASKED_AT + 60)
    assert settled(PAST, ASKED_AT + 100_000)  # watched for a day, then given up
    assert settled(replace(PAST, effects={"incident-1": "effective"}), ASKED_AT + 60)
    assert settled(Past((replace(REQUEST, mode="dry_run"),)), ASKED_AT + 60)


def test_the_record_tells_how_long_it_took() -> None:
    history = windows(("2", 960), ("1", 1140))
    (effect,) = effects(PAST, judged("1", 1140), history, 600.0)  # type: ignore[arg-type]
    assert record_of(effect, 1200.0).sentence == "fraud left version 2 20 s after the rollback was asked for."
