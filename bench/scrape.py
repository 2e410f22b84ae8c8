"""Scrapes under load: `python -m bench.scrape [--rounds 5] [--scrapes 200]`.

A telemetry server is scraped over HTTP while the same process takes in a second of traffic and a judged window between
scrapes, with 10,000 features and hostile names. Beside it, in the same run and interleaved: prometheus-client's own
gauges, as many series as our page has. Writes docs/benchmarks/scrape.{md,json}.
"""

import argparse
import asyncio
import datetime
import json
import os
import platform
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import prometheus_client
from aiohttp import ClientSession, web
from prometheus_client.aiohttp import make_aiohttp_handler

from sentinel.config.settings import TelemetrySettings
from sentinel.telemetry.recorder import Recorder
from tests.support.telemetry_served import served
from tests.support.telemetry_story import FEATURES, Story, story_settings

PAGE = Path(__file__).parent.parent / "docs/benchmarks/scrape.md"
MANY = tuple(f'feature "{i}"\n\\' for i in range(10_000))
CASES = {
    "8 features": (FEATURES, 1500),
    "10,000 features": (MANY, 1500),
    "10,000 features, ceiling 5,000": (MANY, 5000),
}
PEER = "prometheus-client gauges"


@asynccontextmanager
async def peer(series: int) -> AsyncIterator[str]:
    """prometheus-client's own server with that many children of one gauge."""
    registry = prometheus_client.CollectorRegistry()
    gauge = prometheus_client.Gauge("peer_value", "A value.", ["model", "feature", "method"], registry=registry)
    for i in range(series):
        gauge.labels("fraud", f"feature {i}", "psi").set(i)
    app = web.Application()
    app.router.add_get("/metrics", make_aiohttp_handler(registry))
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def scrape(
    client: ClientSession, address: str, times: int, story: Story | None = None
) -> tuple[list[float], int]:
    """Seconds of each scrape, and the series of the last one."""
    took, lines = [], 0
    for _ in range(times):
        if story is not None:
            story.second(time.time())
        begun = time.perf_counter()
        async with client.get(f"{address}/metrics") as answer:
            body = await answer.read()
        took.append(time.perf_counter() - begun)
        lines = sum(not line.startswith(b"#") for line in body.splitlines())
    return took, lines


async def measure(rounds: int, scrapes: int, features: tuple[str, ...], ceiling: int) -> dict[str, float]:
    recorder = Recorder(story_settings(telemetry=TelemetrySettings(max_series=ceiling)), started_at=time.time())
    story = Story(recorder, features=features)
    story.start(time.time())
    ours: list[float] = []
    theirs: list[float] = []
    medians: list[float] = []
    async with served(recorder) as address, ClientSession() as client:
        story.window(time.time(), story.second(time.time()), drift=0.3)
        _, series = await scrape(client, address, 1)
        async with peer(series) as beside:
            for _ in range(rounds):
                story.window(time.time(), story.second(time.time()), drift=0.3)
                took, series = await scrape(client, address, scrapes, story)
                other, _ = await scrape(client, beside, scrapes)
                ours, theirs = ours + took, theirs + other
                medians.append(statistics.median(took) / statistics.median(other))
    return {
        "series": series,
        "p50_ms": 1e3 * statistics.median(ours),
        "p99_ms": 1e3 * statistics.quantiles(ours, n=100)[98],
        "peer_p50_ms": 1e3 * statistics.median(theirs),
        "peer_p99_ms": 1e3 * statistics.quantiles(theirs, n=100)[98],
        "ratio": statistics.median(medians),
    }


def page(figures: dict[str, dict[str, float]], scrapes: int) -> str:
    today = datetime.datetime.now(datetime.UTC).date()
    rows = "\n".join(
        f"| {name} | {f['series']:.0f} | {f['p50_ms']:.1f} / {f['p99_ms']:.1f} | "
        f"{f['peer_p50_ms']:.1f} / {f['peer_p99_ms']:.1f} | {f['ratio']:.2f} |"
        for name, f in figures.items()
    )
    return f"""# Scrapes under load

{today}, Python {platform.python_version()}, {os.cpu_count()} cores, prometheus-client of the same environment
(`make bench-scrape`). {scrapes} scrapes of each case over HTTP, with a second of traffic taken in between any two and a
judged window each round. Beside it the same number of series in prometheus-client's own gauges, interleaved.

| case | series | ms, p50 / p99 | {PEER}, p50 / p99 | ratio of medians |
|---|---|---|---|---|
{rows}

The ceiling holds: 10,000 features with hostile names give no page beyond `telemetry.max_series` (besides `process_*`).
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Scrapes of /metrics under load.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scrapes", type=int, default=200)
    arguments = parser.parse_args()
    figures = {
        name: asyncio.run(measure(arguments.rounds, arguments.scrapes, features, ceiling))
        for name, (features, ceiling) in CASES.items()
    }
    text = page(figures, arguments.rounds * arguments.scrapes)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text)
    PAGE.with_suffix(".json").write_text(json.dumps(figures, indent=2) + "\n")
    print(text)


if __name__ == "__main__":
    main()
