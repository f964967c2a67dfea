"""Facts that are not what they seem: what a partner holds, a direct share, something else beside a known offer."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.support.shipped import shipped_bundle
from vatspolicy import evaluate, load_profile
from vatspolicy.engine.decision import Decision
from vatspolicy.engine.notices import notices
from vatspolicy.errors import InvalidInput
from vatspolicy.policies.bundle import Bundle

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
    whole = {"foreign_percent": 0, "mainland_entity": True, "discredited": [], **(company or {})}
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
        ({"audience": "own-group", "charges": ["users"]}, "has no paying users or merchants"),
        ({"audience": "own-group", "charges": ["merchants"]}, "has no paying users or merchants"),
    ],
)
def test_a_contradiction_is_refused(facts: Mapping[str, object], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_profile(
            {"schema": 2, "product": {"id": "p"}, "company": {}, "services": [{"id": "s", "offers": ["saas"], **facts}]}
        )
    assert said in str(caught.value.problems[0])


# --- limits that every decision tells


def test_notices(law: Bundle) -> None:
    data = {"schema": 2, "product": {"id": "p"}, "company": {}, "services": [SITE]}
    full = {**data, "company": {"licenses": []}, "deals": [], "filings": []}
    assert [kind for kind, _ in notices(law, load_profile(full), str(law.known_until))] == []
    [(_, none)] = notices(law, load_profile(data), str(law.known_until))
    assert none["en"] == "Not stated, and read as none: licenses of the company, deals, filings done."
    assert none["zh"] == "未填写，按无处理：公司持有的许可、交易并购、已办备案。"
    assert [kind for kind, _ in notices(law, load_profile(data), "2027-01-01")] == ["later-law", "read-as-none"]


def test_a_day_far_ahead_is_not_decided(law: Bundle) -> None:
    from vatspolicy.gate.gate import DayError, Gate

    assert law.covers_until == "2031-11-26"
    Gate(law, DAY, law.covers_until).check_day()
    with pytest.raises(DayError, match="more than five years after 2026-11-26"):
        Gate(law, DAY, "2031-11-27").check_day()
