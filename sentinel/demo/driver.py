"""The traffic of the demo: real rows, drawn at random, in V2 requests over kept-alive connections, at a steady rate.

    python -m sentinel.demo.driver --url http://127.0.0.1:8081 --population household_2016 --seconds 60

Open loop: requests start when they are due, whether or not earlier ones have been answered, up to `connections` at
once; what is then still waiting is sent late, never left out. Knows an address and rows; nothing of the sidecar.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import aiohttp
import numpy as np

from sentinel.demo.dataset import FEATURES, HEALTHY, NUMERIC, Population, load
from sentinel.demo.model import MODEL_NAME

PATH = f"/v2/models/{MODEL_NAME}/infer"
ANSWER_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How traffic flows. rows: per request."""

    requests_per_second: float = 100.0
    rows: int = 8
    connections: int = 16


@dataclass(slots=True)
class Tally:
    """What came of the requests. failed: no answer that can be read. predicted: label -> rows answered with it."""

    sent: int = 0
    answered: int = 0
    failed: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    predicted: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    seconds: float = 0.0


class Driver:
    """Sends rows of whatever `population` currently is, until told to stop."""

    def __init__(self, url: str, population: Population, pace: Pace, seed: int = 1) -> None:
        self.population = population
        self.tally = Tally()
        self._url = url.rstrip("/") + PATH
        self._pace = pace
        self._generator = np.random.default_rng(seed)

    async def run(self, seconds: float | None = None, on_second: Callable[[Tally], None] | None = None) -> Tally:
        """Send for `seconds` (or until cancelled); requests under way are awaited at the end."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_SECONDS)
        connector = aiohttp.TCPConnector(limit=self._pace.connections)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session, asyncio.TaskGroup() as tasks:
            reported = 0
            for due in self._schedule(seconds):
                if (delay := due - time.monotonic()) > 0:
                    await asyncio.sleep(delay)
                tasks.create_task(self._send(session, self._request()))
                if on_second is not None and int(self.tally.seconds) > reported:
                    reported = int(self.tally.seconds)
                    on_second(self.tally)
        return self.tally

    def _schedule(self, seconds: float | None) -> Iterator[float]:
        """When each request is due, on the monotonic clock."""
        begin = time.monotonic()
        number = 0
        while seconds is None or number < seconds * self._pace.requests_per_second:
            self.tally.seconds = time.monotonic() - begin
            yield begin + number / self._pace.requests_per_second
            number += 1

    def _request(self) -> bytes:
        self.tally.sent += 1
        drawn = self._generator.integers(self.population.rows, size=self._pace.rows)
        return encode(self.population.take(drawn), f"row-{self.tally.sent}")

    async def _send(self, session: aiohttp.ClientSession, body: bytes) -> None:
        headers = {"content-type": "application/json"}
        try:
            async with session.post(self._url, data=body, headers=headers) as response:
                self._note(response.status, await response.read())
        except (aiohttp.ClientError, TimeoutError, ValueError, LookupError):
            self.tally.failed += 1

    def _note(self, status: int, body: bytes) -> None:
        """Count an answer; ValueError or LookupError when a 200 is no V2 answer."""
        tally = self.tally
        if status == 200:
            answer = json.loads(body)
            labels = answer["outputs"][0]["data"]
            tally.versions[answer["model_version"]] += 1
            tally.predicted.update(labels)
            tally.rows += len(labels)
        tally.answered += 1
        tally.statuses[status] += 1


def encode(population: Population, identifier: str) -> bytes:
    """A V2 inference request with one [rows, 1] tensor per feature."""
    inputs = [
        {
            "name": name,
            "datatype": "FP32" if name in NUMERIC else "BYTES",
            "shape": [population.rows, 1],
            "data": population.columns[name].tolist(),
        }
        for name in FEATURES
    ]
    return json.dumps({"id": identifier, "inputs": inputs}).encode()


def summary(tally: Tally) -> str:
    """One line: how many, which versions answered, what they predicted."""
    employed = tally.predicted["employed"] / tally.rows if tally.rows else 0.0
    versions = ", ".join(f"version {version}: {count:,}" for version, count in sorted(tally.versions.items()))
    errors = sum(count for status, count in tally.statuses.items() if status != 200)
    return (
        f"{tally.answered:,} answers in {tally.seconds:.0f} s ({versions or 'none'}), {errors:,} errors, "
        f"{tally.failed:,} unanswered; {employed:.0%} predicted employed"
    )


def _report(tally: Tally) -> None:
    sys.stdout.write(summary(tally) + "\n")


def main() -> None:
    populations = load()
    parser = argparse.ArgumentParser(description="Sends the demo's rows to a V2 model server.")
    parser.add_argument("--url", default="http://127.0.0.1:8081")
    parser.add_argument("--population", default=HEALTHY, choices=sorted(populations))
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=100.0, help="requests per second")
    parser.add_argument("--rows", type=int, default=8, help="rows per request")
    arguments = parser.parse_args()
    driver = Driver(arguments.url, populations[arguments.population], Pace(arguments.rate, arguments.rows))
    asyncio.run(driver.run(arguments.seconds, _report))
    _report(driver.tally)


if __name__ == "__main__":
    main()
