"""The documentation as a site: `make site` builds site/ from the Markdown files where they lie.

The repository's root is Sphinx's source folder, so links between README, docs and runbooks are the same on the site as
in the repository; links to other files lead to the repository.
"""

import re
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "https://github.com/sentinel-sidecar/sentinel/blob/main/"
LINK = re.compile(r"\]\(([\w./-]+)\)")

project = "sentinel"
author = "the sentinel authors"
release = installed("sentinel-sidecar")
root_doc = "docs/index"
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/*.md",
    "docs/**/*.md",
    "alerts/runbooks/*.md",
]
extensions = ["myst_parser", "sphinx_copybutton"]

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

html_theme = "furo"
html_title = "sentinel"
html_theme_options = {
    "source_repository": SOURCE.removesuffix("/blob/main/"),
    "source_branch": "main",
    "source_directory": "",
}
html_show_copyright = False
html_copy_source = False


def folders_to_repository(app: Any, page: str, source: list[str]) -> None:
    """A link to a folder of the repository leads to it there: Sphinx itself has pages and files only."""
    here = (ROOT / page).parent

    def link(found: re.Match[str]) -> str:
        target = (here / found[1]).resolve()
        return f"]({SOURCE}{target.relative_to(ROOT).as_posix()})" if target.is_dir() else found[0]

    source[0] = LINK.sub(link, source[0])


def setup(app: Any) -> None:
    app.connect("source-read", folders_to_repository)
