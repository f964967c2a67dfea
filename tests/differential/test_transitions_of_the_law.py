"""Changes of the decision word under the shipped law: witnesses are decided again, impossibility is attacked."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from tests.support.assignments import BOUNDS, Truths, assign
from tests.support.effort import LONG, long_run
from tests.support.law_builder import CLASSES, LICENSE, bundle_of, route, rule
from tests.support.shipped import FIXTURES, PARTS, shipped_bundle
from tests.support.solver import needs_solver
from tests.support.transitions import checked, names
from vatspolicy.authoring.testing.cases import fixture_cases
from vatspolicy.core.documents.schemas import resource_folder
from vatspolicy.core.policies.bundle import Bundle, build_bundle, read_sources
from vatspolicy.proofs import compare_change, compare_decisions, compare_rules
from vatspolicy.proofs.solver import Budget
from vatspolicy.proofs.timeline import END, Period
from vatspolicy.proofs.two_rulesets import TwoRuleSetSearch
from vatspolicy.proofs.witness import decision_of


def edited(policy: str, old: str, new: str, parts: Collection[str] = ()) -> Bundle:
    """The shipped law, or a part of it, with an edit of one policy."""
    sources = []
    for name, data in read_sources(resource_folder("policies")):
        if parts and Path(name).stem not in parts:
            continue
        text = data.decode()
        if name.endswith(f"/{policy}.yaml"):
            assert old in text
            text = text.replace(old, new, 1)
        sources.append((name, text.encode()))
    return build_bundle(sources)


@long_run
@needs_solver
def test_a_change_of_the_shipped_law() -> None:
    """Capital beyond a province: what had enough by a hair has not. All twelve changes are settled."""
    base = shipped_bundle()
    head = edited(
        "fite-provisions",
        "operator.registered_capital_rmb < param.least_capital_beyond_province",
        "operator.registered_capital_rmb <= param.least_capital_beyond_province",
    )
    found = checked(base, head, compare_decisions(base, head), attackers=15)
    assert names(found) == {"needs-license->deny", "needs-license->incomplete", "incomplete->deny"}
    assert len(found.impossible) == 9


STRICTER = {"allow->needs-license", "allow->incomplete", "allow->deny", "needs-license->deny", "incomplete->deny"}


@needs_solver
@pytest.mark.parametrize(
    ("parts", "impossible"),
    [
        pytest.param(PARTS, STRICTER | {"needs-license->incomplete", "needs-license->allow"}, id="a part of the law"),
        pytest.param((), STRICTER, id="the law", marks=long_run),
    ],
)
def test_a_place_that_is_added_to_the_pilot_makes_nothing_stricter(
    parts: Collection[str], impossible: Collection[str]
) -> None:
    """Conditions of one route on the company and on all of its facilities change together."""
    places = "places: [shenzhen]"
    base, head = (edited("vats-pilot-2024", places, new, parts) for new in (places, "places: [shenzhen, guangzhou]"))
    found = checked(base, head, compare_decisions(base, head, as_of="2026-07-15"), attackers=5)
    assert {one.name for one in found.impossible} == impossible
    assert "deny->allow" in names(found)
    assert not found.undecided


ZONE = "area_in_same_zone: >-\n    param.zones.exists(z, z.id == "
ZONE_OF = ".registered.province && "


@long_run
@needs_solver
@pytest.mark.parametrize(
    ("policy", "old", "new"),
    [
        ("services-opening-pilot", "id: freed-access-elsewhere", "id: freed-access-renamed"),
        ("negative-list-ftz", f"{ZONE}operator{ZONE_OF}operator", f"{ZONE}company{ZONE_OF}company"),
    ],
    ids=["renamed", "another-company"],
)
def test_an_edit_of_a_route_that_a_pilot_frees_is_settled(policy: str, old: str, new: str) -> None:
    """The proof needs more work than most: a smaller budget leaves two changes of the word open."""
    base, head = shipped_bundle(), edited(policy, old, new)
    assert not compare_decisions(base, head).undecided


@long_run
@needs_solver
def test_a_route_that_excludes_another_is_settled() -> None:
    """No product is in the place of one route with the facilities that another asks for: allowed instead of licensed."""
    base = shipped_bundle()
    head = edited(
        "services-opening-pilot",
        'term.foreign && activity.class == "B13" && term.reaches_elsewhere',
        'term.foreign && activity.class != "B13" && term.reaches_elsewhere',
    )
    found = checked(base, head, compare_decisions(base, head), attackers=5)
    assert {one.name for one in found.impossible} == {"allow->needs-license", "needs-license->allow"}
    assert not found.undecided


@needs_solver
def test_fixtures_are_decided_by_the_encoding_as_by_the_evaluator() -> None:
    """The whole decision, over the law of all days, of the profiles that people wrote."""
    bundle = shipped_bundle()
    ground = TwoRuleSetSearch(Period(bundle.covers_from, END), bundle, Budget(1_000_000), dict.fromkeys(BOUNDS, 2))
    words, longest = ground.words_of_base(), 0
    cases, expected, assignments = [], [], []
    for case in itertools.islice(fixture_cases(bundle, FIXTURES), 0, None, 2 if LONG else 6):
        profile, day = case.profile, case.as_of
        facts = copy.deepcopy(dict(profile.facts))
        if too_long(facts):
            longest += 1
            continue
        cases.append(case.name)
        expected.append([decision_of(bundle, profile, day)])
        assignments.append(assign(ground.query, facts, day))
    found = Truths(ground.query, assignments).words(words)
    assert dict(zip(cases, found, strict=True)) == dict(zip(cases, expected, strict=True))
    assert len(cases) > (60 if LONG else 20)
    assert longest < len(cases)


def too_long(data: Any) -> bool:
    """Whether some list of objects has more members than are told apart here."""
    if isinstance(data, dict):
        return any(map(too_long, data.values()))
    if isinstance(data, list):
        return (len(data) > 2 and isinstance(data[0], dict)) or any(map(too_long, data))
    return False


DENY = "deny: {reason: CAPITAL-TOO-LOW}"


def law(folder: Path, when: str, each: str = "product", effect: str = DENY, more: str = "", days: str = "") -> Bundle:
    """A license duty with a route for everybody, beside one rule."""
    text = "rules:\n" + route("open", "true") + more + (rule("r", each, when, effect, days) if when else "")
    return bundle_of(folder, classes=CLASSES, license=LICENSE, changed=text)


@needs_solver
def test_workers_change_no_answer(tmp_path: Path) -> None:
    base, head = law(tmp_path / "base", "data.persons > 10"), law(tmp_path / "head", "data.persons > 20")
    alone = compare_change(base, head, [("changed/r",)])
    assert compare_change(base, head, [("changed/r",)], workers=2) == alone
    [verdict], transitions = alone
    assert transitions == compare_decisions(base, head)
    [asked] = compare_rules(base, head, ["changed/r"])
    assert (verdict.verdict, verdict.transitions) == (asked.verdict, asked.transitions)
