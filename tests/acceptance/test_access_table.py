"""The table of the article, cell by cell: services × regimes → highest foreign share, and the days on which it changed.

The expectation is written down here by hand, apart from the policies: a row of classes, a column of places, and what each
regime opens. The decisions come from the whole shipped bundle.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.members import for_each
from tests.support.shipped import shipped_bundle
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Route
from vatspolicy.core.profile.profile import load_profile

ROWS = {
    "data-center": "B11",
    "cloud-infrastructure": "B11",
    "cloud-platform": "B11",
    "cdn": "B12",
    "internet-access-users": "B14-users",
    "internet-access-operators": "B14-operators",
    "marketplace": "B21-transaction",
    "iot-platform": "B21-device-data",
    "data-interchange": "B21-interchange",
    "information-publishing": "B25-publishing",
    "app-store": "B25-app-store",
    "information-search": "B25-search",
    "community": "B25-community",
    "messaging": "B25-messaging",
    "security-protection": "B25-protection",
    "conferencing": "B22",
    "e-mail": "B23",
    "call-center": "B24",
    "domestic-ip-vpn": "B13",
    "protocol-conversion": "B26",
}
UNCAPPED = {"B21-transaction", "B22", "B23", "B24"}
HALF = {"B21-device-data", "B21-interchange", "B25-publishing", "B25-app-store", "B25-search", "B25-community"}
HALF |= {"B25-messaging", "B25-protection", "B26"}
PILOT = {"B11", "B12", "B21-transaction", "B21-device-data", "B21-interchange"}
PILOT |= {"B25-publishing", "B25-app-store", "B25-protection"}
ACCESS = {"B14-users", "B14-operators"}


def at(code: str, ftz: str = "none") -> dict[str, str]:
    return {"at": code, "ftz": ftz}


# site, services-opening pilot (since 2025-04-11), free-trade zone, VATS pilot
PLACES: dict[str, tuple[dict[str, str], bool, bool, bool]] = {
    "general list (Hangzhou)": (at("hangzhou"), True, False, False),
    "general list (Zhengzhou)": (at("zhengzhou"), False, False, False),
    "general list (Xuhui)": (at("shanghai-xuhui"), True, False, False),
    "free-trade zone (Zhengzhou)": (at("zhengzhou", "henan"), False, True, False),
    "Hainan": (at("haikou", "hainan"), True, True, True),
    "Beijing outside the zone": (at("beijing"), True, False, True),
    "Lin-gang": (at("shanghai-lingang", "shanghai-lingang"), True, True, True),
    "Pudong outside the zone": (at("shanghai-pudong"), True, False, True),
    "Shenzhen outside the zone": (at("shenzhen"), True, False, True),
    "Shenzhen in the zone": (at("shenzhen", "guangdong"), True, True, True),
}


def cell(cls: str, place: str, local: bool, day: str) -> tuple[int, set[str]]:
    """Highest share, and the routes beside the general list."""
    _, services, zone, pilot = PLACES[place]
    found: dict[str, int] = {}
    if zone and (cls == "B25-app-store" or (cls == "B14-users" and local)):
        found["ftz"] = 100
    if zone and cls == "B13":
        found["ftz"] = 50
    opened = cls in ("B25-app-store", "B13") or (cls == "B14-users" and local)
    if services and day >= "2025-04-11" and opened:
        found["services-opening"] = 50 if cls == "B13" else 100
    if place.startswith("Beijing") and day < "2025-04-11" and opened:
        found["beijing-opening"] = 50 if cls == "B13" else 100
    if pilot and (cls in PILOT or (cls in ACCESS and local)):
        found["pilot"] = 100
    if place == "Hainan" and (cls in ("B21-device-data", "B21-interchange") or (cls in ("B11", "B12") and local)):
        found["hainan"] = 100
    floor = 100 if cls in UNCAPPED else 50 if cls in HALF else 0
    return max([floor, *found.values()]), set(found)


def profile(offer: str, share: float, site: dict[str, str], area: list[Any], **company: Any) -> dict[str, Any]:
    service = {
        "id": "s", "offers": [offer], "operated_by": "company", "audience": "business", "channels": ["website"],
        "hosting": "mainland", "charges": ["users"], "sells": [], "content": [], "features": [], "area": area,
        "facilities": [site], "through_basic_carrier": True, "rents_outside_region": False,
    }  # fmt: skip
    owner = {
        "foreign_percent": share, "foreign_percent_basis": "ultimate", "mainland_entity": True, "legal_form": "limited-company", "registered": site,
        "registered_capital_rmb": 20_000_000, "lacking_means": [], "discredited": [], "certificates": [],
        "investor_track_record": True, "investor_origin": ["DE"], **company,
    }  # fmt: skip
    return {"schema": 2, "product": {"id": "p"}, "company": owner, "services": [service], "data": {"persons": 0}}


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return shipped_bundle()


def decide(bundle: Bundle, facts: dict[str, Any], day: str) -> Decision:
    return evaluate(bundle, load_profile(facts), day)


@for_each(PLACES, ["2025-03-31", "2026-11-24"])
def test_every_cell(place: str, day: str, bundle: Bundle) -> None:
    site = PLACES[place][0]
    wrong = []
    for offer, cls in ROWS.items():
        for local in (False, True):
            area = (
                [{"at": "hainan"}, {"at": "overseas"}]
                if local and place == "Hainan" and cls in ("B11", "B12")
                else [site]
            )
            best, routes = cell(cls, place, local, day)
            for share in (50, 50.01, 100):
                decision = decide(bundle, profile(offer, share, site, area if local else ["china"]), day)
                activity = decision.services[0].activities[0]
                word = "needs-license" if share <= best else "deny"
                is_open = {
                    s.rule.effect.name
                    for s in activity.routes
                    if s.state == "open" and isinstance(s.rule.effect, Route)
                }
                expected = {name for name in routes if not (cls == "B13" and share > 50)}
                expected |= {"general"} if cls in UNCAPPED or (cls in HALF and share <= 50) else set()
                if (activity.cls, decision.decision, is_open) != (cls, word, expected):
                    wrong.append(
                        f"{offer} at {share}, {'local' if local else 'nationwide'}: {decision.decision} by {sorted(is_open)}, not {word} by {sorted(expected)}"
                    )
    assert wrong == []


HONG_KONG = {"investor_origin": ["HK", "CN"], "certificates": ["cepa-supplier"], "supplier_percent": 50}
BOUNDARIES = [
    ("e-commerce in the Shanghai zone", profile("marketplace", 100, at("shanghai-pudong", "shanghai-original"), ["china"]), "2015-01-13"),
    ("e-commerce in the whole country", profile("marketplace", 100, at("hangzhou"), ["china"]), "2015-06-19"),
    ("half of a data center for a Hong Kong supplier", profile("data-center", 50, at("guangzhou"), ["china"], **HONG_KONG), "2016-06-30"),
    ("app store in every zone", profile("app-store", 100, at("zhengzhou", "henan"), ["china"]), "2018-07-30"),
    ("call center in the whole country", profile("call-center", 100, at("hangzhou"), ["china"]), "2019-07-30"),
    ("internet of things in Hainan", profile("iot-platform", 100, at("haikou", "hainan"), ["china"]), "2021-02-01"),
    ("data center in Hainan for the island and abroad", profile("data-center", 100, at("haikou", "hainan"), ["hainan", "overseas"]), "2021-02-01"),
    ("half of a portal without record of the investor", profile("information-publishing", 50, at("hangzhou"), ["zhejiang"], investor_track_record=False), "2022-05-01"),
    ("data center in the pilot", profile("data-center", 100, at("shanghai-lingang", "shanghai-lingang"), ["china"]), "2024-10-23"),
    ("app store in the services-opening pilot", profile("app-store", 100, at("hangzhou"), ["china"]), "2025-04-11"),
    ("half of a private network in the services-opening pilot", profile("domestic-ip-vpn", 50, at("hangzhou"), ["china"]), "2025-04-11"),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "day"), [pair[1:] for pair in BOUNDARIES], ids=[pair[0] for pair in BOUNDARIES])
def test_the_day_it_opens(bundle: Bundle, facts: dict[str, Any], day: str) -> None:
    import datetime

    before = (datetime.date.fromisoformat(day) - datetime.timedelta(days=1)).isoformat()
    assert [decide(bundle, facts, at_day).decision for at_day in (before, day)] == ["deny", "needs-license"]


@for_each(
    ["news", "publishing", "audiovisual", "performance", "game"],
    ["general list (Hangzhou)", "Beijing outside the zone", "free-trade zone (Zhengzhou)"],
)
def test_closed_content_is_closed_to_one_percent_everywhere(content: str, place: str, bundle: Bundle) -> None:
    facts = profile("information-publishing", 1, PLACES[place][0], ["china"])
    facts["services"][0]["content"] = [content]
    decision = decide(bundle, facts, "2026-11-24")
    assert decision.decision == "deny"
    assert any("PROHIBITED-SECTOR" in finding.reasons for finding in decision.denials)


def test_domain_resolution_is_read_as_b26_first(bundle: Bundle) -> None:
    decision = decide(bundle, profile("domain-resolution", 50, at("hangzhou"), ["china"]), "2026-11-24")
    assert decision.decision == "needs-license"
    assert [activity.cls for activity in decision.services[0].activities] == ["B26"]
    assert decision.readings
