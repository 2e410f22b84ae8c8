"""Fenced blocks of the documents, as a reader would paste them."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = tuple(
    sorted(
        path
        for pattern in ("*.md", "docs/**/*.md", "alerts/runbooks/*.md", "helm/sentinel/*.md", "deploy/**/*.md")
        for path in ROOT.glob(pattern)
    )
)
FENCE = re.compile(r"^( *)```(\S*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Snippet:
    """page: relative to the repository. line: of the fence, from 1."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    def commands(self) -> list[str]:
        """Shell lines, continued ones joined, comments left out."""
        whole = self.text.replace("\\\n", " ")
        return [line for line in map(str.strip, whole.splitlines()) if line and not line.startswith("#")]


def snippets(*languages: str, page: str | None = None) -> list[Snippet]:
    """Every block of these languages (all, if none is named), in the order of the pages."""
    found = [snippet for path in PAGES for snippet in _of(path)]
    return [one for one in found if (not languages or one.language in languages) and (page is None or one.page == page)]


def _of(path: Path) -> list[Snippet]:
    text = path.read_text()
    name = path.relative_to(ROOT).as_posix()
    return [
        Snippet(
            name, text.count("\n", 0, found.start()) + 1, found[2], re.sub(rf"^{found[1]}", "", found[3], flags=re.M)
        )
        for found in FENCE.finditer(text)
    ]
