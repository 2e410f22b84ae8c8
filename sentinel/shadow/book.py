"""The accounts of one sidecar's mirror: one for each version that serves and each version of the candidate. Pure.

Evidence belongs to two versions: when either changes, another account begins. A restart goes on where it was, unless
the second endpoint or the terms are others. The books of several replicas make one: all that is in them is counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sentinel.decode.rows import Decoded
from sentinel.shadow.account import CANDIDATE, REFERENCE, Account, Result, Terms, result
from sentinel.shadow.answers import Compared, Scale, compare

SCALE_ROWS = 200
"""Rows of the reference from which the spread of its values is learnt: its error is 5 %, small beside any tolerance."""
MOST_ACCOUNTS = 16
"""Accounts kept; the oldest goes first. Versions are told by servers and are not to be trusted with memory."""

Key = tuple[str, str, str]
"""Model, the version that serves, and the candidate's ("" where it names none)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one side said, and the seconds it took."""

    decoded: Decoded
    seconds: float


@dataclass(frozen=True, slots=True)
class Standing:
    """The newest account of a version that serves."""

    model: str
    version: str
    candidate: str
    result: Result

    @property
    def key(self) -> Key:
        return self.model, self.version, self.candidate

    def plain(self) -> dict[str, Any]:
        """JSON values."""
        names = {"model": self.model, "version": self.version, "candidate_version": self.candidate}
        return names | self.result.plain()


class _Kept(msgspec.Struct):
    """What survives a restart: no value of a row, so only scales that are learnt."""

    endpoint: str
    terms: Terms
    scales: list[tuple[str, str, dict[str, float]]]
    accounts: list[tuple[Key, Account]]


@dataclass(slots=True)
class AccountBook:
    """endpoint: names the candidate's side, so that kept evidence is never taken for another's."""

    terms: Terms
    endpoint: str = ""
    scales: dict[tuple[str, str], Scale] = field(default_factory=dict)
    accounts: dict[Key, Account] = field(default_factory=dict)

    def pair(
        self, model: str, version: str, reference: Answer, candidate: Answer, *, timed: bool = True
    ) -> Compared | None:
        """Take in a pair of answers; None while the spread of the reference's values is still learnt.

        timed: whether the seconds are the models' own.
        """
        mine, theirs = reference.decoded.predictions, candidate.decoded.predictions
        scale = self.scales.setdefault((model, version), Scale(SCALE_ROWS))
        if not scale.ready:
            scale.learn(mine)
            return None
        compared = compare(mine, theirs, scale, self.terms.tolerance_sd)
        account = self._account(model, version, candidate.decoded.version)
        account.add(compared)
        if timed:
            account.time(REFERENCE, reference.seconds)
            account.time(CANDIDATE, candidate.seconds)
        return compared

    def miss(self, model: str, version: str, why: str) -> None:
        """The candidate gave no answer to compare."""
        self._account(model, version, self._heard(model, version)).miss(why)

    def standings(self) -> Iterator[Standing]:
        """Of each version that serves, the account that was begun last."""
        newest = {key[:2]: key for key in self.accounts}
        return (Standing(*key, result(self.accounts[key], self.terms)) for key in newest.values())

    def to_text(self) -> str:
        scales = [(*key, scale.sds) for key, scale in self.scales.items() if scale.ready]
        return msgspec.json.encode(_Kept(self.endpoint, self.terms, scales, list(self.accounts.items()))).decode()

    def adopt(self, text: str) -> bool:
        """Go on from what `to_text` wrote; False where that is of another endpoint, of other terms, or damaged."""
        try:
            kept = msgspec.json.decode(text, type=_Kept)
        except msgspec.MsgspecError:
            return False
        if (kept.endpoint, kept.terms) != (self.endpoint, self.terms):
            return False
        self.scales = {(model, version): Scale(0, sds=sds) for model, version, sds in kept.scales}
        self.accounts = dict(kept.accounts)
        return True

    def absorb(self, other: "AccountBook") -> None:
        """Take in the accounts of another replica, which are then the newest."""
        for (model, version, candidate), account in other.accounts.items():
            key = model, version, candidate or self._heard(model, version)
            self._account(*key).absorb(account)
            self.accounts[key] = self.accounts.pop(key)

    def _heard(self, model: str, version: str) -> str:
        """The version of the candidate that answered last; "" where none did."""
        return next((key[2] for key in reversed(self.accounts) if key[:2] == (model, version)), "")

    def _account(self, model: str, version: str, candidate: str) -> Account:
        key = (model, version, candidate)
        if (account := self.accounts.get(key)) is None:
            if len(self.accounts) >= MOST_ACCOUNTS:
                del self.accounts[next(iter(self.accounts))]
            unnamed = self.accounts.pop((model, version, ""), None)  # missed before the candidate was heard
            account = self.accounts[key] = unnamed or Account()
        return account
