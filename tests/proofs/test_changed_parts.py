"""Transitions excluded part by part: the proofs are attacked, and the parts that a rule can touch are all looked at."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from tests.support.effort import LONG
from tests.support.law_builder import CLASSES, LICENSE, bundle_of, route, rule
from tests.support.random_inputs import Profiles, hints_of, near_days
from tests.support.solver import needs_solver
from tests.support.transitions import checked
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.proofs import compare_decisions
from vatspolicy.proofs.change_search import TransitionProof
from vatspolicy.proofs.decision_encoder import ALL_KINDS, can_stay, touched_kinds
from vatspolicy.proofs.ruleset_encoder import Exact
from vatspolicy.proofs.solver import Budget
from vatspolicy.proofs.timeline import END, Period, build_history, find_rule
from vatspolicy.proofs.verdicts import DECISIONS, PAIRS
from vatspolicy.proofs.witness import decision_of

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
    "denial of a product": (rule("r", "product", "data.persons > 10", DENY), rule("r", "product", "data.persons > 20", DENY), {"product"}),
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
    "license of a service": (rule("r", "service", "data.important", NEED), rule("r", "service", "data.important || data.persons > 3", NEED), {"service"}),
    "route": (route("r", "company.foreign_percent > 50.0"), route("r", "company.foreign_percent > 30.0"), {"activity"}),
    "class": (
        rule("r", "service", '"e-books" in service.offers', CLASSIFY),
        rule("r", "service", '"e-books" in service.offers && data.important', CLASSIFY),
        {"service", "activity"},
    ),
}  # fmt: skip


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
    proof = TransitionProof(period, base, Budget(20_000_000))
    excluded = set(proof.exclude(head, PAIRS, Exact(), parts=parts).pairs)
    assert excluded
    whole = set(proof.exclude(head, PAIRS, Exact(), parts=parts, all_or_none=True).pairs)
    assert whole in (excluded, set())
    assert (whole == set(PAIRS)) is (excluded == set(PAIRS))
    assert excluded <= set(proof.exclude(head, PAIRS, Exact()).pairs), "whole decisions exclude no less"
    draw = random.Random(11)
    made = Profiles(draw, hints_of(head))
    for _ in range(40 if LONG else 16):
        profile, day = made.profile(), max(near_days(draw, head.boundaries), base.covers_from)
        assert (decision_of(base, profile, day), decision_of(head, profile, day)) not in excluded


@needs_solver
def test_a_narrower_denial_tightens_nothing_and_needs_no_license(tmp_path: Path) -> None:
    old, new, parts = CHANGES["denial of a product"]
    base, head = law(tmp_path / "base", old), law(tmp_path / "head", new)
    proof = TransitionProof(Period(base.covers_from, END), base, Budget(20_000_000))
    excluded = proof.exclude(head, PAIRS, Exact(), parts=frozenset(parts)).pairs
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


IN_PLACES = """\
parameters:
  places: {title: {en: Places, zh: 地区}, values: [{from: '2020-01-01', cite: art-1, value: [%s]}]}
"""
FACILITIES = "service.facilities.%s(f, param.places.exists(p, p in f.within))"
CLEARED = "need: {instrument: clearance, bearer: company}"
CLEARANCE = """\
instruments:
  clearance: {title: {en: Clearance, zh: 许可}, authority: [{when: 'true', is: miit}], no_term: true}
