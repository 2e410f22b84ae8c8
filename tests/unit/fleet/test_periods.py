"""When a period is judged: as soon as all are there, and after a bounded wait in any case."""

import itertools

from sentinel.fleet.periods import Due, Roll, Timing, Waiting

TIMING = Timing(period_seconds=60.0, settle_seconds=1.0, straggler_seconds=20.0)
ids = itertools.count(1)


def window(replica: str, start: float = 0.0, version: str = "1", model: str = "fraud") -> Waiting:
    return Waiting(next(ids), model, version, replica, start)


def roll(*expected: str) -> Roll:
    made = Roll(TIMING)
    if expected:
        made.report("fraud", frozenset(expected))
    return made


def starts(due: list[Due]) -> list[float]:
    return [period.start for period in due]


def test_all_there_is_due_once_it_settled() -> None:
    waiting = [window("a"), window("b")]
    assert roll("a", "b").due(waiting, 60.9) == []
    [period] = roll("a", "b").due(waiting, 61.0)
    assert (period.replicas, period.missing) == (frozenset("ab"), frozenset())


def test_a_straggler_is_waited_for_but_not_for_ever() -> None:
    expecting = roll("a", "b")
    assert expecting.due([window("a")], 60.0) == []
    assert expecting.due([window("a")], 79.9) == []
    [period] = expecting.due([window("a")], 80.0)
    assert period.missing == frozenset("b")


def test_nobody_known_waits_for_everybody() -> None:
    unknowing = roll()
    assert unknowing.due([window("a")], 61.0) == []
    assert starts(unknowing.due([window("a")], 81.0)) == [0.0]


def test_after_an_outage_the_wait_begins_with_the_first_window_seen() -> None:
    expecting = roll("a", "b")
    late = [window("a", 0.0), window("a", 60.0)]
    assert expecting.due(late, 1000.0) == []
    both = [*late, window("b", 0.0), window("b", 60.0)]
    assert starts(expecting.due(both, 1001.0)) == [0.0, 60.0]


def test_periods_of_a_model_are_judged_in_order() -> None:
    expecting = roll("a", "b")
    waiting = [window("a", 0.0), window("a", 60.0), window("b", 60.0), window("a", 0.0, model="other")]
    expecting.report("other", frozenset("a"))
    assert [(period.model, period.start) for period in expecting.due(waiting, 125.0)] == [("other", 0.0)]
    assert [period.start for period in expecting.due(waiting, 145.0) if period.model == "fraud"] == [0.0, 60.0]


def test_a_replica_that_left_is_waited_for_a_few_times() -> None:
    expecting = roll("a", "b")
    for number in range(3):
        start = number * 60.0
        assert expecting.due([window("a", start)], start + 61.0) == []
        [period] = expecting.due([window("a", start)], start + 81.0)
        expecting.judged(period)
    assert expecting.expected("fraud") == frozenset("a")


def test_windows_that_do_not_begin_with_the_period_belong_to_it() -> None:
    [period] = roll("a").due([window("a", 60.0), window("a", 95.5)], 200.0)
    assert (period.start, len(period.versions["1"])) == (60.0, 2)


def test_versions_are_apart_in_one_period() -> None:
    [period] = roll("a").due([window("a", version="2"), window("a", version="1")], 61.0)
    assert list(period.versions) == ["1", "2"]


def test_a_clock_ahead_waits_for_the_fleets_own() -> None:
    assert roll("a").due([window("a", 600.0)], 61.0) == []
