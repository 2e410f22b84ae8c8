"""Cumulative summaries become windows' traffic, to the last exchange, over restarts of workers."""

import random

from sentinel.traffic import Route, RouteTraffic, TrafficSummary
from sentinel.windows import Differences, TrafficTally

ROUTE = Route("POST", "/v2/models/fraud/infer", "http/1.1")


def summary(received, *, worker=1, boot=1, at=None, handed=0, dropped=0):
    traffic = RouteTraffic(codes={"2xx": received}, latency={5: received}, latency_sum_seconds=received * 0.5)
    return TrafficSummary(
        worker=worker,
        boot=boot,
        at=received if at is None else at,
        routes={ROUTE: traffic},
        received=received,
        sampled_out=received - handed - dropped,
        dropped={"full": dropped} if dropped else {},
        handed=handed,
    )


def test_differences_are_taken_per_worker_and_life():
    differences = Differences()
    steps = [
        (summary(10, handed=2), 10),
        (summary(10, handed=2), 0),
        (summary(25, handed=5), 15),
        (summary(7, worker=2), 7),
        (summary(4, boot=2), 4),  # worker 1 was restarted
        (summary(9, boot=2), 5),
        (summary(8, boot=2, at=3), 0),  # an old message
    ]
    assert [differences.since_last(step).received for step, _ in steps] == [added for _, added in steps]


def test_a_restarted_observer_counts_nothing_twice():
    before = Differences()
    before.since_last(summary(100, handed=10))
    after = Differences(before.last.values())
    delta = after.since_last(summary(130, handed=12))
    assert (delta.received, delta.handed, delta.routes[ROUTE].codes) == (30, 2, {"2xx": 30})


def test_nothing_is_lost_when_summaries_are():
    rng = random.Random(1)
    differences, tally = Differences(), TrafficTally()
    received = handed_out = 0
    for boot in range(1, 6):
        count = 0
        for _ in range(20):
            count += rng.randrange(50)
            if rng.random() < 0.5:  # half the messages never arrive
                delta = differences.since_last(summary(count, boot=boot, handed=count // 10))
                tally.add(delta)
                handed_out += delta.handed
        delta = differences.since_last(summary(count, boot=boot, at=1e9, handed=count // 10))
        tally.add(delta)
        handed_out += delta.handed
        received += count
    tally.analysed += handed_out - 3
    tally.undecodable["json"] += 3
    counts = tally.counts()
    assert counts.received == received
    assert sum(counts.codes.values()) == received == sum(counts.latency.values())
    assert counts.received == counts.analysed + counts.sampled_out + sum(counts.undecodable.values())
