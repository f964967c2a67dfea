"""Items that some rules list are found with few rules, and are those of whole decisions."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.authoring.diff.test_pairs import EFFECTS, KINDS
from tests.support.law_edits import base, head, many_rules
from tests.support.shipped import fixture_files
from vatspolicy.authoring.diff.law_revision import load_pair
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.snapshot import compare_items, itemize
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.proofs.two_rulesets import ListedItems, Shown

SHOWN = (Shown(True, False), Shown(False, False))


@pytest.mark.parametrize("effects", EFFECTS, ids=lambda effects: "-".join(effects))
def test_the_items_of_a_rule_are_those_of_whole_decisions(effects: tuple[str, ...]) -> None:
    draw = random.Random(5)
    counts: Counter[str] = Counter()
    profiles = [load_profile(str(path)) for path in draw.sample(fixture_files(), 32)]
    left, right = load_pair(base(), head(many_rules(60, 7, effects=effects, kinds=KINDS)))
    differences = Differences(RuleSignatures(left.bundle), RuleSignatures(right.bundle))
    sides = left.bundle, right.bundle
    days = [day for day in differences.days(left.bundle.policies, "2026-11-26") if differences.on(day)]
    lists: dict[tuple[str, str], ListedItems] = {}
    for profile in profiles:
        day = draw.choice(days[-4:])
        for shown in SHOWN:
            decisions = [evaluate(bundle, profile, day, shown.readings) for bundle in sides]
            items = compare_items(*(itemize(one, bundle) for one, bundle in zip(decisions, sides, strict=True)))
            undetermined = {found.rule.name for one in decisions for found in one.undetermined}
            for name in differences.on(day):
                listed = lists.setdefault((name, day), ListedItems(*sides, [name], day))
                wanted = {key: pair for key, pair in items.items() if any(one and one.rule == name for one in pair)}
                hidden = shown.settled and name in undetermined
                assert listed.differing(profile, shown) == ({} if hidden else wanted), (profile.name, name, shown)
                counts["some"] += bool(wanted)
                counts["hidden"] += hidden
    assert counts["some"] > 20, counts
    assert counts["hidden"] > 2, counts
