"""How sentences name a category: in quotation marks that no name can close, so that names can be taken out again. Pure.

A category is a value of somebody's data: people who look at the sidecar may read it, requests to other systems may not
carry it.
"""

import re

_MARKS = str.maketrans({"“": "'", "”": "'"})
_QUOTED = re.compile("“[^”]*”")


def quoted(name: str) -> str:
    """The name as a sentence says it: `“web”`."""
    return f"“{name.translate(_MARKS)}”"


def unnamed(sentence: str) -> str:
    """The sentence without the categories that it names."""
    return _QUOTED.sub("a category", sentence)
