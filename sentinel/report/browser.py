"""A page as PDF or PNG, made by a headless Chromium where one is installed. Nothing is fetched: the page is a file.

PNG: the height of the page is measured first, by a copy of it with a script, so that the picture holds all of it.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
INSTALL = "apt-get install chromium"
WIDTH = 1240
MOST_HEIGHT = 16_000
"""Pixels: the largest picture that Chromium draws at once is 16,384 high."""
PATIENCE_SECONDS = 120.0

_FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
_MEASURE = "<script>document.title = 'height ' + document.documentElement.scrollHeight</script></body>"


class NoBrowser(Exception):
    """There is no browser, or it failed; the sentence says what to do."""


def pdf(page: str, path: Path) -> None:
    """Write the page as A4 PDF. Raises NoBrowser."""
    _run(page, f"--print-to-pdf={path.resolve()}", "--no-pdf-header-footer")
    _check(path)


def png(page: str, path: Path) -> None:
    """Write the whole page as a picture, WIDTH pixels wide. Raises NoBrowser."""
    height = _height(page)
    _run(page, f"--screenshot={path.resolve()}", f"--window-size={WIDTH},{height}")
    _check(path)


def browser() -> str:
    """Path of an installed browser. Raises NoBrowser."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise NoBrowser(f"PDF and PNG are made by Chromium, which is not installed: {INSTALL}; --html needs none")
    return found


def _height(page: str) -> int:
    measured = _POLICY.sub("", page).replace("</body>", _MEASURE)
    document = _run(measured, "--dump-dom", f"--window-size={WIDTH},600")
    found = re.search(r"<title>height (\d+)</title>", document)
    if found is None:
        raise NoBrowser("the browser did not lay out the page; try --pdf or --html")
    return min(int(found[1]), MOST_HEIGHT)


def _run(page: str, *options: str) -> str:
    program = browser()
    with tempfile.TemporaryDirectory(prefix="sentinel-report-") as folder:
        source = Path(folder) / "report.html"
        source.write_text(page, encoding="utf-8")
        sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()  # Chromium refuses root otherwise; the page is our own
        profile = f"--user-data-dir={folder}/profile"
        command = [program, *_FLAGS, *sandbox, profile, *options, source.as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, timeout=PATIENCE_SECONDS, check=True)  # noqa: S603
        except subprocess.TimeoutExpired as error:
            raise NoBrowser(f"{program} took more than {PATIENCE_SECONDS:g} s; try --html") from error
        except (subprocess.CalledProcessError, OSError) as error:
            raise NoBrowser(f"{program} failed: {error}; try --html") from error
    return done.stdout.decode(errors="replace")


def _check(path: Path) -> None:
    if not path.exists() or not path.stat().st_size:
        raise NoBrowser(f"the browser wrote nothing to {path}: check that its folder exists and may be written")
