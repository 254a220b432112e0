"""Hundreds of random questions about the sample shop: facets times synonyms, half of them with a typo."""

from __future__ import annotations

import random
import sqlite3

import pytest

from store.search import search
from tests.store.search.questions import ndcg, precision, questions, recall
from tests.store.search.shop import Row


@pytest.mark.parametrize(("typo", "least"), [(False, 0.99), (True, 0.96)])
def test_random_questions_are_answered(
    whole_shop: sqlite3.Connection, rows: list[Row], typo: bool, least: float
) -> None:
    """Over 250 seeded questions the mean NDCG@10, recall and precision stay above the thresholds."""
    asked = questions(rows, random.Random(2027), 250, typo=typo)
    answers = [([piece.sku for piece in search(whole_shop, one.query).pieces], one.answer) for one in asked]
    for score in (ndcg, recall, precision):
        assert sum(score(found, answer) for found, answer in answers) / len(answers) >= least, score.__name__


def test_no_exact_answer_breaks_a_filter(whole_shop: sqlite3.Connection, rows: list[Row]) -> None:
    """No size M in an exact answer for L, no price above the ceiling, no other era, whatever else was asked."""
    by_sku = {row["sku"]: row for row in rows}
    rng = random.Random(5)
    for _ in range(150):
        size, era, ceiling = rng.choice("SML"), rng.choice(("70s", "80s", "90s")), rng.randrange(30, 160, 5)
        garment = rng.choice(("jacket", "tee", "hoodie", "shirt", "dress", "sweater"))
        result = search(whole_shop, f"{era} {garment} size {size} under {ceiling}", limit=50)
        for piece in result.pieces if result.exact else ():
            row = by_sku[piece.sku]
            assert (row["size_label"], row["era"], row["status"]) == (size, era, "available")
            assert float(row["price"]) <= ceiling
