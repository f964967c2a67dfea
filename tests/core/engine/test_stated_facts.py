"""Stated facts count behind every offer. A list that is left out is presumed empty behind pure infrastructure only."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.members import for_each
from tests.support.shipped import shipped_bundle
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.profile.profile import facts_of, load_profile
from vatspolicy.core.profile.vocabulary import describe, presumptions
from vatspolicy.errors import InvalidInput

TODAY = "2026-11-24"
OFFERS = tuple(describe(("services", 0, "offers", 0))["enum"])
CONTENT = ("news", "publishing", "audiovisual", "game")
FEATURES = {
    "vehicle-data": "automotive-data",
    "spatial-data": "connected-car-surveying",
    "vehicle-update": "ota-updates",
}
"""The policy that each function falls under."""
LICENSED_TO_AN_OPERATOR = "content-license"
"""The operator publishes, and not the company."""


def decide(**service: Any) -> Decision:
    facts = {
        "schema": 2,
        "product": {"id": "p"},
        "company": {"foreign_percent": 100, "registered": {"at": "beijing", "ftz": "none"}},
        "services": [{"id": "s", "audience": "public", "operated_by": "company", **service}],
    }
    return evaluate(shipped_bundle(), load_profile(facts), TODAY, compare=False, explain=False)


@for_each([offer for offer in OFFERS if offer != LICENSED_TO_AN_OPERATOR], CONTENT)
def test_closed_content_is_denied_behind_every_offer(offer: str, kind: str) -> None:
    assert decide(offers=[offer], content=[kind]).decision == "deny"


@for_each(CONTENT)
def test_the_operator_publishes_licensed_content(kind: str) -> None:
    alone = decide(offers=[LICENSED_TO_AN_OPERATOR], content=[kind])
    assert not any("PROHIBITED-SECTOR" in finding.reasons for finding in alone.denials)
    assert (
        decide(offers=[LICENSED_TO_AN_OPERATOR], content=[kind], operated_by="contract-controlled").decision != "allow"
    )


@for_each(OFFERS, FEATURES)
def test_a_function_reaches_its_rules_behind_every_offer(offer: str, feature: str) -> None:
    decision = decide(offers=[offer], features=[feature])
    found = (*decision.denials, *decision.duties, *decision.advice, *decision.would_need, *decision.undetermined)
    assert FEATURES[feature] in {finding.rule.policy for finding in found}


def test_lists_that_are_left_out_are_empty_behind_infrastructure_only() -> None:
    def read(*offers: str, **stated: Any) -> dict[str, Any]:
        facts = facts_of({"product": {"id": "p"}, "company": {}, "services": [{"id": "s", "offers": offers, **stated}]})
        service: dict[str, Any] = facts["services"][0]
        return service

    fact, words = presumptions()["content"]
    assert fact == "offers"
    assert read(*sorted(words))["content"] == []
    assert read("cdn", content=["news"])["content"] == ["news"]
    assert "content" not in read("cdn", "saas")
    assert "content" not in read()
    # what a technology is licensed for is offered, too
    assert "content" not in read("cdn", licensed_for=["saas"])
    assert read(licensed_for=["cdn"])["content"] == []


ABROAD = {"hosting": "overseas", "area": ["overseas"], "facilities": ["overseas"], "channels": ["website"], "sells": []}


@for_each(OFFERS)
def test_nothing_is_denied_outside_the_mainland(offer: str) -> None:
    facts = {
        "schema": 2,
        "product": {"id": "p"},
        "company": {"foreign_percent": 100, "registered": "overseas", "legal_form": "foreign-corporation"},
        "services": [{"id": "s", "audience": "public", "operated_by": "company", "offers": [offer], **ABROAD}],
        "data": {"persons": 0, "important": False, "leaves_mainland": False},
    }
    decision = evaluate(shipped_bundle(), load_profile(facts), TODAY, compare=False, explain=False)
    assert [finding.rule.name for finding in decision.denials] == []


# --- a cost that the group shares


def test_a_group_that_shares_the_cost_pays_for_nothing() -> None:
    service = {
        "offers": ["information-publishing"], "channels": ["website"], "content": [], "features": [], "sells": [],
    }  # fmt: skip
    words = {payer: decide(**service, charges=charges).decision for payer, charges in {
        "nobody": [], "group": ["group-companies"], "users": ["users"], "both": ["group-companies", "users"],
    }.items()}  # fmt: skip
    assert words["group"] == words["nobody"] != words["users"] == words["both"]


def test_a_service_for_the_own_group_may_share_its_cost_and_has_no_paying_users() -> None:
    service = {"offers": ["internal-tool"], "audience": "own-group", "features": [], "channels": ["website"]}
    [found] = decide(**service, charges=["group-companies"]).services
    assert (found.state, found.activities) == ("not-telecom", ())
    with pytest.raises(InvalidInput, match="own group only has no paying users"):
        decide(**service, charges=["users"])
