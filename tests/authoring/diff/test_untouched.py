"""Profiles that a change says nothing of are not decided again: whatever is left out is decided alike."""

from __future__ import annotations

import random

from tests.support.effort import part
from tests.support.law_edits import Edit, base, head, many_rules
from tests.support.rule_edits import RULE_EDITS
from tests.support.shipped import fixture_files
from vatspolicy.authoring.diff.law_revision import LawRevision, load_pair
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.authoring.diff.untouched import Untouched
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.snapshot import compare_items, itemize
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import KINDS
from vatspolicy.core.profile.profile import Profile, load_profile
from vatspolicy.errors import InvalidInput
from vatspolicy.proofs.transitions import DecidingRules, RelevantRules


def test_what_is_left_out_is_decided_alike() -> None:
    draw = random.Random(5)
    kinds = [
        kind for kind in RULE_EDITS if kind.startswith(("narrowed by a", "boundary", "due", "kind of", "equality"))
    ]
    left, right = load_pair(
        base(), head(many_rules(9, 5, effects=("deny", "need", "duty", "advise", "route"), kinds=kinds))
    )
    differences = Differences(RuleSignatures(left.bundle), RuleSignatures(right.bundle))
    untouched = Untouched(differences)
    days = [day for day in differences.days(left.bundle.policies, "2026-11-26") if differences.on(day)]
    profiles = [load_profile(str(path)) for path in draw.sample(fixture_files(), 60)]
    counts = {True: 0, False: 0}
    for profile in profiles:
        for day in draw.sample(days, 5):
            same = (profile, day) in untouched
            found = compare_items(
                itemize(evaluate(left.bundle, profile, day), left.bundle),
                itemize(evaluate(right.bundle, profile, day), right.bundle),
            )
            counts[same] += 1
            assert not (same and found), (profile.name, day, found)
    assert min(counts.values()) > 10, counts


def test_another_route_to_a_license_leaves_nothing_out() -> None:
    edit = many_rules(1, 1, effects=("route",), kinds=("rule removed",))
    left, right = load_pair(base(), head(edit))
    differences = Differences(RuleSignatures(left.bundle), RuleSignatures(right.bundle))
    day = max(day for day in differences.days(left.bundle.policies, "2026-11-26") if differences.on(day))
    assert not any((load_profile(str(path)), day) in Untouched(differences) for path in fixture_files()[:20])


def test_a_reworded_rule_that_waits_for_the_same_facts_is_left_out() -> None:
    old, new = b"product.mlps_level >= 3'", b"!(product.mlps_level < 3)'"
    ((file, text),) = ((file, text) for file, text in base().policies if old in text)
    left, right = load_pair(base(), head(Edit("reworded", "test", {file: text.replace(old, new, 1)}, {})))
    differences = Differences(RuleSignatures(left.bundle), RuleSignatures(right.bundle))
    (rule,) = differences.names
    untouched = Untouched(differences)
    profiles = [load_profile(str(path)) for path in part(fixture_files(), 2)]
    waiting = [
        profile
        for profile in profiles
        if any(finding.rule.name == rule for finding in evaluate(left.bundle, profile, "2026-11-26").undetermined)
    ]
    assert waiting
    assert all((profile, "2026-11-26") in untouched for profile in waiting)


def test_a_rule_that_gains_a_fact_behind_the_one_to_ask_for_first_touches_who_waits_for_it() -> None:
    """A decision lists the facts behind the first one, too."""
    old, new = b"term.vats && !term.foreign\n", b"term.vats && !term.foreign && data.persons >= 4\n"
    ((file, text),) = ((file, text) for file, text in base().policies if old in text)
    left, right = load_pair(base(), head(Edit("narrowed", "test", {file: text.replace(old, new, 1)}, {})))
    untouched = Untouched(Differences(RuleSignatures(left.bundle), RuleSignatures(right.bundle)))
    profiles = [load_profile(str(path)) for path in part(fixture_files(), 2)]
    moved = [
        profile
        for profile in profiles
        if evaluate(left.bundle, profile, "2026-11-26").missing != evaluate(right.bundle, profile, "2026-11-26").missing
    ]
    assert moved
    assert not any((profile, "2026-11-26") in untouched for profile in moved)


