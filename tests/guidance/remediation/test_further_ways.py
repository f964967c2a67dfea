"""Ways forward of partners, deals and adults, two kinds of changes at once, and facts that are still open."""

from __future__ import annotations

import dataclasses

import pytest

from tests.support.shipped import shipped_bundle
from vatspolicy.core.documents import parse_document
from vatspolicy.core.profile.edits import set_fact
from vatspolicy.core.profile.profile import Profile, read_profile
from vatspolicy.guidance.remediation import RemediationPlan, find_remediations
from vatspolicy.guidance.remediation.result import Ways, describe_ways
from vatspolicy.guidance.remediation.search import drop_redundant
from vatspolicy.reports.document import Section, plain, walk
from vatspolicy.reports.remediation import make_document, render

DAY = "2027-06-01"
SPEC = """\
schema: 2
product: {id: p, title: P, launch: '2027-06-01'}
company:
  foreign_percent: 100
  foreign_percent_basis: ultimate
  investor_origin: [US]
  mainland_entity: true
  legal_form: limited-company
  registered: {at: shanghai-lingang, ftz: none}
  registered_capital_rmb: 50000000
  lacking_means: []
  discredited: []
  certificates: []
services:
  - id: main
    offers: [data-center]
    operated_by: company
    audience: public
    channels: [website]
    hosting: mainland
    area: [china]
    facilities: [{at: shanghai-lingang, kind: rented-cloud}]
    charges: [users]
    content: []
    features: []
data: {persons: 5000, leaves_mainland: false}
"""
PARTNER = {"foreign_percent": 0, "foreign_percent_basis": "ultimate", "mainland_entity": True, "certificates": []}
RUN_BY_PARTNER = (
    ("services.0.operated_by", "partner"),
    ("services.0.customer_contract", "partner"),
    ("services.0.facilities", [{"at": "shanghai", "kind": "rented-cloud", "owner": "partner"}]),
)


def product(*changes: tuple[str, object]) -> Profile:
    document = parse_document(SPEC, "p.yaml")
    for dotted, value in changes:
        path = tuple(int(step) if step.isdigit() else step for step in dotted.split("."))
        document = dataclasses.replace(document, data=set_fact(document.data, path, value))
    return read_profile(document, shipped_bundle().schemas)


def plan(*changes: tuple[str, object], goal: str | None = None) -> RemediationPlan:
    return find_remediations(shipped_bundle(), product(*changes), DAY, goal)


def told(found: RemediationPlan) -> list[str]:
    return [" + ".join(change.phrase["en"] for change in one.changes) for one in (*found.proposals, *found.undecided)]


def partner(area: str, until: str) -> tuple[str, object]:
    license = {"instrument": "vats-license", "classes": ["B11"], "area": [area], "valid_until": until}
    return ("partner", {**PARTNER, "licenses": [license]})


@pytest.mark.parametrize(("area", "until"), [("china", "2026-12-31"), ("guangdong", "2029-12-31")])
def test_a_partner_renews_or_extends_its_license(area: str, until: str) -> None:
    found = plan(*RUN_BY_PARTNER, partner(area, until))
    assert told(found)[0] == "The partner renews or extends its license"
    assert found.proposals[0].decision.decision == "allow"
    [held] = found.proposals[0].profile.facts["partner"]["licenses"]
    assert held["valid_until"] == max(until, DAY)
    assert {place["at"] for place in held["area"]} >= {area}


def test_the_facilities_of_a_partner_move_to_where_its_license_counts() -> None:
    found = plan(*RUN_BY_PARTNER, partner("guangdong", "2029-12-31"))
    assert "Relocate the facilities of the partner to Guangdong" in told(found)
    valid = plan(*RUN_BY_PARTNER, partner("china", "2029-12-31"))
    assert valid.decision.decision == "allow", "nothing to move"


def test_a_smaller_share_after_closing_is_a_way() -> None:
    deal = [{"kind": "acquisition", "target": "company", "foreign_percent_after": 80}]
    found = plan(
        ("services.0.offers", ["information-publishing"]), ("company.foreign_percent", 30), ("deals", deal),
        ("company.registered", {"at": "wuhan", "ftz": "none"}),
    )  # fmt: skip
    assert found.decision.decision == "deny"
    assert told(found)[0] == "Agree on a smaller foreign share after closing"
    assert found.proposals[0].profile.facts["deals"][0]["foreign_percent_after"] == 50
    assert found.proposals[0].profile.facts["company"]["foreign_percent"] == 30


