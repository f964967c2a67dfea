"""A decision is a value: plain data that pickles, hashes, compares and prints."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.law_builder import CLASSES, LICENSE, bundle_of, decide, route, rule
from vatspolicy import Decision
from vatspolicy.core.engine.decision import WORDS, Outcome


@pytest.fixture(params=["incomplete", "needs-license", "deny"])
def decisions(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Decision, Decision]:
    """The same decision, made twice."""
    company: Mapping[str, object] = {
        "incomplete": dict[str, object](),
        "needs-license": {"foreign_percent": 10, "foreign_percent_basis": "ultimate"},
        "deny": {"foreign_percent": 90, "foreign_percent_basis": "ultimate"},
    }[str(request.param)]
    found = []
    folder = tmp_path_factory.mktemp("law")
    for _ in range(2):
        bundle = bundle_of(folder, classes=CLASSES, license=LICENSE + route("way", "true", cap="50.0"))
        found.append(
            decide(bundle, company, {"operated_by": "company", "offers": ["data-center"], "area": ["beijing"]})
        )
    assert found[0].decision == request.param
    return (found[0], found[1])


def test_decisions_made_again_are_equal(decisions: tuple[Decision, Decision]) -> None:
    one, two = decisions
    assert one == two
    assert hash(one) == hash(two)
    assert len({one, two}) == 1


def test_a_decision_survives_pickling_and_copying(decisions: tuple[Decision, Decision]) -> None:
    decision, _ = decisions
    assert pickle.loads(pickle.dumps(decision)) == decision
    assert copy.deepcopy(decision) == decision
    assert hash(copy.deepcopy(decision)) == hash(decision)


def test_a_decision_prints_in_bounded_size(decisions: tuple[Decision, Decision]) -> None:
    assert len(repr(decisions[0])) < 8_000


def test_outcomes_are_ordered_by_strictness() -> None:
    assert Outcome.ALLOW < Outcome.NEEDS_LICENSE < Outcome.DENY
    assert tuple(outcome.word for outcome in Outcome) == WORDS


def test_a_product_asks_about_the_licenses_of_the_company(tmp_path: Path) -> None:
    """A permit of the product itself is held by the company, and nobody says until when."""
    law = rule("permit", "product", "true", "need: {instrument: vats-license}")
    bundle = bundle_of(tmp_path, classes=CLASSES, license=LICENSE + route("way", "true"), law="rules:\n" + law)
    held = [{"instrument": "vats-license", "classes": ["B11"], "area": ["beijing"]}]
    decision = decide(bundle, {"licenses": held, "foreign_percent": 0, "foreign_percent_basis": "ultimate"})
    asked = {fact.path for finding in decision.undetermined for fact in finding.missing}
    assert ("company", "licenses", 0, "valid_until") in asked
