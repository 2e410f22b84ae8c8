"""What many pairs add up to, in numbers and words; and what is kept of it over a restart."""

import json

import numpy as np
import pytest

from sentinel.decode.rows import Decoded
from sentinel.shadow.account import Account, Terms, result
from sentinel.shadow.answers import Scale, compare
from sentinel.shadow.book import MOST_ACCOUNTS, SCALE_ROWS, AccountBook, Answer

TERMS = Terms(margin_ratio=0.05, tolerance_sd=0.1, alpha=0.05)


def answer(values: list[float], version: str = "", seconds: float = 0.01) -> Answer:
    column = np.array(values)
    return Answer(Decoded(len(values), {}, {"score": column}, version=version), seconds)


def learnt(book: AccountBook, version: str = "1") -> None:
    """Take in as many rows as the scale needs: half 0, half 2, so its standard deviation is 1."""
    values = [0.0, 2.0] * (SCALE_ROWS // 2)
    assert book.pair("m", version, answer(values), answer(values)) is None


def account(same: int, different: int) -> Account:
    made = Account()
    mine, theirs = np.zeros(same + different), np.r_[np.zeros(same), np.ones(different)]
    made.add(compare({"y": mine}, {"y": theirs}, Scale(0, sds={"y": 1.0}), 0.1), each_row=True)
    return made


@pytest.mark.parametrize(
    ("same", "different", "verdict", "words"),
    [
        (200, 0, "equivalent", "Fewer than 5.00% of rows differ: 0 of 200 did, at most"),
        (100, 100, "different", "More than 5.00% of rows differ: 100 of 200 did, at least"),
        (10, 0, "unknown", "Not yet known: 0 of 10 did, between 0.00% and"),
        (0, 0, "unknown", "No pair of answers was compared yet."),
    ],
)
def test_the_verdict_and_its_sentence(same: int, different: int, verdict: str, words: str) -> None:
    found = result(account(same, different), TERMS)
    assert found.verdict == verdict
    assert found.sentence.startswith(words)
    json.dumps(found.plain())


def test_the_forecast_is_what_it_takes() -> None:
    made = account(10, 1)
    sentence = result(made, TERMS).sentence
    more = int(sentence.split(" more pairs")[0].rpartition(" ")[2].replace(",", ""))
    assert result(account(10 + more, 1), TERMS).verdict == "equivalent"
    assert result(account(10 + more - 1, 1), TERMS).verdict == "unknown"


def test_unanswered_requests_stand_in_the_way_and_are_named() -> None:
    made = account(300, 0)
    made.miss("error", 40)
    made.miss("no_answer", 2)
    found = result(made, TERMS)
    assert found.verdict == "unknown"
    assert "Of 342 asked 40 got an error, 2 got no answer" in found.sentence


def test_distances_are_kept_in_buckets_within_one_percent() -> None:
    made = Account()
    theirs = np.linspace(0.5, 1.5, 101)
    made.add(compare({"y": np.zeros(101)}, {"y": theirs}, Scale(0, sds={"y": 1.0}), 0.1))
    assert made.outputs["y"].quantiles() == pytest.approx({0.5: 1.0, 0.9: 1.4, 0.99: 1.49}, rel=0.011)


def test_pairs_are_judged_by_a_scale_they_had_no_part_in() -> None:
    book = AccountBook(TERMS)
    learnt(book)
    compared = book.pair("m", "1", answer([1.0, 1.0]), answer([1.05, 1.5]))
    assert compared is not None
    assert compared.rows.tolist() == [False, True]
    (standing,) = book.standings()
    assert standing.result.account.pairs.answered == 1


def test_another_candidate_begins_another_account() -> None:
    book = AccountBook(TERMS)
    learnt(book)
    book.miss("m", "1", "no_answer")
    for version in ("a", "a", "b"):
        book.pair("m", "1", answer([1.0]), answer([1.0], version))
    assert {key[2]: kept.pairs.answered for key, kept in book.accounts.items()} == {"a": 2, "b": 1}
    assert book.accounts["m", "1", "a"].pairs.unanswered == 1
    assert [standing.candidate for standing in book.standings()] == ["b"]


def test_versions_told_by_a_server_take_bounded_room() -> None:
    book = AccountBook(TERMS)
    learnt(book)
    for number in range(3 * MOST_ACCOUNTS):
        book.pair("m", "1", answer([1.0]), answer([1.0], str(number)))
    assert len(book.accounts) == MOST_ACCOUNTS


def test_a_restart_goes_on_where_it_was_and_keeps_no_value() -> None:
    book = AccountBook(TERMS, "here")
    learnt(book)
    book.pair("m", "1", answer([1.0]), answer([2.0], "b"))
    book.scales["m", "2"] = learning = Scale(SCALE_ROWS)
    learning.learn({"score": np.array([0.123456789])})
    text = book.to_text()
    assert "0.123456789" not in text
    again = AccountBook(TERMS, "here")
    assert again.adopt(text)
    assert again.accounts == book.accounts
    assert again.pair("m", "1", answer([1.0]), answer([1.0], "b")) is not None


@pytest.mark.parametrize("text", ["", "{}", "no json", '{"endpoint": 3}'])
def test_damaged_evidence_is_left(text: str) -> None:
    assert not AccountBook(TERMS).adopt(text)


def test_evidence_under_other_terms_or_of_another_endpoint_is_left() -> None:
    text = AccountBook(TERMS, "here").to_text()
    assert not AccountBook(TERMS, "there").adopt(text)
    assert not AccountBook(Terms(0.01), "here").adopt(text)
