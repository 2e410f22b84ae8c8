"""Secrets in text replaced before anything could keep a piece of them: e-mail addresses, cards, phones, tokens.

Every pattern is linear: it begins where a run of its characters begins, repeats possessively (no backtracking) or a
bounded number of times.
"""

import re
from collections.abc import Mapping

_PATTERNS: Mapping[str, str] = {
    # RFC 5322's common form; the run before @ is taken whole or not at all
    "email": r"(?<![\w.+%-])[\w.+%-]++@[\w-]++(?:\.[\w-]++)++",
    "token": r"(?i:\b(?:bearer|basic)\s++[\w.~+/=-]{8,})"
    r"|(?i:(?<![a-z])(?:api[_-]?key|secret|token|passw(?:or)?d)[\"']?\s*+[:=]\s*+[\"']?[^\s\"',;]++)"
    r"|(?<![\w-])eyJ[\w-]++\.[\w-]++(?:\.[\w-]++)?+"  # JSON web tokens
    r"|(?<![A-Za-z0-9])(?:sk|pk|rk|hf|ghp|gho|ghs|ghu|ghr|github_pat|glpat|xox[abprs]|whsec)[-_][\w-]{12,}+"
    r"|(?<![A-Z0-9])A(?:KIA|SIA)[A-Z0-9]{16}(?![A-Z0-9])",
    # 13 to 19 digits in groups (ISO/IEC 7812); checked by Luhn's sum
    "card": r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)",
    # E.164 with its plus, or a national number in groups
    "phone": r"(?<![\w+])\+\d(?:[ ().-]{0,2}\d){6,14}(?!\d)"
    r"|(?<![\w-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])"
    r"|(?<![\w-])0\d{1,4}[ /-]\d{3,4}[ -]?\d{3,4}(?![\w-])",
}
_ANY = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _PATTERNS.items()))

SHORTEST_SECRET_CHARACTERS = 6
"""a@b.io; shorter texts are not searched."""


def redacted(text: str) -> str:
    """The text with each secret replaced by its kind in brackets, as in "write to [email]"."""
    return _ANY.sub(_replacement, text) if len(text) >= SHORTEST_SECRET_CHARACTERS else text


def _replacement(found: re.Match[str]) -> str:
    if found.lastgroup == "card" and not _luhn(found[0]):
        return found[0]
    return f"[{found.lastgroup}]"


def _luhn(text: str) -> bool:
    """Luhn's sum (ISO/IEC 7812-1, annex B) of the digits is a multiple of ten."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
