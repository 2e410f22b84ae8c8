"""A page in headless Chromium: what its console said and what it asked the network for."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import DEADLINE_SECONDS
from tests.support.tools import need

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--enable-logging=stderr",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_URL = re.compile(r"^(https?|wss?|ftp)://")
_BROWSERS_OWN = re.compile(
    r"^https?://((clients[0-9]*|accounts|update|optimizationguide-pa|www)\.(google|googleapis)|redirector\.gvt1)\.com/"
)
"""Time, updates and dictionaries."""


@dataclass(frozen=True, slots=True)
class Opened:
    """document: the DOM after the scripts ran. console: what was logged. asked: addresses beyond files."""

    document: str
    console: list[str]
    asked: list[str]


def opened(page: Path, folder: Path, *flags: str) -> Opened:
    """Open a file of the disk; `folder` takes the browser's profile and its log of the network."""
    log = folder / "net.json"
    command = [need("chromium"), *_FLAGS, f"--user-data-dir={folder}/profile", f"--log-net-log={log}", *flags]
    done = subprocess.run(
        [*command, "--virtual-time-budget=8000", "--dump-dom", page.resolve().as_uri()],
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=True,
    )
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return Opened(done.stdout, console, _asked(log))


def _asked(log: Path) -> list[str]:
    """Addresses of the page's requests; the browser's own calls home fail at the resolver and are not the page's."""
    events = json.loads(log.read_text())["events"]
    urls = {event.get("params", {}).get("url", "") for event in events}
    return sorted(url for url in urls if _URL.match(url) and not _BROWSERS_OWN.match(url))
