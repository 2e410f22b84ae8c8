"""The status page in a real browser, at every time of a sidecar's life, on desks and phones, by day and by night.

axe-core (Deque) looks for what would keep people from reading it: contrast, labels, structure, keyboard.
"""

import time
from collections.abc import AsyncIterator
from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

from tests.support.processes import DEADLINE_SECONDS
from tests.support.telemetry_scenes import SCENES
from tests.support.telemetry_served import served
from tests.support.tools import need

DESK, PHONE = (1280, 900), (390, 844)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as player:
        patience = DEADLINE_SECONDS * 1000
        started = await player.chromium.launch(
            executable_path=need("chromium"), args=["--no-sandbox"], timeout=patience
        )
        yield started
        await started.close()


async def watched(browser: Browser, size: tuple[int, int], scheme: Literal["light", "dark"]) -> tuple[Page, list[str]]:
    """A page of that size, and a list that fills with what it complains of or asks of others."""
    width, height = size
    page = await browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        bypass_csp=True,  # for axe's own script; the policy itself is tested with the page
    )
    page.set_default_timeout(DEADLINE_SECONDS * 1000)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: None if "//127.0.0.1:" in request.url else complaints.append(request.url))
    return page, complaints


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk by day", "phone by night"])
@pytest.mark.parametrize("scene", SCENES)
async def test_everybody_can_read_it(browser, scene, size, scheme):
    page, complaints = await watched(browser, size, scheme)
    async with served(SCENES[scene](time.time())) as address:
        await page.goto(f"{address}/")
        found = await Axe().run(page)
        overhang = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert found.violations_count == 0, found.generate_report()
    assert overhang <= 0
    assert complaints == []
