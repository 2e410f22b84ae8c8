"""One judgement for many replicas: merge each period's windows over the store, judge them, act once.

Sidecars of a fleet write windows without verdicts; any number of `sentinel fleet` processes look at the same store, and
the one that leads merges, judges and commits. What keeps that right is in the store, not in the leadership: a judged
period is a row with a unique key, committed together with the judge's state that saw it, and only by who knew the state
before it. Two leaders at once therefore cost work, never a second verdict.
"""

from sentinel.fleet.fleet import Fleet, PeriodJudge, Progress

__all__ = ["Fleet", "PeriodJudge", "Progress"]
