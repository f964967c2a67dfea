"""Formulas of a law in layers say what the evaluator says: on every day beside a boundary, with what is replaced and
what comes back.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.assignments import LISTS, Truths, assign
from tests.support.effort import SEED, trials
from tests.support.law_builder import rule
from tests.support.layer_builder import overriding, stack, write_law, write_layer
from tests.support.random_layers import random_product, random_stack
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.profile.profile import Profile, load_profile
from vatspolicy.proofs.decision_encoder import decision_words, encode_decision
from vatspolicy.proofs.query import Query
from vatspolicy.proofs.ruleset_encoder import SymbolicRuleSet
from vatspolicy.proofs.timeline import END, Period, mix
from vatspolicy.proofs.transitions import ChangeCalendar

BOUNDS = {**dict.fromkeys(LISTS, 1), "services": 2, "company.licenses": 2}
"""As many members as the lists of `random_product` have."""
SEEDS = [SEED * 100 + place for place in range(trials(10, least=2))]


def days_beside(*bundles: Bundle) -> list[str]:
    """The days of all boundaries that the bundles cover, with the days before and after."""
    first = max(bundle.covers_from for bundle in bundles)
    found = set()
    for day in {day for bundle in bundles for day in bundle.boundaries}:
        own = datetime.date.fromisoformat(day)
        found |= {(own + datetime.timedelta(days=one)).isoformat() for one in (-1, 0, 1)}
    return sorted(day for day in found if day >= first)


def whole(*bundles: Bundle) -> Period:
    return Period(max(bundle.covers_from for bundle in bundles), END)


def assert_same(
    query: Query, ruleset: SymbolicRuleSet, bundle: Bundle, profile: Profile, days: Iterable[str]
) -> set[str]:
    """Compare the formulas of the decision with the evaluator on some days; return the words."""
    formulas = decision_words(ruleset.space.pool, encode_decision(ruleset, query.services))
    expected = {day: evaluate(bundle, profile, day).decision for day in days}
    found = Truths(query, [assign(query, profile.facts, day) for day in expected]).words(formulas)
    assert dict(zip(expected, found, strict=True)) == {day: [word] for day, word in expected.items()}, profile.facts
    return set(expected.values())


def rules_of(bundle: Bundle) -> list[str]:
    return [rule.name for policy in bundle.policies.values() for rule in policy.rules]


def test_a_stack_decides_as_its_formulas_say(tmp_path: Path) -> None:
    words = set()
    for seed in SEEDS:
        draw = random.Random(seed)
        bundle = random_stack(draw, tmp_path / str(seed))
        days = days_beside(bundle)
        assert any(bundle.replaced(day) for day in days)
        query = Query(whole(bundle), BOUNDS)
        ruleset = query.encode(bundle)
        single = draw.choice(days)
        one_day = Query(Period(single, END), BOUNDS)
        for _ in range(4):
            profile = random_product(draw)
            words |= assert_same(query, ruleset, bundle, profile, days)
            assert_same(one_day, one_day.encode(bundle), bundle, profile, [single])
    assert words == {"allow", "needs-license", "deny", "incomplete"}


def test_the_days_of_a_rule_are_those_of_the_rule_sets(tmp_path: Path) -> None:
    for seed in SEEDS:
        bundle = random_stack(random.Random(seed), tmp_path / str(seed))
        history = Query(whole(bundle), {}).encode(bundle).history
        for day in days_beside(bundle):
            number = datetime.date.fromisoformat(day).toordinal()
            found = {
                rule.name
                for rules in history.rules.values()
                for rule in rules
                if any(first <= number <= last for first, last in history.days_of(rule))
            }
            assert found == {rule.name for rules in bundle.on(day).rules.values() for rule in rules}
            access = {name for name, days in history.access.items() if any(a <= number <= b for a, b in days)}
            assert access == set(bundle.on(day).access)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mixed_stack_decides_as_its_formulas_say(seed: int, tmp_path: Path) -> None:
    """Any part of a change is a law of its own: with what its rules replace, and without what they no longer do."""
    draw = random.Random(seed + 100)
    base, head = random_stack(draw, tmp_path / "base"), random_stack(draw, tmp_path / "head")
    names = sorted({*rules_of(base), *rules_of(head)})
    days = days_beside(base, head)
    unchanged = Query(whole(base, head), BOUNDS)
    assert_same(unchanged, unchanged.encode(mix(base, head, ())), base, random_product(draw), days)
    for chosen in (names, draw.sample(names, draw.randint(1, len(names))), draw.sample(names, 1)):
        mixed = mix(base, head, chosen)
        query = Query(whole(base, head), BOUNDS)
        ruleset = query.encode(mixed)
        profile = random_product(draw)
        assert_same(query, ruleset, mixed, profile, days)
        if chosen is names:
            assert_same(query, ruleset, head, profile, days)


def test_the_days_of_a_difference_are_those_of_what_replaces(tmp_path: Path) -> None:
    """The dates of a replacement count although its own condition is false."""
    law = write_law(tmp_path / "law")
    (law / "layer.yaml").write_text(
        "name: law\ntitle: {en: Law, zh: 法}\nowner: us\nmay_loosen: [limits/relay]\n", encoding="utf-8"
    )
    text = overriding("limits/relay", rule("none", "service", "false", "deny: {reason: SECTOR-NOT-OPEN}"))
    layer = write_layer(
        tmp_path / "a", "a", a="rules:\n" + text.replace("each:", "from: '2024-03-01', until: '2024-09-01', each:")
    )
    shop = {"id": "s", "offers": ["own-shop"], "audience": "public", "operated_by": "company"}
    profile = load_profile({"schema": 2, "product": {"id": "p"}, "company": {}, "services": [shop]})
    calendar = ChangeCalendar(load_bundle(law), stack(law, layer))
    assert calendar.differing_days(profile, "2024-06-01") == ("2024-03-01", "2024-08-31")


def test_the_days_on_which_decisions_differ_are_found(tmp_path: Path) -> None:
    """A rule comes and goes with what replaces it."""
    compared = 0
    for seed in SEEDS:
        draw = random.Random(seed + 150)
        base, head = random_stack(draw, tmp_path / f"{seed}/base"), random_stack(draw, tmp_path / f"{seed}/head")
        calendar, days = ChangeCalendar(base, head), days_beside(base, head)
        for _ in range(6):
            profile = random_product(draw)
            differs = {day: len({evaluate(side, profile, day).decision for side in (base, head)}) > 1 for day in days}
            found = [day for day in days if differs[day]]
            if found:
                first, last = calendar.differing_days(profile, found[0])
                assert first == found[0]
                end = next((day for day in days if day > first and not differs[day]), None)
                before_end = end and (datetime.date.fromisoformat(end) - datetime.timedelta(days=1)).isoformat()
                assert last == before_end
                compared += 1
    assert compared > len(SEEDS)
