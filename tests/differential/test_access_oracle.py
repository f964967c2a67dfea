"""Decisions against the access rules as a small oracle knows them, over random profiles and days of change.

None is milder. One that is stricter for a rule that stands in no list here is a finding: the law stops a launch, and
nobody has said why.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from tests.support.access_oracle import CLASSES, CODES, OUTCOMES, READINGS, Data, judge
from tests.support.access_profiles import days_around, draw_profiles
from tests.support.effort import SEED, trials
from tests.support.shipped import shipped_bundle
from vatspolicy.core.documents import Document, parse_document
from vatspolicy.core.engine.decision import Decision, Finding
from vatspolicy.core.engine.evaluator import evaluate, possible_outcomes
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import Profile, load_profile, trust_profile

OTHER_LAW = {
    "access-market-cleanup-2017/cooperation-in-disguise": "campaign of 2017: no resources for unlicensed operators",
    "access-market-cleanup-2017/domestic-network-reaching-abroad": "campaign of 2017: domestic networks end at home",
    "app-filing-notice/filing-subject": "an app on servers in the mainland is filed by a company there",
    "audiovisual-measures/control-by-contract": "audiovisual programs: no control by contract",
    "audiovisual-measures/no-state-capital": "audiovisual programs: state-owned or state-controlled units only",
    "audiovisual-measures/partner-without-permit": "content permits of the partner",
    "audiovisual-measures/permit": "content stated behind other offers needs the permit of that content",
    "broadcast-production-measures/partner-without-permit": "content permits of the partner",
    "broadcast-production-measures/permit": "content stated behind other offers needs the permit of that content",
    "cross-border-services-list/cross-border-supply": "cross-border list: supply from abroad by foreign suppliers",
    "cross-border-services-list/hainan-supply": "cross-border list of Hainan",
    "drug-information-2004/certificate": "certificate for drug information",
    "foreign-surveying-measures/navigation-map": "maps are closed to foreign shares also under contracts",
    "human-resources-market/permit": "permit of an employment agency",
    "icp-filing-measures/filing-subject": "servers in the mainland are filed by a company there",
    "internet-culture-measures/game-permit": "games, before 2019",
    "internet-culture-measures/partner-without-permit": "content permits of the partner",
    "internet-culture-measures/permit": "content stated behind other offers needs the permit of that content",
    "internet-hospital/servers-in-mainland": "servers of internet hospitals stand in the mainland",
    "internet-news-measures/cooperation": "a news unit has its cooperation with a foreign-invested company assessed",
    "internet-news-measures/partner-without-permit": "content permits of the partner",
    "internet-news-measures/permit": "content stated behind other offers needs the permit of that content",
    "job-agencies-2008/permit": "permit of an employment agency, before 2018",
    "mii-notice-2006/facilities-abroad": "hosted abroad for users in the mainland",
    "negative-list-general/film-television": "programs and films are closed also where they reach the mainland from abroad",
    "negative-list-general/film-television-outside-cepa": "programs and films, after the second amendment of CEPA",
    "negative-list-general/navigation-map": "maps are closed to foreign shares also under contracts",
    "online-drug-sale/business-license": "license of a drug seller",
    "online-drug-sale/local-seller": "drug sellers are of the mainland",
    "online-drug-sale/partner-without-license": "license of a drug seller",
    "online-drug-sale/specially-controlled": "drugs that nobody sells online, on days before the oracle's",
    "online-game-notice-2009/control-by-contract": "games: no control by contract",
    "online-publishing-measures/cooperation": "projects of publishers with foreign companies are approved",
    "online-publishing-measures/game-approval": "each game is approved",
    "online-publishing-measures/partner-without-permit": "content permits of the partner",
    "online-publishing-measures/permit": "content stated behind other offers needs the permit of that content",
    "online-publishing-measures/servers-at-home": "servers of publishers stand in the mainland",
    "payment-institutions/capital": "capital of payment institutions",
    "payment-institutions/change-of-holders": "a payment institution is one also where its service stays in its group",
    "payment-institutions/company-in-mainland": "payment institutions are companies of the mainland",
    "payment-institutions/partner-without-permit": "permit of the partner",
    "payment-institutions/systems-in-mainland": "systems of payment institutions stand in the mainland",
    "payment-services-2010/permit": "permit for payment, before the regulations of 2024",
    "religious-affairs-regulations/consent": "religious information, before the measures of 2022",
    "school-tutoring/approval": "tutoring of school subjects is approved",
    "school-tutoring/control-by-contract": "tutoring: no control by contract",
    "school-tutoring/foreign-share": "tutoring is closed to foreign shares",
    "surveying-law/foreign-surveying": "surveying by foreigners is approved",
    "surveying-law/navigation-map-qualification": "maps on days before the oracle's",
    "surveying-law/partner-without-qualification": "qualification of the partner",
    "tourism-law/partner-without-outbound-permit": "the partner holds the outbound permit before it sells",
    "travel-agency-regulations/local-agency": "travel agencies are of the mainland",
}
"""Rules that the oracle does not know, with what they are about."""

TELECOM = {
    "fite-provisions/capital", "fite-provisions/capital-beyond-province", "mii-notice-2006/license-lending",
    "mii-notice-2006/partner-not-licensed", "mii-notice-2006/supply-without-licensed-company",
    "telecom-licensing-measures/capital", "telecom-licensing-measures/capital-beyond-province",
    "telecom-licensing-measures/discredited", "telecom-licensing-measures/facilities",
    "telecom-licensing-measures/funds-and-staff", "telecom-licensing-measures/long-term-service",
    "telecom-licensing-measures/premises", "telecom-licensing-measures/technical-plan",
    "telecom-regulations/company-form", "telecom-regulations/license-duty", "telecom-regulations/local-company",
}  # fmt: skip
"""Rules on classes of the Catalog that the oracle knows too; they may be stricter only as `READ_MORE_STRICTLY` says."""

ZONES_SINCE = {"hainan": "2018-10-16", "shanghai-lingang": "2019-08-20", "beijing": "2020-09-24"}
"""Day on which a zone among those of the profiles was set up, where that is later than the list for zones."""


class Case(NamedTuple):
    """A finding about one class of one service, with what the profile says of it."""

    profile: Data
    service: Data
    cls: str
    day: str

    @property
    def operator(self) -> Data:
        """The operator of the service."""
        found: Data = self.profile["company" if self.service["operated_by"] == "company" else "partner"]
        return found

    @property
    def zones(self) -> set[str]:
        """Zones of the registered office and of the facilities."""
        return {self.operator["registered"]["ftz"], *(one["ftz"] for one in self.service["facilities"])}


def _is_other_class(case: Case) -> bool:
    """True for a class that the oracle gives to no offer of the service."""
    return all(CODES.get(CLASSES.get(offer, "")) != case.cls for offer in case.service["offers"])


def _is_second_amendment(case: Case) -> bool:
    return case.day >= "2025-03-01" and "cepa-supplier" in case.operator["certificates"]


def _is_access_beyond_its_place(case: Case) -> bool:
    registered = case.operator["registered"]
    beyond = registered["ftz"] != "none" or any(place != registered["at"] for place in case.service["area"])
    return case.cls == "B14-users" and (beyond or not case.service["through_basic_carrier"])


def _is_bound_to_facilities(case: Case) -> bool:
    return case.cls in {"B14-users", "B14-operators"} and _holds(case, "vats-license")


def _is_license_outside_its_route(case: Case) -> bool:
    return _holds(case, "pilot-approval") or (_holds(case, "vats-license") and case.operator["foreign_percent"] > 0)


def _is_young_zone(case: Case) -> bool:
    return case.day < ZONES_SINCE.get(case.operator["registered"]["ftz"], "")


def _is_hainan_with_its_own_list(case: Case) -> bool:
    return case.operator["registered"]["at"] == "hainan" and case.day >= "2021-02-01"


def _holds(case: Case, *instruments: str) -> bool:
    licenses = case.operator["licenses"]
    return any(one["instrument"] in instruments and case.cls in one["classes"] for one in licenses)


READ_MORE_STRICTLY: tuple[tuple[str, Callable[[Case], bool]], ...] = (
    ("a class of content, functions or further offers, which the oracle leaves out", _is_other_class),
    ("contested: the stricter reading of a cloud platform comes first", lambda case: bool(READINGS.keys() & set(case.service["offers"]))),
    ("the second amendment of CEPA opens nothing as long as nobody has read its schedule", _is_second_amendment),
    ("internet access that a zone or a pilot opens takes lines of basic carriers and serves that place alone", _is_access_beyond_its_place),
    ("a license for internet access covers the facilities and the users", _is_bound_to_facilities),
    ("a license counts for the route that gave it: a pilot approval for foreign shares, a license for the open share", _is_license_outside_its_route),
    ("facilities lie in another zone than the registered office", lambda case: len(case.zones - {"none"}) > 1),
    ("the zone was set up later", _is_young_zone),
    ("Hainan has a list of its own in place of that of the zones", _is_hainan_with_its_own_list),
    ("a share that contracts give to the company counts beside the share of the partner", lambda case: case.service["operated_by"] == "contract-controlled"),
)  # fmt: skip


def unreasoned(decision: Decision, profile: Data, day: str) -> Iterator[str]:
    """Yield the findings behind a decision that is stricter than the oracle, for which no list has a reason."""
    for finding in _findings(decision):
        name = finding.rule.name
        if name in OTHER_LAW:
            continue
        case = _case(finding, profile, day)
        if case is None or name not in TELECOM or not any(holds(case) for _, holds in READ_MORE_STRICTLY):
            yield f"{name} ({finding.subject.service}, {finding.subject.cls})"


def _findings(decision: Decision) -> Iterator[Finding]:
    mildest = decision.range[0]
    if mildest == "deny":
        yield from (one for one in decision.denials if one.state in ("fires", "closed"))
    else:
        yield from (one for one in (*decision.needs, *decision.would_need) if one.state == "unmet")


def _case(finding: Finding, profile: Data, day: str) -> Case | None:
    cls = finding.subject.cls
    if cls is None:
        return None
    service = next(one for one in profile["services"] if one["id"] == finding.subject.service)
    return Case(profile, service, cls, day)


COUNT = trials(100_000)
"""How many profiles are decided: 10,000 in `make test`; VATSPOLICY_FUZZ=5 takes 500,000."""
SHARES = 10
CHECKED = 20
"""One profile in so many is checked by schema and invariants; drawing and reading cost more than deciding."""
_NOWHERE = parse_document("{}", "<drawn>.json").root


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return shipped_bundle()


@pytest.mark.parametrize("share", range(SHARES))
def test_no_decision_is_milder_than_the_oracle_or_stricter_without_a_reason(share: int, shipped: Bundle) -> None:
    """Each share has days of its own, so that each rule set is made for one of them."""
    milder, stricter = [], []
    days = days_around(shipped.boundaries)
    own = days[share * len(days) // SHARES : (share + 1) * len(days) // SHARES]
    for number, (data, day) in enumerate(draw_profiles(COUNT // SHARES, (SEED - 1) * SHARES + share, own)):
        outcome, reasons = judge(data, day)
        ruleset = shipped.on(day)
        profile = (load_profile(data) if number % CHECKED == 0 else _trust(data)).grant_all()
        mildest, strictest = possible_outcomes(ruleset, profile, day, asking=False).range
        decided = mildest if mildest == strictest else strictest  # an open decision passes nothing
        if OUTCOMES.index(decided) < outcome:
            milder.append(f"{day} {decided} where the oracle says {OUTCOMES[outcome]}: {reasons}\n{json.dumps(data)}")
        if OUTCOMES.index(mildest) > outcome:
            decision = evaluate(shipped, profile, day, compare=False, explain=False, ruleset=ruleset)
            stricter += [f"{day} {rule}\n{json.dumps(data)}" for rule in unreasoned(decision, data, day)]
    assert not milder, f"{len(milder)} of {COUNT // SHARES}\n" + "\n".join(milder[:3])
    assert not stricter, f"{len(stricter)} of {COUNT // SHARES}\n" + "\n".join(stricter[:3])


def _trust(data: Mapping[str, Any]) -> Profile:
    return trust_profile(Document("<drawn>", data, "", _NOWHERE))