"""
NEAR = {  # of a change that a relaxed proof does not settle: instruments or parameters, the rule, and what is excluded
    "a place is added to a route": (
        (IN_PLACES % "beijing", IN_PLACES % "beijing, shenzhen"),
        (route("r", FACILITIES % "all"), route("r", FACILITIES % "all")),
        {"allow->deny", "needs-license->deny", "incomplete->deny", "allow->incomplete"},
    ),
    "a place is added to a denial": (
        (IN_PLACES % "beijing", IN_PLACES % "beijing, shenzhen"),
        (rule("r", "service", FACILITIES % "exists", DENY), rule("r", "service", FACILITIES % "exists", DENY)),
        {"deny->allow", "deny->needs-license", "deny->incomplete", "incomplete->allow", "incomplete->needs-license"},
    ),
    "a list that is known and a license that is listed": (
        (CLEARANCE, CLEARANCE),
        (
            rule("r", "product", 'deals.exists(d, "defense" in d.sectors)', CLEARED),
            rule("r", "product", 'deals.all(d, "defense" in d.sectors)', CLEARED),
        ),
        {"allow->incomplete"},
    ),
}


@needs_solver
@pytest.mark.parametrize("name", NEAR)
def test_what_stands_in_the_way_of_a_proof_is_made_exact(tmp_path: Path, name: str) -> None:
    more, versions, settled = NEAR[name]
    base, head = (
        bundle_of(
            tmp_path / side,
            classes=CLASSES,
            license=LICENSE,
            changed=extra + "rules:\n" + route("open", "company.mainland_entity") + version,
        )
        for side, extra, version in zip(("base", "head"), more, versions, strict=True)
    )
    proof = TransitionProof(Period(base.covers_from, END), base, Budget(20_000_000))
    rules = [found for bundle in (base, head) if (found := find_rule(bundle, "changed/r")) is not None]
    parts = frozenset({rules[0].each})
    relaxed = {"->".join(pair) for pair in proof.exclude(head, PAIRS, Exact(), parts=parts).pairs}
    assert not relaxed & settled
    excluded = proof.exclude_by_need(head, PAIRS, Exact(), parts).pairs
    assert relaxed | settled <= {"->".join(pair) for pair in excluded}
    whole = checked(base, head, compare_decisions(base, head), attackers=150)
    assert not whole.undecided
    assert set(excluded) <= {(one.before, one.after) for one in whole.impossible}


COVERS = "activity.class in license.classes"
NARROWER = f"{COVERS} && data.important"
WIDER = {  # what a license covers before, and after an edit that lets it cover more
    "all": (f"    covers: {COVERS}", "    no_term: false"),
    "another case": (f"    covers: {COVERS}", f"    covers: {COVERS} || company.mainland_entity"),
    "another of two cases": (f"    covers: data.important || {COVERS}", f"    covers: {COVERS} || company.mainland_entity || data.important"),
}  # fmt: skip


@needs_solver
@pytest.mark.parametrize("name", WIDER)
def test_a_license_that_covers_more_makes_nothing_stricter(tmp_path: Path, name: str) -> None:
    """The texts show it, whatever licenses a profile lists."""
    base, head = (
        bundle_of(
            tmp_path / side,
            classes=CLASSES,
            license=LICENSE[: LICENSE.index("    covers:")] + covers + LICENSE[LICENSE.index("\nrules:") :],
            changed="rules:\n" + route("open", "company.mainland_entity"),
        )
        for side, covers in zip(("base", "head"), WIDER[name], strict=True)
    )
    stricter = {"allow->needs-license", "allow->incomplete", "allow->deny", "needs-license->deny", "incomplete->deny"}
    milder = {"->".join(reversed(pair.split("->"))) for pair in stricter}
    for sides, never in (((base, head), stricter), ((head, base), milder)):
        proof = TransitionProof(Period(base.covers_from, END), sides[0], Budget(20_000_000))
        assert never <= {"->".join(pair) for pair in proof.exclude(sides[1], PAIRS, Exact(), parts=ALL_KINDS).pairs}
        checked(*sides, compare_decisions(*sides), attackers=100)


@needs_solver
def test_a_license_that_covers_something_else_is_not_taken_to_cover_more(tmp_path: Path) -> None:
    sides = [
        bundle_of(
            tmp_path / side,
            classes=CLASSES,
            license=LICENSE[: LICENSE.index("    covers:")] + covers + LICENSE[LICENSE.index("\nrules:") :],
            changed="rules:\n" + route("open", "company.mainland_entity"),
        )
        for side, covers in (("base", f"    covers: {COVERS}"), ("head", f"    covers: {NARROWER}"))
    ]
    found = checked(sides[0], sides[1], compare_decisions(sides[0], sides[1]))
    assert "allow->needs-license" in {one.name for one in found.possible}
