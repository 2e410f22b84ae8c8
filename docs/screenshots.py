"""Pictures of the status page for the documents (`make screenshots`): the scenes are those of the tests."""

import asyncio
import shutil
import time
from pathlib import Path
from typing import Literal

from playwright.async_api import async_playwright

from tests.support.telemetry_scenes import SCENES
from tests.support.telemetry_served import served

IMAGES = Path(__file__).parent / "images"
DESK, PHONE = (1280, 900), (390, 844)

Shot = tuple[str, str, tuple[int, int], Literal["light", "dark"]]
SHOTS: tuple[Shot, ...] = (
    ("status-healthy", "healthy", DESK, "light"),
    ("status-breach", "drifting", DESK, "light"),
    ("status-blind", "blind", DESK, "light"),
    ("status-empty", "empty", DESK, "light"),
    ("status-language-model", "language_model", DESK, "light"),
    ("status-sixty-features", "sixty_features", DESK, "light"),
    ("status-dark", "drifting", DESK, "dark"),
    ("status-phone", "drifting", PHONE, "light"),
)


async def main() -> None:
    async with async_playwright() as player:
        browser = await player.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, scene, (width, height), scheme in SHOTS:
            page = await browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            async with served(SCENES[scene](time.time())) as address:
                await page.goto(f"{address}/")
                await page.screenshot(path=IMAGES / f"{name}.png", full_page=scene != "sixty_features")
            await page.close()
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
