"""Differences of cumulative summaries: each exchange once, across lives of workers and of the observer."""

from sentinel.app.counting import Counting
from sentinel.traffic import Route, RouteTraffic, TrafficSummary

ROUTE = Route("POST", "/v2/models/m/infer", "http/1.1")


def summary(boot: int, received: int, *, sampled_out: int = 0, open_now: int = 0) -> TrafficSummary:
    return TrafficSummary(
        worker=0,
        boot=boot,
        at=float(received),
        routes={ROUTE: RouteTraffic(codes={"2xx": received}, latency={7: received})},
        received=received,
        sampled_out=sampled_out,
        connections_open=open_now,
    )


def test_the_sum_of_differences_is_the_last_cumulative_count() -> None:
    counting = Counting(frozenset())
    added = [counting.add(summary(1, n)) for n in (3, 3, 10)]
    assert [a.received for a in added] == [3, 0, 7]
    assert added[1].routes == {}
    assert added[2].routes[ROUTE].codes == {"2xx": 7}


def test_a_new_life_of_a_worker_starts_at_zero_and_loses_nothing() -> None:
    counting = Counting(frozenset())
    counting.add(summary(1, 10))
    assert counting.add(summary(2, 4)).received == 4
    assert counting.add(summary(1, 12)).received == 2


def test_what_passed_before_this_observer_is_told_apart() -> None:
    counting = Counting(frozenset({1}))
    first, second, other = counting.add(summary(1, 1000)), counting.add(summary(1, 1005)), counting.add(summary(2, 9))
    assert (first.earlier, first.received) == (True, 1000)
    assert (second.earlier, second.received) == (False, 5)
    assert (other.earlier, other.received) == (False, 9)


def test_connections_are_those_of_the_newest_life_of_each_worker() -> None:
    counting = Counting(frozenset())
    counting.add(summary(1, 1, open_now=5))
    counting.add(summary(2, 1, open_now=2))
    assert counting.connections_open == 2
