"""One clause that rules name both ways: what holds in both of its cases is settled while the clause is open."""

from __future__ import annotations

import copy
import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.samples import shipped
from vatspolicy import evaluate, load_profile
from vatspolicy.core.cel.ast import Node
from vatspolicy.core.cel.parser import TypeEnvironment, parse
from vatspolicy.core.cel.types import BOOL, INT
from vatspolicy.core.engine.decision import WORDS, Decision, Outcome
from vatspolicy.core.engine.licensing import _outcome_range
from vatspolicy.core.policies.case_split import find_cases

DAY = "2026-12-15"
HELD = {"instrument": "vats-license", "classes": ["B25-app-store"], "area": ["china"], "valid_until": "2030-01-01"}


def spec(**service: Any) -> dict[str, Any]:
    """An app store of a domestic company that lacks nothing."""
    return {
        "schema": 2,
        "product": {"id": "p", "launch": DAY, "mlps_level": 2},
        "company": {
            "foreign_percent": 0, "foreign_percent_basis": "ultimate", "registered": "beijing",
            "legal_form": "limited-company", "registered_capital_rmb": 20_000_000, "discredited": [], "lacking_means": [],
        },
        "services": [{
            "id": "s", "offers": ["app-store"], "operated_by": "company", "audience": "public", "channels": ["website"],
            "area": ["china"], "hosting": "mainland", "facilities": ["beijing"], "charges": [], "content": [],
            "features": [], "sells": [], **service,
        }],
    }  # fmt: skip


def decide(data: dict[str, Any]) -> Decision:
    bundle, _ = shipped()
    return evaluate(bundle, load_profile(data), DAY)


def ranges(data: dict[str, Any], path: tuple[str | int, ...], values: list[Any]) -> list[tuple[str, str]]:
    """The ranges of the spec with each value of a fact."""
    found = []
    for value in values:
        changed = copy.deepcopy(data)
        owner: Any = changed
        for step in path[:-1]:
            owner = owner[step]
        owner[path[-1]] = value
        found.append(decide(changed).range)
    return found


# --- a share between routes


def test_a_share_after_closing_that_nobody_states_closes_no_route_that_one_case_opens() -> None:
    data = spec()
    data["deals"] = [{"kind": "acquisition", "target": "company"}]
    open_one = decide(data)
    values = ranges(data, ("deals", 0, "foreign_percent_after"), [0, 0.5, 30, 49, 50, 50.5, 51, 99, 100])
    assert {*values} == {("needs-license", "needs-license")} == {open_one.range}
    [need] = open_one.needs
    assert {offer.route for offer in need.any_of} == {"services-opening", "domestic"}
    assert [fact.path for fact in need.missing] == [("deals", 0, "foreign_percent_after")]


def test_a_license_that_both_cases_accept_is_enough() -> None:
    data = spec()
    data["company"]["licenses"] = [HELD]
    data["deals"] = [{"kind": "acquisition", "target": "company"}]
    values = ranges(data, ("deals", 0, "foreign_percent_after"), [0, 30, 50, 51, 100])
    open_one = decide(data)
    assert {*values} == {open_one.range} == {("allow", "needs-license")}, "the deal itself may need a clearance"
    assert [finding.rule.name for finding in open_one.met] == ["telecom-regulations/license-duty"]
    assert not [route for finding in open_one.met for route in finding.routes if route.state == "open"]


@pytest.mark.parametrize("offers", [["domestic-ip-vpn"], ["fixed-network"]])
def test_a_share_that_denies_in_one_case_stays_open(offers: list[str]) -> None:
    data = spec(offers=offers)
    del data["company"]["foreign_percent"], data["company"]["foreign_percent_basis"]
    assert decide(data).range[1] == "deny"
    data["company"] |= {"foreign_percent": 100, "foreign_percent_basis": "ultimate"}
    assert "deny" in decide(data).range


# --- a classification


def test_an_undecided_class_denies_only_where_one_of_its_classes_does() -> None:
    data = spec(offers=["own-shop"])
    words = ["own-goods", "own-digital-goods", "own-services", "resold", "outside-goods", "outside-services"]
    every = [list(some) for size in range(len(words) + 1) for some in itertools.combinations(words, size)]
    values = ranges(data, ("services", 0, "sells"), every)
    del data["services"][0]["sells"]
    found = decide(data)
    assert found.range == ("allow", "needs-license")
    assert {word for one in values for word in one} == {*found.range}
    assert [fact.path for fact in found.missing] == [("services", 0, "sells")]
    data["company"] |= {"registered_capital_rmb": 1}  # a class that needs a license is denied by its capital
    assert decide(data).range == ("allow", "deny")


def test_a_service_that_no_case_classifies_stays_open_up_to_a_denial() -> None:
    data = spec(offers=["ai-chat"])
    del data["services"][0]["audience"]
    assert decide(data).range[1] == WORDS[2]


# --- the cases of conditions


def condition(text: str) -> Node:
    return parse(text, TypeEnvironment({"a": BOOL, "b": BOOL, "n": INT}, {}, lambda name, names: None))


def test_the_cases_of_conditions() -> None:
    found = find_cases(
        {name: condition(text) for name, text in {"x": "a && n > 3", "y": "!(!b || a)", "z": "n <= 3 && b"}.items()}
    )
    sides = {name: {(case.truth, len(case.rest)) for case in cases} for name, cases in found.items()}
    assert sides == {"x": {(True, 1)}, "y": {(False, 1)}, "z": {(False, 1)}}
    by_clause: dict[Any, set[bool]] = {}
    for cases in found.values():
        for case in cases:
            by_clause.setdefault(case.clause, set()).add(case.truth)
    assert all(truths == {True, False} for truths in by_clause.values())


# --- an instrument held in one case alone


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ((True, True), (Outcome.ALLOW, Outcome.ALLOW)),
        ((True, False), (Outcome.ALLOW, Outcome.NEEDS_LICENSE)),
        ((False, False), (Outcome.NEEDS_LICENSE, Outcome.NEEDS_LICENSE)),
    ],
)
def test_what_is_held_in_one_case_alone_leaves_a_license_to_get(
    held: tuple[bool, bool], expected: tuple[Outcome, Outcome]
) -> None:
    routes: Any = [SimpleNamespace(state="unknown", held=one, by_case=True) for one in held]
    assert _outcome_range(routes) == expected
