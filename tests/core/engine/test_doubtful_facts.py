"""Facts that are not what they seem: what a partner holds, a direct share, something else beside a known offer."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import pytest

from tests.support.access_profiles import draw_profiles
from tests.support.effort import SEED, trials
from tests.support.shipped import fixture_files, shipped_bundle
from vatspolicy import evaluate, load_profile
from vatspolicy.core.documents import Path, load_document
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.notices import notices
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.errors import InvalidInput

DAY = "2026-11-24"
SITE = {
    "id": "site", "offers": ["company-site"], "operated_by": "company", "audience": "public", "channels": ["website"],
    "hosting": "mainland", "area": ["china"], "charges": [], "content": [], "features": [], "sells": [],
}  # fmt: skip


@pytest.fixture(scope="module")
def law() -> Bundle:
    return shipped_bundle()


def decide(
    law: Bundle, service: Mapping[str, object], company: Mapping[str, object] | None = None, **rest: object
) -> Decision:
    share = {"foreign_percent": 0, "foreign_percent_basis": "ultimate"}
    whole = {**share, "mainland_entity": True, "discredited": [], **(company or {})}
    profile = {"schema": 2, "product": {"id": "p"}, "company": whole, "services": [service], **rest}
    return evaluate(law, load_profile(profile).grant_all(), DAY)


# --- what a partner holds


CLOUD = {
    "id": "cloud", "offers": ["cloud-infrastructure"], "audience": "business", "operated_by": "partner",
    "customer_contract": "partner", "area": ["ningxia"], "facilities": ["zhongwei"], "hosting": "mainland",
}  # fmt: skip


def test_a_partner_that_is_only_named_denies_nothing(law: Bundle) -> None:
    without = decide(law, CLOUD, {"foreign_percent": 100})
    named = decide(law, CLOUD, {"foreign_percent": 100}, partner={"name": "Carrier"})
    assert (without.decision, named.decision) == ("incomplete", "incomplete")
    assert ("partner", "licenses") in [fact.path for fact in named.missing]


def test_what_a_partner_is_known_not_to_hold_denies(law: Bundle) -> None:
    partner = {"foreign_percent": 0, "mainland_entity": True, "licenses": []}
    assert decide(law, CLOUD, {"foreign_percent": 100}, partner=partner).range[1] == "deny"
    held = {"instrument": "vats-license", "classes": ["B11"], "area": ["ningxia"], "valid_until": "2028-01-01"}
    stated = decide(law, CLOUD, {"foreign_percent": 100}, partner={**partner, "licenses": [held]})
    rules = {finding.rule.name for finding in stated.denials}
    assert "mii-notice-2006/partner-not-licensed" not in rules


def test_the_company_knows_its_own_licenses(law: Bundle) -> None:
    service = {**CLOUD, "operated_by": "company"}
    assert ("company", "licenses") not in [fact.path for fact in decide(law, service).missing]


# --- a direct share


@pytest.mark.parametrize("share", [0, 30, 99.9])
def test_a_direct_share_leaves_the_ultimate_one_unknown(share: float) -> None:
    profile = load_profile(
        {
            "schema": 2,
            "product": {"id": "p"},
            "company": {"foreign_percent": share, "foreign_percent_basis": "direct"},
            "services": [SITE],
        }
    )
    assert "foreign_percent" not in profile.facts["company"]


def test_news_behind_a_direct_share_of_zero_is_not_allowed(law: Bundle) -> None:
    news = {**SITE, "offers": ["news"], "content": ["news"]}
    ultimate = decide(law, news)
    direct = decide(law, news, {"foreign_percent_basis": "direct"})
    assert ultimate.range[1] != "deny"
    assert direct.range[1] == "deny"
    assert ("company", "foreign_percent") in [fact.path for fact in direct.missing]


def test_a_direct_share_of_the_whole_is_the_whole(law: Bundle) -> None:
    news = {**SITE, "offers": ["news"], "content": ["news"]}
    assert decide(law, news, {"foreign_percent": 100, "foreign_percent_basis": "direct"}).decision == "deny"


@pytest.mark.parametrize("holder", ["company", "partner"])
def test_a_share_of_unknown_basis_asks_for_its_basis(law: Bundle, holder: str) -> None:
    """A fact is stated already; what it means is missing."""
    news = {**SITE, "offers": ["news"], "content": ["news"], "operated_by": holder}

    def ask(basis: str | None) -> list[Path]:
        stated = {holder: {"foreign_percent": 0, "foreign_percent_basis": basis}}
        return [fact.path for fact in decide(law, news, **stated).missing]

    assert (holder, "foreign_percent") in ask("direct")
    asked = ask(None)
    assert (holder, "foreign_percent_basis") in asked
    assert (holder, "foreign_percent") not in asked


def test_a_share_of_unknown_basis_is_never_milder_nor_stricter_than_either_basis(law: Bundle) -> None:
    order = ("allow", "needs-license", "deny")
    fixtures = [(copy.deepcopy(load_document(file).data), DAY) for file in fixture_files()]
    wider = 0
    for data, day in (*fixtures, *draw_profiles(trials(300), SEED)):
        for holder in ("company", "partner"):
            if not isinstance(data.get(holder), dict) or "foreign_percent" not in data[holder]:
                continue
            found = {}
            for basis in ("ultimate", "direct", None):
                entity = {**data[holder], "foreign_percent_basis": basis}
                decided = evaluate(law, load_profile({**data, holder: entity}), day)
                found[basis] = tuple(map(order.index, decided.range))
            stated = (found["ultimate"], found["direct"])
            where = f"{data['product']['id']} on {day}, {holder}: {found}"
            assert found[None][0] <= min(low for low, _ in stated), where
            assert found[None][1] >= max(high for _, high in stated), where
            wider += found[None] != found["ultimate"]
    assert wider > 20, "the basis decides too few of these profiles"


# --- something else


def test_something_else_beside_a_known_offer_leaves_the_service_open(law: Bundle) -> None:
    assert decide(law, SITE).range[1] != "deny"
    decision = decide(law, {**SITE, "offers": ["other", "company-site"]})
    assert (decision.decision, decision.range[1]) == ("incomplete", "deny")
    assert decision.services[0].state == "partly-classified"


def test_an_opinion_on_the_classes_settles_it(law: Bundle) -> None:
    service = {**SITE, "offers": ["other", "company-site"]}
    opinion = {"about": "class", "service": "site", "classes": [], "by": "the administration", "date": "2026-05-05"}
    settled = decide(law, service, opinions=[opinion])
    assert (settled.services[0].state, settled.range[1]) == ("not-telecom", decide(law, SITE).range[1])
    telecom = decide(law, service, opinions=[{**opinion, "classes": ["B24"]}])
    assert [activity.cls for activity in telecom.services[0].activities] == ["B24"]
    later = decide(law, service, opinions=[{**opinion, "date": "2026-11-25"}])
    assert later.decision == "incomplete"


# --- contradictions, refused at the door


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"area": []}, "Leave the fact out if it is not known."),
        ({"facilities": []}, "Leave the fact out if it is not known."),
        ({"audience": "own-group", "charges": ["users"]}, "has no paying users, merchants or advertisers"),
        ({"audience": "own-group", "charges": ["merchants"]}, "has no paying users, merchants or advertisers"),
        ({"audience": "own-group", "charges": ["advertisers"]}, "has no paying users, merchants or advertisers"),
        ({"audience": "own-group", "sells": ["outside-goods"]}, "for the own group only, nobody else sells"),
        ({"audience": "own-group", "sells": ["own-goods", "outside-services"]}, "nobody else sells"),
    ],
)
def test_a_contradiction_is_refused(facts: Mapping[str, object], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_profile(
            {"schema": 2, "product": {"id": "p"}, "company": {}, "services": [{"id": "s", "offers": ["saas"], **facts}]}
        )
    assert said in str(caught.value.problems[0])


@pytest.mark.parametrize("fact", ["registered_users", "monthly_users"])
@pytest.mark.parametrize(
    ("users", "audiences", "refused"),
    [
        (10_000_000, ["own-group"], True),
        (10_000_000, ["own-group", "own-group"], True),
        (5_000_000, ["own-group"], False),
        (10_000_000, ["own-group", "public"], False),
        (10_000_000, ["own-group", None], False),
        (10_000_000, ["business"], False),
    ],
)
def test_no_group_has_millions_of_users(fact: str, users: int, audiences: list[str | None], refused: bool) -> None:
    services = [{"id": f"s{index}", "audience": audience} for index, audience in enumerate(audiences)]
    data = {"schema": 2, "product": {"id": "p"}, "company": {}, "services": services, "data": {fact: users}}
    if refused:
        with pytest.raises(InvalidInput, match="With more than five million users"):
            load_profile(data)
    else:
        assert load_profile(data).facts["data"] == {fact: users}


# --- limits that every decision tells


def test_notices(law: Bundle) -> None:
    data = {"schema": 2, "product": {"id": "p"}, "company": {}, "services": [SITE]}
    full = {**data, "company": {"licenses": []}, "deals": [], "filings": []}
    assert [kind for kind, _ in notices(law, load_profile(full), str(law.known_until))] == ["not-advice"]
    (_, none), _ = notices(law, load_profile(data), str(law.known_until))
    assert none["en"] == "Not stated, so assumed none: licenses of the company, deals, filings done."
    assert none["zh"] == "未填写，按“无”处理：公司持有的许可、交易并购、已办备案。"
    assert [kind for kind, _ in notices(law, load_profile(data), "2027-01-01")] == [
        "later-law",
        "read-as-none",
        "not-advice",
    ]


def test_a_share_below_one_percent_is_pointed_out(law: Bundle) -> None:
    for percent, told in ((0, False), (0.5, True), (1, False)):
        data = {"schema": 2, "product": {"id": "p"}, "company": {"foreign_percent": percent}, "services": [SITE]}
        found = dict(notices(law, load_profile(data), str(law.known_until)))
        assert ("small-share" in found) is told
    half = {"schema": 2, "product": {"id": "p"}, "company": {"foreign_percent": 0.5}, "services": [SITE]}
    text = dict(notices(law, load_profile(half), str(law.known_until)))["small-share"]
    assert text["en"] == "company.foreign_percent: 0.5 is read as 0.5 percent. For one half, write 50."


def test_a_day_far_ahead_is_not_decided(law: Bundle) -> None:
    from vatspolicy.gate.gate import DayError, Gate

    assert law.covers_until == "2031-11-26"
    Gate(law, DAY, law.covers_until).check_day()
    with pytest.raises(DayError, match="more than five years after 2026-11-26"):
        Gate(law, DAY, "2031-11-27").check_day()
