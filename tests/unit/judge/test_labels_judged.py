"""Labels as evidence: each is bet on once, whatever is restarted; a version that is wrong more often is paged."""

import numpy as np
import pytest

from sentinel.app.verdicts import accepted_wrong_ratio
from sentinel.config.settings import LabelSettings
from sentinel.judge.judge import Judge
from sentinel.judge.policy import ServiceLevels
from sentinel.judge.verdict import State, Verdict
from sentinel.reference.build import build
from sentinel.reference.truths import TruthColumns
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.window import TrafficCounts, WindowKey

MINUTE = 60.0
LEVELS = ServiceLevels(wrong_ratio=0.1)


def window(number: int, version: str = "1") -> ClosedWindow:
    start = number * MINUTE
    traffic = TrafficCounts(received=100, analysed=100, codes={"2xx": 100})
    return ClosedWindow(WindowKey("fraud", version, "a"), start, start + MINUTE, 100, "", traffic=traffic)


def judged(judge: Judge, labels: list[tuple[int, int]], version: str = "1") -> list[Verdict]:
    """Verdicts of windows after each of which labels had said so much in all."""
    return [judge.observe(window(n, version), labelled=said) for n, said in enumerate(labels)]


def totals(rate: float, windows: int, per_window: int = 50, seed: int = 1) -> list[tuple[int, int]]:
    wrong = np.random.default_rng(seed).binomial(per_window, rate, windows).cumsum()
    return [(per_window * (n + 1), int(w)) for n, w in enumerate(wrong)]


def test_a_version_that_is_wrong_more_often_than_accepted_is_paged_once() -> None:
    verdicts = judged(Judge(service_levels=LEVELS), totals(0.25, 60))
    opened = [incident for verdict in verdicts for incident in verdict.opened]
    assert [incident.cause for incident in opened] == ["realised_quality"]
    assert verdicts[-1].state is State.BREACH
    assert "of labelled ones, 10.00% accepted" in opened[0].explanation


def test_a_version_within_what_is_accepted_is_never_paged() -> None:
    """A week of minutes at the accepted ratio itself; the budget allows one page a month over everything."""
    verdicts = judged(Judge(service_levels=LEVELS), totals(0.1, 10_080, per_window=20))
    assert sum(len(verdict.opened) for verdict in verdicts) == 0


def test_no_labels_is_no_evidence() -> None:
    verdicts = judged(Judge(service_levels=LEVELS), [(0, 0)] * 100)
    assert verdicts[-1].evidence == 0.0


def test_each_label_counts_once_also_after_a_restart() -> None:
    said = totals(0.25, 30)
    through, stopped = Judge(service_levels=LEVELS), Judge(service_levels=LEVELS)
    for n, labelled in enumerate(said):
        through.observe(window(n), labelled=labelled)
        stopped.observe(window(n), labelled=labelled)
        stopped = Judge.restore(None, stopped.state(), service_levels=LEVELS)
        stopped.observe(window(n), labelled=None)  # a window during which the store was away
    late = [judge.observe(window(30), labelled=said[-1]) for judge in (through, stopped)]
    assert late[0].evidence == pytest.approx(late[1].evidence)


def test_a_store_that_was_replaced_counts_from_its_beginning() -> None:
    judge = Judge(service_levels=LEVELS)
    judged(judge, [(1000, 50), (10, 1)])
    before = judge.observe(window(2), labelled=(10, 1)).evidence
    after = judge.observe(window(3), labelled=(60, 30)).evidence
    assert after > before


def test_a_state_without_labels_is_what_it_always_was() -> None:
    plain, watching = Judge(), Judge(service_levels=LEVELS)
    for judge in (plain, watching):
        judge.observe(window(0))
    assert Judge.restore(None, watching.state(), service_levels=LEVELS).state() == watching.state()
    assert Judge.restore(None, plain.state()).state() == plain.state()


def test_what_is_accepted_comes_from_the_settings_or_the_reference() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 2_000)
    said = np.where(rng.random(2_000) < 0.1, 1 - truth, truth)
    columns = {"x": rng.normal(size=2_000), "y": truth.tolist(), "p": said.tolist()}
    reference = build(columns, name="m", version="1", labels=["y"], predictions=["p"], truths=TruthColumns("y", ("p",)))
    assert reference.standard is not None
    assert reference.standard.rows == 2_000
    learnt = accepted_wrong_ratio(LabelSettings(enabled=True), reference)
    assert learnt == pytest.approx(reference.standard.wrong_ratio() + 0.02)
    assert 0.1 < learnt < 0.15
    assert accepted_wrong_ratio(LabelSettings(enabled=True, accepted_wrong_ratio=0.3), reference) == 0.3
    assert accepted_wrong_ratio(LabelSettings(enabled=False, accepted_wrong_ratio=0.3), reference) is None
    assert accepted_wrong_ratio(LabelSettings(enabled=True), None) is None


def test_an_accepted_ratio_must_be_a_share() -> None:
    with pytest.raises(ValueError, match="accepted wrong ratio of"):
        ServiceLevels(wrong_ratio=1.5)
