"""The documents as a site: every link leads somewhere, every page is in the menu, nothing is loaded from elsewhere."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
LOADED = re.compile(
    r"""<(?:script|img|iframe|source)[^>]+src="(https?:)?//|<link[^>]+rel="stylesheet"[^>]+href="https?://"""
)


def test_the_site_is_built_without_a_complaint(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-c", "docs/sphinx"]
    folders = ["-d", str(tmp_path / "trees"), ".", str(tmp_path / "site")]
    built = subprocess.run([*command, *folders], cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert {"tutorial.html", "comparison.html", "SentinelBlind.html"} <= {page.name for page in pages}
    assert [page.name for page in pages if LOADED.search(page.read_text())] == []
