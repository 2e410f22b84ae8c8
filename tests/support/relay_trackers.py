"""A follower whose counters, samples and clock are the test's own."""

from dataclasses import dataclass, field

from sentinel.relay.following import Follower
from sentinel.relay.sampler import Sampler
from sentinel.relay.tally import Tally
from sentinel.traffic.channel import Sample
from sentinel.traffic.ledger import CELLS


@dataclass
class Notes:
    """What a tracker did: `cells` as in the ledger, `samples` it handed, `tally` of routes."""

    cells: "memoryview[int]" = field(default_factory=lambda: memoryview(bytearray(8 * CELLS)).cast("Q"))
    samples: list[Sample] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)

    def follower(self, ratio: float = 1.0, room_bytes: int = 1 << 20) -> Follower:
        sampler = Sampler(ratio, 1e9, seed=1)
        return Follower(self.cells, self.tally, sampler, room_bytes, self.samples.append, lambda monotonic: monotonic)

    def codes(self) -> dict[str, int]:
        """Exchanges by code over all routes."""
        total: dict[str, int] = {}
        for route in self.tally.all():
            for code, count in route.codes.items():
                total[code] = total.get(code, 0) + count
        return total
