"""Both sides of a change are decided with few rules, and differ in the same items as whole decisions."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from tests.support.effort import part
from tests.support.law_edits import base, head, many_rules
from tests.support.shipped import fixture_files
from vatspolicy.authoring.diff.law_revision import load_pair
from vatspolicy.authoring.diff.pairs import PairEvaluator, Untouched
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.core.documents import load_document
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.snapshot import compare_items, itemize
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import Profile, load_profile

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


@pytest.mark.parametrize("effects", part(EFFECTS, 2), ids=lambda effects: "-".join(effects))
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
                found = pairs.compare(sides, day, differences.effects_on(day), touching)
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


def test_days_on_which_nothing_of_a_profile_changes_are_decided_once(monkeypatch: pytest.MonkeyPatch) -> None:
    decided: Counter[str] = Counter()

    def count(bundle: Bundle, profile: Profile, day: str, *rest: Any, **more: Any) -> Decision:
        decided[profile.name] += 1
        return evaluate(bundle, profile, day, *rest, **more)

    monkeypatch.setattr("vatspolicy.authoring.diff.pairs.evaluate", count)
    left, right = load_pair(base(), head(many_rules(60, 4, effects=("deny", "duty", "advise", "need"), kinds=KINDS)))
    differences = Differences(RuleSignatures(left.bundle), RuleSignatures(right.bundle))
    untouched, pairs = Untouched(differences), PairEvaluator()
    days = [day for day in differences.days(left.bundle.policies, "2026-11-26") if differences.on(day)]
    compared = 0
    for path in random.Random(4).sample(fixture_files(), 4):
        profile = load_profile(str(path))
        sides = (left.bundle, profile), (right.bundle, profile)
        for day in days:
            touching = untouched.touching(profile, day)
            assert touching is None or {rule.name for rule in touching} <= differences.on(day)
            found = pairs.compare(sides, day, differences.effects_on(day), touching)
            before, after = (evaluate(bundle, profile, day) for bundle, _ in sides)
            whole = compare_items(itemize(before, left.bundle), itemize(after, right.bundle))
            assert found.items == whole, (profile.name, day)
            compared += 2
    assert sum(decided.values()) < compared / 2, (decided, compared)


def test_a_license_that_ends_between_two_days_is_decided_on_each() -> None:
    left, right = load_pair(base(), head(many_rules(1, 1, effects=("advise",), kinds=KINDS)))
    days = ("2026-11-25", "2026-11-26")
    ranges = set()
    pairs = PairEvaluator()
    for path in fixture_files():
        data = load_document(str(path)).data
        licenses = data.get("company", {}).get("licenses", [])
        if not licenses or data.get("opinions"):
            continue
        ending = [{**license, "valid_until": days[0]} for license in licenses]
        profile = load_profile({**data, "company": {**data["company"], "licenses": ending}})
        sides = (left.bundle, profile), (right.bundle, profile)
        found = [pairs.compare(sides, day, (), None).before.range for day in days]
        assert found == [evaluate(left.bundle, profile, day).range for day in days], profile.name
        ranges.add(found[0] == found[1])
    assert ranges == {True, False}
