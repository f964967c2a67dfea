"""Transitions excluded part by part: the proofs are attacked, and the parts that a rule can touch are all looked at."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from tests.support.law_builder import CLASSES, LICENSE, bundle_of, route, rule
from tests.support.random_inputs import Profiles, hints_of, near_days
from tests.support.solver import needs_solver
from vatspolicy.authoring.symbolic.changed_parts import can_stay, touched_kinds
from vatspolicy.authoring.symbolic.mixed_bundle import find_rule
from vatspolicy.authoring.symbolic.timeline import END, Period, build_history
from vatspolicy.authoring.symbolic.two_rulesets import TransitionProof
from vatspolicy.authoring.symbolic.verdicts import DECISIONS, PAIRS
from vatspolicy.authoring.symbolic.witness import decision_of
from vatspolicy.policies.bundle import Bundle

DENY = "deny: {reason: CAPITAL-TOO-LOW}"
NEED = "need: {instrument: vats-license}"
CLASSIFY = "classify: {classes: [B25-publishing]}"


def law(folder: Path, changed: str) -> Bundle:
    """A license duty with a route, beside one rule."""
    return bundle_of(
        folder,
        classes=CLASSES,
        license=LICENSE,
        changed="rules:\n" + route("open", "company.mainland_entity") + changed,
    )


CHANGES = {  # the rule before and after, and the kinds of parts that it touches
    "denial of a product": (
        rule("r", "product", "data.persons > 10", DENY),
        rule("r", "product", "data.persons > 20", DENY),
        {"product"},
    ),
    "denial of a service": (
        rule("r", "service", 'service.hosting == "mainland"', DENY),
        rule("r", "service", 'service.hosting == "mainland" && data.important', DENY),
        {"service"},
    ),
    "denial of an activity": (
        rule("r", "activity", 'activity.class == "B11"', DENY),
        rule("r", "activity", 'activity.class == "B11" && company.foreign_percent > 50.0', DENY),
        {"activity"},
    ),
    "license of a service": (
        rule("r", "service", "data.important", NEED),
        rule("r", "service", "data.important || data.persons > 3", NEED),
        {"service"},
    ),
    "route": (
        route("r", "company.foreign_percent > 50.0"),
        route("r", "company.foreign_percent > 30.0"),
        {"activity"},
    ),
    "class": (
        rule("r", "service", '"e-books" in service.offers', CLASSIFY),
        rule("r", "service", '"e-books" in service.offers && data.important', CLASSIFY),
        {"service", "activity"},
    ),
}


@needs_solver
@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("back", [False, True], ids=["there", "back"])
def test_no_profile_shows_what_is_excluded(tmp_path: Path, name: str, back: bool) -> None:
    old, new, kinds = CHANGES[name]
    base, head = law(tmp_path / "base", old), law(tmp_path / "head", new)
    base, head = (head, base) if back else (base, head)
    period = Period(base.covers_from, END)
    rules = [found for bundle in (base, head) if (found := find_rule(bundle, "changed/r")) is not None]
    parts = touched_kinds([build_history(bundle, period) for bundle in (base, head)], rules)
    assert parts == kinds
    proof = TransitionProof(period, base, 20_000_000)
    excluded = set(proof.exclude(head, PAIRS, lists=False, parts=parts).pairs)
    assert excluded
    assert excluded <= set(proof.exclude(head, PAIRS, lists=False).pairs), "whole decisions exclude no less"
    draw = random.Random(11)
    made = Profiles(draw, hints_of(head))
    for _ in range(40):
        profile, day = made.profile(), max(near_days(draw, head.boundaries), base.covers_from)
        assert (decision_of(base, profile, day), decision_of(head, profile, day)) not in excluded


@needs_solver
def test_a_narrower_denial_tightens_nothing_and_needs_no_license(tmp_path: Path) -> None:
    old, new, parts = CHANGES["denial of a product"]
    base, head = law(tmp_path / "base", old), law(tmp_path / "head", new)
    proof = TransitionProof(Period(base.covers_from, END), base, 20_000_000)
    excluded = proof.exclude(head, PAIRS, lists=False, parts=frozenset(parts)).pairs
    assert {(a, b) for a, b in PAIRS if "deny" not in (a, b) and "incomplete" not in (a, b)} <= set(excluded)
    assert {("allow", "deny"), ("needs-license", "deny"), ("incomplete", "deny")} <= set(excluded)
    assert ("deny", "allow") not in excluded


def test_a_part_that_stays_can_be_a_part_of_a_stricter_decision() -> None:
    """Decided by the ranges of one part: its word, and the decisions that a stricter or equal whole can have."""
    ranges = [(low, high) for low in range(3) for high in range(low, 3)]

    def word(low: int, high: int) -> str:
        return ("allow", "needs-license", "deny")[low] if low == high else "incomplete"

    wholes = {
        (word(*part), word(max(part[0], rest[0]), max(part[1], rest[1])))
        for part, rest in itertools.product(ranges, ranges)
    }
    for one, other in itertools.permutations(DECISIONS, 2):
        assert can_stay(one, other) is ((one, other) in wholes), (one, other)
