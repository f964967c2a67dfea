"""Both sides of a change are decided with few rules, and differ in the same items as whole decisions."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.support.law_edits import base, head, many_rules
from tests.support.shipped import fixture_files
from vatspolicy.authoring.diff.pairs import PairEvaluator
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.authoring.diff.sources import load_pair
from vatspolicy.authoring.diff.untouched import Untouched
from vatspolicy.engine.evaluator import evaluate
from vatspolicy.engine.snapshot import compare_items, itemize
from vatspolicy.profile.profile import load_profile

KINDS = (
    "narrowed by a number",
    "narrowed by a share",
    "narrowed by the number of services",
    "widened by licenses",
    "condition negated",
    "boundary",
    "other boundary",
)
"""Edits after which the policies can still be read."""

EFFECTS = (("advise", "duty"), ("deny", "need", "duty"), ("route", "need", "advise"), ("classify", "duty", "deny"))


@pytest.mark.parametrize("effects", EFFECTS, ids=lambda effects: "-".join(effects))
def test_the_items_that_differ_are_those_of_whole_decisions(effects: tuple[str, ...]) -> None:
    draw = random.Random(3)
    counts: Counter[str] = Counter()
    profiles = [load_profile(str(path)) for path in draw.sample(fixture_files(), 30)]
    for turn in range(2):
        left, right = load_pair(base(), head(many_rules(8, turn, effects=effects, kinds=KINDS)))
        differences = Differences(RuleSignatures(left.bundle), RuleSignatures(right.bundle))
        untouched, pairs = Untouched(differences), PairEvaluator()
        days = [day for day in differences.days(left.bundle.policies, "2026-11-26") if differences.on(day)]
        for profile in profiles:
            for day in draw.sample(days, min(4, len(days))):
                touching = untouched.touching(profile, day)
                if touching == []:
                    continue
                sides = (left.bundle, profile), (right.bundle, profile)
                found = pairs.compare(sides, day, differences.on(day), touching)
                before, after = (evaluate(bundle, profile, day) for bundle, _ in sides)
                whole = compare_items(itemize(before, left.bundle), itemize(after, right.bundle))
                assert found.items == whole, (profile.name, day)
                assert (found.before.range == found.after.range) is (before.range == after.range)
                if before.range != after.range:
                    assert (found.before.range, found.after.range) == (before.range, after.range)
                counts["same range" if before.range == after.range else "another range"] += 1
                counts["fewer rules"] += len(found.before.duties) < len(before.duties)
    assert counts["same range"] > 4, counts
    assert counts["fewer rules"] > 2 or "classify" in effects, counts
