"""Products are decided by the rules that can hold of them, once for days between which nothing about them changes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.effort import LONG
from tests.support.law_edits import base, head, many_rules
from tests.support.shipped import fixture_files
from vatspolicy.authoring.diff.decisions import Product, compare_decisions
from vatspolicy.authoring.diff.law_revision import LawRevision, load_pair
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.core.documents import Document, load_document
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.snapshot import compare_items, itemize
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.edits import change
from vatspolicy.core.profile.profile import Profile, load_profile

KINDS = (
    "narrowed by a number", "narrowed by a share", "narrowed by the number of services", "widened by licenses",
    "condition negated", "boundary", "other boundary",
)  # fmt: skip
"""Edits after which the policies can still be read."""

EFFECTS = (("advise", "duty"), ("deny", "need", "duty"), ("route", "need", "advise"), ("classify", "duty", "deny"))


LAST_DAY = "2026-11-25"


def ending(document: Document) -> Iterator[tuple[str, Any]]:
    """The licenses of a company, each with a last day, so that something changes between two days of the law."""
    licenses = document.data["company"].get("licenses", [])
    if licenses:
        yield "company.licenses", [{**license, "valid_until": LAST_DAY} for license in licenses]


def sides_of(count: int, seed: int, effects: tuple[str, ...]) -> tuple[LawRevision, LawRevision, Differences]:
    left, right = load_pair(base(), head(many_rules(count, seed, effects=effects, kinds=KINDS)))
    return left, right, Differences(RuleSignatures(left.bundle), RuleSignatures(right.bundle))


@pytest.mark.parametrize("effects", EFFECTS, ids=lambda effects: "-".join(effects))
def test_the_differences_are_those_of_whole_decisions(
    effects: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    decided = 0

    def count(bundle: Bundle, profile: Profile, day: str, *rest: Any, **more: Any) -> Decision:
        nonlocal decided
        decided += 1
        return evaluate(bundle, profile, day, *rest, **more)

    monkeypatch.setattr("vatspolicy.authoring.diff.decisions.evaluate", count)
    draw = random.Random(3)
    left, right, differences = sides_of(12 if LONG else 10, 1, effects)
    documents = [load_document(str(path)) for path in draw.sample(fixture_files(), 20 if LONG else 12)]
    products = [Product(change(document, list(ending(document)))) for document in documents]
    every = [day for day in differences.days(left.bundle.policies, "2026-11-26") if differences.on(day)]
    days = [*every[::3], LAST_DAY, "2026-11-26"]
    found = compare_decisions(left, right, products, days, differences)
    details: Counter[tuple[Any, ...]] = Counter()
    rows: set[tuple[Any, ...]] = set()
    for product in products:
        profile = load_profile(product.document.data)
        for day in days:
            before, after = (evaluate(side.bundle, profile, day) for side in (left, right))
            if (before.decision, before.range) != (after.decision, after.range):
                rows.add((product.name, day, before.decision, before.range, after.decision, after.range))
            items = compare_items(itemize(before, left.bundle), itemize(after, right.bundle))
            for old, new in items.values():
                item = new or old
                assert item is not None
                details[item.kind, item.name, item.rule, old and old.value, new and new.value, product.name] += 1
    told = {
        (one.kind, one.name, one.rule, one.before, one.after, name) for one in found.details for name in one.products
    }
    assert told == set(details)
    assert rows == {
        (row.product.name, day, row.before.decision, row.before.range, row.after.decision, row.after.range)
        for row in found.rows
        for day in row.days
    }
    assert details
    assert decided < (1.5 if LONG else 2) * len(products) * len(days), "each side on each day would be 2"