def test_adults_only_is_a_way() -> None:
    features = ("services.0.features", ["companion-ai", "virtual-relations"])
    found = plan(("services.0.offers", ["own-shop"]), ("services.0.sells", ["own-goods"]), features, ("data.minors", 9))
    assert found.decision.decision == "deny"
    assert told(found)[0] == "Admit adults only"
    assert found.proposals[0].profile.facts["data"]["minors"] == 0


def test_a_licensed_partner_and_hosting_in_the_mainland_are_one_way() -> None:
    abroad = (
        ("services.0.hosting", "overseas"),
        ("services.0.facilities", ["overseas"]),
        ("data.leaves_mainland", True),
    )
    found = plan(*abroad, ("services.0.offers", ["information-publishing"]))
    assert "Host the service in mainland China + Work with a partner that holds the license" in told(found)
    [both] = [one for one in found.proposals if one.kinds == {"partner-hosting"}]
    assert both.decision.decision == "allow"
    assert both.profile.facts["services"][0]["hosting"] == "mainland"


def test_facilities_move_into_the_own_pilot_place_with_what_is_rented_elsewhere() -> None:
    elsewhere = [{"at": "beijing", "kind": "rented-cloud"}]
    found = plan(("services.0.rents_outside_region", True), ("services.0.facilities", elsewhere))
    assert told(found)[0].startswith("Relocate the facilities to Shanghai, Pudong New Area or Shanghai, Lin-gang")
    service = found.proposals[0].profile.facts["services"][0]
    assert service["rents_outside_region"] is False
    assert [one["province"] for one in service["facilities"]] == ["shanghai"]
    assert not any("Hainan" in one for one in told(found))
    inside = plan(("services.0.rents_outside_region", True))
    assert told(inside)[0] == "Give up facilities bought or rented outside the pilot place"


def test_a_wait_of_over_a_year_comes_last() -> None:
    found = plan(("services.0.rents_outside_region", True))
    cheap = dataclasses.replace(found.proposals[0], cost=0, changes=found.proposals[1].changes, waits_long=True)
    ordered = drop_redundant(product(), [cheap, *found.proposals[2:]])
    assert ordered[-1] is cheap
    soon = dataclasses.replace(cheap, waits_long=False)
    assert drop_redundant(product(), [*found.proposals[2:], soon])[0] is soon


def said_of_changes(ways: Ways) -> str:
    """The first sentence below the heading of the changes."""
    [section] = [
        one for one in make_document(ways, "en").blocks if isinstance(one, Section) and "lead" in plain(one.title)
    ]
    return list(walk(section))[1]


def test_open_facts_are_searched_before_none_is_said() -> None:
    """What is not stated is not in anybody's way: its values are tried, and "none" names it."""
    shop = (
        ("services.0.offers", ["own-shop"]), ("services.0.features", ["customer-reviews"]),
        ("services.0.facilities", None), ("services.0.area", ["china"]),
        ("company.registered", {"at": "overseas"}), ("company.mainland_entity", False),
    )  # fmt: skip
    found = plan(*shop)
    assert found.proposals == ()
    ways = describe_ways(shipped_bundle(), product(*shop), found)
    told_none = said_of_changes(ways)
    assert told_none.startswith("None found. 5 facts are not stated. The most decisive: services[0].sells (What does ")
    assert len(told_none.split("; ")) == 3, "the others stand in the list of missing facts"
    [settled] = ways.undecided[0].settled_by
    assert settled.path == "services[0].sells"
    assert "Own goods" in [value["en"] for value in settled.values]
    text = " ".join(render("text", ways, "en").split())
    assert "NEEDS LICENSE or better if Sells (main) is: none or Own goods" in text
    assert "No set of changes" not in text
    stated = plan(*shop, ("services.0.sells", ["own-goods"]))
    assert told(stated)[0] == told(found)[0], "what was said holds once the fact is stated"
    assert stated.proposals[0].decision.decision == "allow"
    searched = dataclasses.replace(ways, missing=(), undecided=(), unstated=())
    assert said_of_changes(searched).startswith("No combination of up to 3 known changes")
    cut = dataclasses.replace(searched, search=dataclasses.replace(searched.search, exhausted=False))
    assert said_of_changes(cut) == "None of the checked combinations leads to this decision."
