"""The status page in headless Chromium: no complaint on the console, nothing from outside, and it refreshes itself."""

import asyncio
import re
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from tests.support.processes import DEADLINE_SECONDS
from tests.support.telemetry_served import served
from tests.support.telemetry_story import drifted_recorder
from tests.support.tools import need

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--enable-logging=stderr",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


async def opened(address: str, profile: Path) -> tuple[str, str]:
    """The document after 12 virtual seconds, and what the browser logged."""
    process = await asyncio.create_subprocess_exec(
        need("chromium"),
        *FLAGS,
        f"--user-data-dir={profile}",
        "--virtual-time-budget=12000",
        "--dump-dom",
        address,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), DEADLINE_SECONDS)
    return out.decode(), err.decode()


def ticking(start: float) -> Iterator[float]:
    return (start + 10 * i for i in count())


async def test_the_page_is_quiet_and_refreshes_itself(tmp_path: Path) -> None:
    now = time.time()
    clock = ticking(now)
    async with served(drifted_recorder(now, windows=30), clock=lambda: next(clock)) as address:
        document, log = await opened(f"{address}/", tmp_path)
    assert [line for line in log.splitlines() if "CONSOLE" in line] == []
    assert 'class="lost"' not in document
    shown = re.search(r'id="fresh">as of <time datetime="([^"]+)"', document)
    assert shown is not None
    first = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    assert shown[1] > first, "the script has swapped in a later copy"
    assert document.count('<main id="content"') == 1