def _edited(policy: str, old: bytes, new: bytes) -> tuple[LawRevision, LawRevision]:
    ((file, text),) = ((file, text) for file, text in base().policies if file.endswith(f"/{policy}.yaml"))
    assert old in text
    return load_pair(base(), head(Edit("edited", "test", {file: text.replace(old, new, 1)}, {})))


def _left_out(left: LawRevision, right: LawRevision, day: str) -> list[tuple[Profile, bool]]:
    """Return the fixtures with whether they are left out, also without offers; what is left out is decided alike."""
    untouched = Untouched(Differences(RuleSignatures(left.bundle), RuleSignatures(right.bundle)))
    found = []
    for path in part(fixture_files(), 3):
        for changes in ((), (("services.0.offers", None),)):
            try:
                profile = load_profile(str(path), changes)
            except InvalidInput:
                continue
            sides = [itemize(evaluate(side.bundle, profile, day), side.bundle) for side in (left, right)]
            same = (profile, day) in untouched
            assert not (same and compare_items(*sides)), profile.name
            found.append((profile, same))
    return found


def test_a_route_whose_edited_check_comes_out_the_same_is_left_out() -> None:
    left, right = _edited("vats-pilot-2024", b"check: param.launched", b"check: 'true'")
    found = {day: _left_out(left, right, day) for day in ("2024-06-01", "2026-11-26")}
    on_route = {
        profile.name
        for profile, same in found["2026-11-26"]
        if same and "vats-pilot-2024/pilot-access" in _open_routes(left.bundle, profile, "2026-11-26")
    }
    before = {profile.name for profile, same in found["2024-06-01"] if not same}
    assert on_route & before, "before the launch the check was false"


def _open_routes(bundle: Bundle, profile: Profile, day: str) -> set[str]:
    services = evaluate(bundle, profile, day).services
    routes = [route for service in services for activity in service.activities for route in activity.routes]
    return {route.rule.name for route in routes if route.state == "open"}


def test_a_rule_that_waits_for_its_facts_in_another_order_is_left_out() -> None:
    old = b"term.foreign_applicant && sets.intersects(operator.investor_origin, param.by_reference_origins)"
    new = b"sets.intersects(operator.investor_origin, param.by_reference_origins) && term.foreign_applicant"
    left, right = _edited("foreign-investment-law", old, new)
    (rule,) = Differences(RuleSignatures(left.bundle), RuleSignatures(right.bundle)).names
    day = "2026-11-26"
    undetermined = [
        (profile, same)
        for profile, same in _left_out(left, right, day)
        if any(finding.rule.name == rule for finding in evaluate(left.bundle, profile, day).undetermined)
    ]
    reordered = [
        same
        for profile, same in undetermined
        if _asked(left.bundle, profile, day, rule) != _asked(right.bundle, profile, day, rule)
    ]
    assert any(reordered)


def _asked(bundle: Bundle, profile: Profile, day: str, rule: str) -> list[object]:
    return [finding.missing for finding in evaluate(bundle, profile, day).undetermined if finding.rule.name == rule]


def test_rules_that_never_hold_of_a_profile_change_nothing_of_its_decisions() -> None:
    draw = random.Random(7)
    bundle = load_pair(base(), base())[0].bundle
    rules = DecidingRules(bundle, KINDS)
    days = [day for day in bundle.boundaries if day >= bundle.covers_from]
    left_out = 0
    for path in draw.sample(fixture_files(), 30):
        profile = load_profile(str(path))
        if profile.facts["opinions"]:
            continue
        relevant = RelevantRules(rules, profile)
        left_out += len(rules.rules) - len(relevant.rules)
        for day in draw.sample(days, 4):
            assert evaluate(bundle, profile, day, ruleset=relevant.on(day)) == evaluate(bundle, profile, day)
    assert left_out > 1000
