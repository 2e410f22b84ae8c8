"""Which exchanges are copied: a fair coin for each, thrown before anything of the exchange is known.

Uniform and independent of content is what the statistics need: were slow, large or failing exchanges copied more
often, a window would drift with the load. The ceiling per second refuses by time alone, never by content.
"""

from math import log
from random import Random

_NEVER = 1 << 62


class Sampler:
    """`take(now)` is True for a share `ratio` of calls, `ceiling_per_second` times a second in the long run at most.

    The gaps between heads of a coin are geometric, so one draw serves until the next sample and a refused exchange
    costs a decrement (the method of skips; Vitter 1984), which callers in a hurry do themselves: `skips` are refused
    before the next. The ceiling is a token bucket that holds one second's worth.
    """

    __slots__ = ("_allowance", "_capacity", "_ceiling", "_log_miss", "_random", "_ratio", "_refilled_at", "skips")

    def __init__(self, ratio: float, ceiling_per_second: float, seed: int) -> None:
        self._random = Random(seed)
        self._log_miss = log(1 - ratio) if 0 < ratio < 1 else 0.0
        self._ratio = ratio
        self._ceiling = ceiling_per_second
        self._capacity = max(1.0, ceiling_per_second) if ceiling_per_second > 0 else 0.0
        self._allowance = self._capacity
        self._refilled_at = 0.0
        self.skips = self._gap()

    def take(self, now: float) -> bool:
        """Whether to copy the exchange that begins at `now` (monotonic seconds)."""
        if self.skips:
            self.skips -= 1
            return False
        self.skips = self._gap()
        return self._allowed(now)

    def _gap(self) -> int:
        if self._ratio >= 1:
            return 0
        if self._ratio <= 0:
            return _NEVER
        return int(log(1 - self._random.random()) / self._log_miss)

    def _allowed(self, now: float) -> bool:
        refill = (now - self._refilled_at) * self._ceiling
        self._allowance = min(self._capacity, self._allowance + refill)
        self._refilled_at = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True
