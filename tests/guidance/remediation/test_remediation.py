"""Ways forward: each proposal keeps its promise, changes only what a team can change, and none is dearer than it must be."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import Any

import pytest

from tests.support.shipped import fixture_file, shipped_bundle
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import Profile, load_profile
from vatspolicy.core.profile.vocabulary import describe, fact_schemas
from vatspolicy.errors import InvalidInput
from vatspolicy.guidance.remediation import GOALS, FoundProposal, RemediationPlan, find_remediations
from vatspolicy.guidance.remediation.change import Change, apply_changes, list_differences, mutable_facts
from vatspolicy.guidance.remediation.search import Search, route_names

TODAY = "2026-11-24"


@cache
def law() -> Bundle:
    return shipped_bundle()


def fixture(name: str, *changes: tuple[str, Any]) -> Profile:
    return load_profile(fixture_file(name), changes)


def ways_of(name: str, *changes: tuple[str, Any], as_of: str = TODAY, **options: Any) -> RemediationPlan:
    return find_remediations(law(), fixture(name, *changes), as_of, **options)


def kinds(plan: RemediationPlan) -> list[list[str]]:
    return [sorted(proposal.kinds) for proposal in plan.proposals]


# --- marks ------------------------------------------------------------------------------------------------------------

DIRECTIONS = {"lower", "higher", "later", "fewer", "elsewhere", "another"}


def test_each_marked_fact_says_what_changing_it_means_in_both_languages() -> None:
    assert len(mutable_facts()) > 25
    for path, node in fact_schemas():
        if "x-mutable" not in node:
            continue
        mutability = node["x-mutable"]
        assert node["title"], path
        assert node["x-title-zh"], path
        if "follows" in mutability:
            assert set(mutability) == {"follows"}
            assert mutable_facts()[tuple(mutability["follows"].split("."))].cost
        else:
            assert 1 <= mutability["cost"] <= 5, path
            assert len({mutability["en"], mutability["zh"], ""}) == 3, path
            assert isinstance(mutability["to"], list) or mutability["to"] in DIRECTIONS, path


def test_words_that_marks_name_are_words_of_the_lists_they_are_about() -> None:
    offers = mutable_facts()["services", "offers"].rest
    assert set(offers["with"]) | set(offers["swap"]) <= members("offers")
    assert {word for swapped in offers["swap"].values() for word in swapped} <= members("offers")
    for belongs in offers["with"].values():
        for name, words in belongs.items():
            assert set(words) <= members(name)
    for name in ("sells", "features"):
        assert mutable_facts()["services", name].keep <= members(name)


def members(name: str) -> set[str]:
    return set(describe(("services", 0, name, 0))["enum"])


NEVER = (
    ("company", "licenses"), ("company", "investor_track_record"),
    ("company", "foreign_percent_basis"), ("company", "listing"), ("opinions",), ("services", "audience"),
    ("data", "persons"), ("data", "important"), ("data", "ciio"), ("data", "sensitive"), ("filings",),
    ("deals",), ("services", "ai", "use"), ("services", "channels"),
)  # fmt: skip


@pytest.mark.parametrize("path", NEVER)
def test_what_would_be_gaming_bears_no_mark(path: tuple[str, ...]) -> None:
    assert path in {known for known, _ in fact_schemas()}, "there is such a fact"
    assert path not in mutable_facts()


def test_the_same_spec_has_the_same_ways() -> None:
    for name in ("iot-suzhou", "game-own-publisher", "hk-shell"):
        first, second = (ways_of(name) for _ in range(2))
        assert [p.changes[0].phrase for p in first.proposals] == [p.changes[0].phrase for p in second.proposals]
        assert [list_differences(fixture(name), p.changes) for p in first.proposals] == [
            list_differences(fixture(name), p.changes) for p in second.proposals
        ]
        assert first.evaluated == second.evaluated


# --- exhaustive search ------------------------------------------------------------------------------------------------

SMALL = (
    ("iot-suzhou", 2), ("marketplace-community", 2), ("capital-province", 2), ("news-app-beijing", 3), ("partner-expired", 2),
    ("navigation-map", 3), ("partnership-form", 3), ("not-ready", 3), ("game-downloads", 3), ("community-shenzhen", 3),
    ("partner-foreign-invested", 2), ("cdn-hainan", 2),
)  # fmt: skip


WEB_SHOP: dict[str, Any] = {
    "schema": 2,
    "product": {"id": "kbeauty"},
    "company": {"mainland_entity": False},
    "services": [
        {
            "id": "own-shop",
            "offers": ["own-shop"],
            "audience": "public",
            "content": [],
            "features": ["accounts", "recommendation"],
            "channels": ["website", "mini-program"],
            "sells": ["own-goods"],
            "hosting": "mainland",
            "operated_by": "company",
        }
    ],
}
"""A web shop of a foreign company with servers in the mainland, as the interview writes it: no registered office."""
OFFICE_ABROAD = {"company": {"mainland_entity": False, "registered": "overseas", "legal_form": "foreign-corporation"}}


@pytest.mark.parametrize(("name", "most"), SMALL)
def test_exhaustive_search_finds_nothing_cheaper(name: str, most: int) -> None:
    """All combinations, relevant or not: each that reaches the goal is answered by a proposal that is no dearer."""
    compare_with_all_combinations(fixture(name), most)


@pytest.mark.parametrize("facts", [WEB_SHOP, WEB_SHOP | OFFICE_ABROAD])
def test_exhaustive_search_finds_nothing_cheaper_for_a_foreign_web_shop(facts: dict[str, Any]) -> None:
    compare_with_all_combinations(load_profile(facts), 3)


def compare_with_all_combinations(profile: Profile, most: int) -> None:
    day = profile.launch or TODAY
    decision = evaluate(law(), profile, day)
    goal = "needs-license" if decision.decision == "deny" else "allow"
    search = Search(law(), profile, decision, GOALS[goal], most)
    plan = find_remediations(law(), profile, day, goal, limit=20, most=most)
    reached: list[tuple[Change, ...]] = []
    for size in range(1, most + 1):
        for chosen in combinations(search.changes, size):
            if any(one.conflicts_with(other) for one, other in combinations(chosen, 2)):
                continue
            if any(set(known) <= set(chosen) for known in reached):
                continue
            outcome = search.decide(chosen)
            if outcome is not None and outcome[1].decision in GOALS[goal]:
                reached.append(chosen)
    assert reached
    for chosen in reached:
        cost = sum(change.cost for change in chosen)
        assert any(answers(proposal, chosen, cost) for proposal in plan.proposals), [m.phrase["en"] for m in chosen]
    cheapest = min(sum(change.cost for change in chosen) for chosen in reached)
    assert min(proposal.cost for proposal in plan.proposals if proposal.kinds != {"launch"}) == cheapest


def answers(proposal: FoundProposal, chosen: tuple[Change, ...], cost: int) -> bool:
    """Whether a proposal is no dearer than a combination and of no other sort of difference."""
    return proposal.cost <= cost and proposal.kinds <= {change.kind for change in chosen}


# --- what the article says --------------------------------------------------------------------------------------------


def test_a_foreign_data_center_outside_the_pilot_partners_or_moves_there() -> None:
    """Articles V(a) and VI: partner, or an own license in a pilot place; no joint venture opens a data center."""
    plan = ways_of("idc-wuhan")
    partner = next(proposal for proposal in plan.proposals if proposal.kinds == {"partner"})
    moved = next(proposal for proposal in plan.proposals if proposal.kinds == {"relocation"})
    assert partner.decision.decision == "allow"
    held = partner.profile.document.data["partner"]["licenses"]
    assert [(license["instrument"], license["classes"]) for license in held] == [("vats-license", ["B11"])]
    assert moved.decision.decision == "needs-license"
    assert route_names(moved.decision) == {"pilot"}
    assert moved.profile.facts["company"]["registered"]["at"] == "beijing"
    assert {facility["at"] for facility in moved.profile.facts["services"][0]["facilities"]} == {"beijing"}
    assert [target.key for target in moved.alternatives] == ["shanghai", "hainan", "shenzhen"]
    assert ["share"] not in kinds(plan)


def test_a_platform_for_devices_may_be_a_joint_venture_at_the_cap_of_the_general_list() -> None:
    plan = ways_of("iot-suzhou")
    venture = next(proposal for proposal in plan.proposals if proposal.kinds == {"share"})
    assert venture.profile.facts["company"]["foreign_percent"] == 50
    assert venture.profile.facts["company"]["investor_origin"] == ["US", "CN"]
    assert route_names(venture.decision) == {"general"}
    routes = [route_names(proposal.decision) for proposal in plan.proposals if proposal.kinds == {"relocation"}]
    assert routes == [{"hainan"}, {"pilot"}], "which application to pursue: both are shown"


def test_only_the_office_moves_where_the_facilities_stand_in_the_pilot_already() -> None:
    first = ways_of("hosting-xuhui-lingang").proposals[0]
    changed = [path for path, _, _ in list_differences(fixture("hosting-xuhui-lingang"), first.changes)]
    assert changed == [("company", "registered")]
    assert first.profile.facts["company"]["registered"]["at"] == "shanghai-pudong"


def test_only_the_facilities_move_where_the_company_is_in_the_pilot_already() -> None:
    moved = next(one for one in ways_of("beijing-tianjin").proposals if one.kinds == {"relocation"})
    assert [path for path, _, _ in list_differences(fixture("beijing-tianjin"), moved.changes)] == [
        ("services", 0, "facilities")
    ]
    assert moved.cost > mutable_facts()["company", "registered"].cost, "a data center of one's own moves last"
    assert moved.profile.document.data["services"][0]["facilities"][0]["kind"] == "data-center", "what it is stays"


def test_rented_nodes_outside_the_pilot_are_given_up() -> None:
    plan = ways_of("cdn-beijing", ("services.0.rents_outside_region", True))
    assert kinds(plan)[0] == ["nodes"]


def test_a_wholly_owned_platform_leaves_its_sellers_out() -> None:
    """Article IV: who sells own goods only runs no value-added telecommunications."""
    plan = ways_of("not-ready")
    sellers = next(proposal for proposal in plan.proposals if proposal.kinds == {"sellers"})
    service = sellers.profile.document.data["services"][0]
    assert sellers.decision.decision == "allow"
    assert (service["offers"], service["sells"]) == (["own-shop"], ["own-goods"])
    assert "merchants" not in service


def test_capital_is_raised_to_the_threshold_and_no_further() -> None:
    plan = ways_of("hosting-shenzhen-capital")
    assert plan.proposals[0].profile.facts["company"]["registered_capital_rmb"] == 10_000_000
    local = ways_of("capital-province")
    assert local.proposals[0].profile.facts["company"]["registered_capital_rmb"] == 1_000_000


def test_a_license_that_has_ended_is_answered_by_another_partner() -> None:
    plan = ways_of("partner-expired")
    first = plan.proposals[0]
    assert first.kinds == {"partner"}
    assert first.changes[0].phrase["en"].startswith("Work with another partner")
    assert first.profile.document.data["partner"]["licenses"][0]["valid_until"] >= TODAY
    assert "number" not in first.profile.document.data["partner"]["licenses"][0]


def test_who_bills_the_customers_is_a_contract() -> None:
    plan = ways_of("cloud-partner-ningxia", ("services.0.customer_contract", "company"))
    assert (kinds(plan)[0], plan.proposals[0].cost) == (["contract"], 1)


def test_waiting_leads_to_the_first_day_that_decides_otherwise() -> None:
    plan = ways_of("hosting-lingang-2024", as_of="2024-06-30")
    later = next(proposal for proposal in plan.proposals if proposal.kinds == {"launch"})
    assert later.decision.as_of == "2024-10-23"
    assert evaluate(law(), later.profile, "2024-10-22").decision == "deny"


def test_waiting_finds_the_day_on_which_a_parameter_of_a_route_opens_it() -> None:
    """The Pilot of 2024-10-23 is a parameter of its route; a route of 2025-04-11 is a rule of its own."""
    sets: list[tuple[str, Any]] = [
        ("company.registered", {"at": "shenzhen", "ftz": "none"}),
        ("services.0.offers", ["internet-access-users"]),
        ("services.0.area", ["shenzhen"]),
        ("services.0.facilities", ["shenzhen"]),
        ("services.0.through_basic_carrier", True),
    ]
    plan = ways_of("isp-beijing", *sets, as_of="2024-06-30")
    assert plan.decision.decision == "deny"
    assert [p.changes[0].order for p in plan.proposals if p.kinds == {"launch"}] == [("2024-10-23",)]


def test_a_foreign_web_shop_hosts_abroad_or_founds_a_company() -> None:
    plan = find_remediations(law(), load_profile(WEB_SHOP), TODAY)
    assert plan.decision.decision == "deny"
    assert [(sorted(one.kinds), one.decision.decision, one.cost) for one in plan.proposals] == [
        (["hosting"], "allow", 2),
        (["founding"], "allow", 4),
        (["partner"], "allow", 5),
    ]
    assert plan.proposals[0].profile.facts["services"][0]["hosting"] == "overseas"
    assert plan.proposals[1].profile.facts["company"]["mainland_entity"] is True
    assert plan.proposals[0].changes[0].phrase["en"] == "Host the service outside mainland China"


def test_a_company_that_is_founded_has_a_mainland_form() -> None:
    foreign = WEB_SHOP | {"company": {"mainland_entity": False, "legal_form": "foreign-corporation"}}
    plan = find_remediations(law(), load_profile(foreign), TODAY)
    founded = next(one for one in plan.proposals if one.kinds == {"founding"})
    assert founded.profile.facts["company"]["legal_form"] == "limited-company"
    office = find_remediations(law(), load_profile(WEB_SHOP | OFFICE_ABROAD), TODAY)
    assert not any("founding" in one.kinds for one in office.proposals), (
        "with an office abroad, it is founded at a place"
    )
    assert any(one.changes[0].phrase["en"].startswith("Establish a company in") for one in office.proposals)


def test_servers_that_leave_the_mainland_take_the_data_along() -> None:
    service = WEB_SHOP["services"][0] | {"facilities": [{"at": "beijing", "kind": "data-center", "tenure": "own"}]}
    facts = WEB_SHOP | {"services": [service], "data": {"leaves_mainland": False}}
    profile = load_profile(facts)
    plan = find_remediations(law(), profile, TODAY, limit=20)
    abroad = next(one for one in (*plan.proposals, *plan.undecided) if one.kinds == {"hosting"})
    changed = {path[-1]: after for path, _, after in list_differences(profile, abroad.changes)}
    assert changed == {"hosting": "overseas", "facilities": ["overseas"], "leaves_mainland": True}
    assert abroad.cost == 4, "an own data center is dearer to leave"


def test_facts_that_nobody_stated_are_named() -> None:
    """A fact that is not stated is not changed; one that is missing anyway is not named twice."""
    assert ways_of("idc-wuhan").unstated == ()
    plan = ways_of("idc-wuhan", ("services.0.area", None))
    assert plan.decision.decision == "deny"
    assert plan.unstated == (("services", 0, "area"),)
    half = ways_of("hosting-shenzhen-capital", ("company.registered_capital_rmb", None))
    assert ("company", "registered_capital_rmb") in {fact.path for fact in half.decision.missing}
    assert ("company", "registered_capital_rmb") not in half.unstated


def test_a_discredited_manager_is_replaced() -> None:
    plan = ways_of("discredited-manager")
    assert kinds(plan)[0] == ["discredited"]
    assert plan.proposals[0].profile.facts["company"]["discredited"] == []
    blocked = ways_of("discredited-manager", ("company.discredited", ["company"]))
    assert not any("discredited" in proposal.kinds for proposal in blocked.proposals), "a listed company stays listed"


def test_a_certified_supplier_of_hong_kong_comes_in() -> None:
    plan = ways_of("hk-shell", limit=20)
    supplier = next(one for one in plan.proposals if one.kinds == {"supplier"})
    assert supplier.profile.facts["company"]["certificates"] == ["cepa-supplier"]
    assert route_names(supplier.decision) == {"cepa"}


def test_content_is_licensed_to_a_partner_that_holds_the_permit() -> None:
    plan = ways_of("e-books", limit=20)
    partner = next(one for one in plan.proposals if "partner" in one.kinds)
    held = [one["instrument"] for one in partner.profile.facts["partner"]["licenses"]]
    assert "online-publishing-permit" in held


def test_a_service_is_split_off_and_both_parts_are_decided() -> None:
    plan = ways_of("news-app-beijing", ("services.1", SHOP))
    split = next(proposal for proposal in plan.proposals if proposal.kinds == {"split"})
    assert split.decision.decision == "allow"
    assert [service.id for service in split.decision.services] == ["shop"]
    assert [(part.services[0].id, part.decision) for part in split.split_off] == [("news", "deny")]


SHOP = {
    "id": "shop", "offers": ["own-shop"], "audience": "public", "operated_by": "company", "channels": ["website"],
    "hosting": "mainland", "area": ["china"], "facilities": [{"at": "beijing", "ftz": "none"}], "charges": ["users"],
    "sells": ["own-goods"], "content": [], "features": [],
}  # fmt: skip


def test_a_company_abroad_founds_one_and_its_capital_is_asked_for() -> None:
    plan = ways_of("cloud-storage-overseas")
    (founded,) = plan.undecided
    company = founded.profile.document.data["company"]
    assert (company["mainland_entity"], company["legal_form"]) == (True, "limited-company")
    capital, rented = ("company", "registered_capital_rmb"), ("services", 0, "rents_outside_region")
    assert [ask.path for ask in founded.decision.missing] == [capital, rented]
    assert "registered_capital_rmb" not in company, "nothing is made up"
    assert "rents_outside_region" not in founded.profile.document.data["services"][0]


def test_data_is_kept_at_home() -> None:
    changes: list[tuple[str, Any]] = [
        ("company.foreign_percent", 0), ("company.investor_origin", ["CN"]), ("services.0.offers", ["market-research"]),
        ("services.0.sells", []), ("data.leaves_mainland", True),
        ("data.export", {"persons_since_1_jan": 10, "grounds": ["other"], "important": False}),
    ]  # fmt: skip
    profile = load_profile(fixture_file("not-ready"), changes)
    decided = evaluate(law(), profile, TODAY)
    assert decided.decision == "needs-license"
    plan = find_remediations(law(), profile, TODAY)
    assert ["onshore"] in kinds(plan)
    home = next(proposal for proposal in plan.proposals if proposal.kinds == {"onshore"})
    assert "export" not in home.profile.document.data["data"]


# --- goals and bounds -------------------------------------------------------------------------------------------------


def test_the_goal_is_the_next_better_decision() -> None:
    assert ways_of("idc-wuhan").goal == "needs-license"
    assert ways_of("marketplace-hangzhou").goal == "allow"
    nothing = ways_of("company-site")
    assert (nothing.goal, nothing.proposals, nothing.evaluated) == (None, (), 0)
    strict = ways_of("idc-wuhan", goal="allow")
    assert strict.proposals
    assert {proposal.decision.decision for proposal in strict.proposals} == {"allow"}


def test_a_goal_that_is_reached_asks_for_nothing() -> None:
    plan = ways_of("marketplace-hangzhou", goal="needs-license")
    assert (plan.goal, plan.proposals) == (None, ())


def test_fewer_differences_are_combined_when_asked_and_no_more_are_shown() -> None:
    assert all(len(proposal.changes) == 1 for proposal in ways_of("game-own-publisher", most=1).proposals)
    assert any(len(proposal.changes) == 2 for proposal in ways_of("game-own-publisher", most=2).proposals)
    assert len(ways_of("iot-suzhou", limit=2).proposals) == 2


def test_a_bound_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vatspolicy.guidance.remediation.search.MAX_DECISIONS", 5)
    plan = ways_of("hk-shell")
    assert not plan.exhausted
    assert plan.evaluated < 40


def test_what_is_not_known_is_not_changed() -> None:
    profile = fixture("idc-wuhan", ("company.foreign_percent", None), ("company.registered", None))
    for proposal in find_remediations(law(), profile, TODAY).proposals:
        changed = {path for path, _, _ in list_differences(profile, proposal.changes)}
        assert not changed & {("company", "foreign_percent"), ("company", "registered")}


def test_a_day_before_the_bundle_is_refused() -> None:
    with pytest.raises(ValueError, match="covers days from"):
        ways_of("idc-wuhan", as_of="1999-01-01")


def test_moves_that_make_no_profile_are_no_proposal() -> None:
    """A service hosted in the mainland has a facility there."""
    profile = fixture("cloud-storage-overseas")
    decision = evaluate(law(), profile, TODAY)
    search = Search(law(), profile, decision, GOALS["needs-license"], 1)
    hosting = next(change for change in search.changes if change.kind == "hosting")
    with pytest.raises(InvalidInput):
        apply_changes(profile, [hosting])
    assert search.decide((hosting,)) is None
