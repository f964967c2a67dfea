"""Random profiles whose access facts are all stated, for the oracle of the access rules."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from tests.support.access_oracle import CLASSES, CODES, PERMITS, READINGS, Data
from tests.support.effort import LONG

SITES = (
    *("beijing", "shanghai-pudong", "shanghai-lingang", "shanghai-xuhui", "hainan", "shenzhen"),
    *("hangzhou", "guangzhou", "ningbo", "zhengzhou", "guiyang"),
)
AREAS: tuple[list[str], ...] = (
    *(["china"], ["china", "overseas"], ["beijing"], ["guangdong"], ["hainan"], ["hainan", "overseas"]),
    *(["shenzhen"], ["zhejiang"], ["zhejiang", "shanghai"], ["overseas"]),
)
ZONES = {
    "beijing": "beijing", "shanghai-pudong": "shanghai", "shanghai-lingang": "shanghai-lingang", "hainan": "hainan",
    "shenzhen": "guangdong", "guangzhou": "guangdong", "hangzhou": "zhejiang", "ningbo": "zhejiang",
    "zhengzhou": "henan",
}  # fmt: skip
DAYS = ("2018-08-01", "2019-08-01", "2021-03-01", "2022-06-01", "2024-06-01", "2024-12-01", "2025-05-01", "2026-11-26")
SINCE = DAYS[0]
"""First day that the oracle knows the law of."""
DRUGS = ("own-authorized", "of-other-holders", "specially-controlled", "high-risk")
CHANNELS = ("mini-program", "official-account", "app", "website")
MEANS = ("staff", "premises", "facilities", "plan", "long-term-service")
TRADE = (
    "own-shop", "company-site", "saas", "recruitment", "advertising", "ticketing", "travel-packages", "adult-training",
    "film-television", "navigation-map", "religion", "drug-sale", "payment", "school-tutoring", "online-consultation",
)  # fmt: skip
"""Offers that the oracle gives no class; what else such a service states counts all the same."""
OTHER_PERMITS = (
    "outbound-travel-permit",
    "school-tutoring-approval",
    "payment-change-approval",
    "security-review-clearance",
)


def days_around(changes: Sequence[str]) -> list[str]:
    """Return the days on which the law changes with the eve of each, and `DAYS` as often as all of these, in order.

    A short run takes every third: a rule set of a day costs as much as thirty decisions.
    """
    known = [date.fromisoformat(day) for day in changes if day > SINCE]
    around = [day.isoformat() for change in known for day in (change - timedelta(days=1), change)]
    return sorted((*around, *DAYS * max(1, len(around) // len(DAYS))))[:: 1 if LONG else 3]


def draw_profiles(count: int, seed: int, days: Sequence[str] = DAYS) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield profiles as they would be written, each with one of the days."""
    draw = random.Random(seed)
    for number in range(count):
        yield _draw_profile(draw, number), draw.choice(days)


def _draw_profile(draw: random.Random, number: int) -> dict[str, Any]:
    profile: dict[str, Any] = {"schema": 2, "product": {"id": f"p-{number}"}, "company": _draw_entity(draw)}
    partner = _draw_entity(draw, foreign=0.2)
    services = [_draw_service(draw, index, profile["company"], partner) for index in range(draw.choice((1, 1, 1, 2)))]
    if any(service["operated_by"] != "company" for service in services):
        profile["partner"] = partner
    deals = []
    if draw.random() < 0.1:
        deals = [_draw_deal(draw)]
    return {**profile, "services": services, "deals": deals, "opinions": list(_draw_opinions(draw, services))}


def _draw_opinions(draw: random.Random, services: Sequence[Data]) -> Iterator[dict[str, Any]]:
    """Yield written answers of an administration that a service by accounts on other platforms needs no license."""
    for service in services:
        if service["offers"] == ["marketplace"] and "website" not in service["channels"] and draw.random() < 0.5:
            answered = draw.choice(("2021-05-06", "2025-01-10"))
            yield {
                "about": "class",
                "service": service["id"],
                "classes": [],
                "by": "communications administration",
                "authority": "provincial-ca",
                "date": answered,
            }


def _draw_channels(draw: random.Random, offers: Sequence[str]) -> list[str]:
    if "marketplace" in offers or draw.random() < 0.1:
        return draw.sample(CHANNELS, draw.choice((1, 1, 2)))
    return ["website"]


def _draw_deal(draw: random.Random) -> dict[str, Any]:
    changes = ("main-shareholder", "controller", "foreign-control", "merger-or-division")
    after = draw.choice((0, 40, 50, 100))
    none: list[list[str]] = (
        [] if after == 100 else [[]]
    )  # foreign investors with all shares have influence and are new holders
    return {
        "kind": "acquisition",
        "target": draw.choice(("company", "partner", "other")),
        "foreign_percent_after": after,
        "foreign_influence": draw.choice((*none, *none, ["resolutions"])),
        "holders_change": draw.choice((*none, *([change] for change in changes))),
        "sectors": draw.choice(([], [], ["important-it"], ["defense"])),
    }


def _draw_entity(draw: random.Random, foreign: float = 0.75) -> dict[str, Any]:
    share = draw.choice((10, 30, 49, 50, 51, 75, 100)) if draw.random() < foreign else 0
    at = draw.choice(SITES)
    mainland = draw.random() < 0.85
    forms = ("limited-company",) * 6 + ("joint-stock-company", "partnership", "public-institution")
    return {
        "foreign_percent": share, "foreign_percent_basis": "ultimate",
        "state_percent": draw.choice((0, 0, 51)) if share < 50 else 0, "mainland_entity": mainland,
        "legal_form": draw.choice(forms) if mainland else "foreign-corporation",
        "investor_origin": draw.choice((["DE"], ["US"], ["HK"], ["HK", "FR"])) if share else [],
        "certificates": [*(["cepa-supplier"] if share and draw.random() < 0.3 else []), *(["travel-agency-two-years"] if draw.random() < 0.3 else [])],
        "supplier_percent": draw.choice((0, share // 2, share, share)),
        "registered": {"at": at, "ftz": _draw_zone(draw, at)} if mainland else {"at": "overseas", "ftz": "none"},
        "registered_capital_rmb": draw.choice((500_000, 1_000_000, 5_000_000, 10_000_000, 10_000_000)),
        "lacking_means": [draw.choice(MEANS)] if draw.random() < 0.06 else [],
        "discredited": ["manager"] if draw.random() < 0.06 else [],
        "licenses": [_draw_license(draw) for _ in range(draw.choice((0, 0, 1, 2)))],
    }  # fmt: skip


def _draw_license(draw: random.Random) -> dict[str, Any]:
    if draw.random() < 0.4:
        permit = draw.choice((*sorted({permit for permit, _ in PERMITS.values()}), *OTHER_PERMITS))
        return {"instrument": permit, "valid_until": draw.choice(("2020-01-01", "2029-01-01"))}
    return {
        "instrument": draw.choice(("vats-license", "vats-license", "pilot-approval")),
        "classes": draw.sample(sorted(CODES.values()), 3),
        "area": draw.choice((["china"], ["beijing"], ["guangdong"], ["zhejiang"])),
        "valid_until": draw.choice(("2020-01-01", "2024-08-01", "2027-06-30", "2029-01-01")),
    }


def _draw_zone(draw: random.Random, at: str) -> str:
    return ZONES.get(at, "none") if draw.random() < 0.5 or at == "hainan" else "none"


def _draw_sales(draw: random.Random, offers: list[str], audience: str) -> list[str]:
    """Return who sells: on a marketplace others do, and drugs are the company's own half of the time."""
    others = ["outside-goods"] if "marketplace" in offers and audience != "own-group" else []
    return [*others, *(["own-goods"] if "drug-sale" in offers and draw.random() < 0.5 else [])]


def _draw_service(draw: random.Random, index: int, company: Data, partner: Data) -> dict[str, Any]:
    offers = [draw.choice(sorted((*CLASSES, *READINGS)) if draw.random() < 0.7 else TRADE)]
    if draw.random() < 0.15:
        offers.append(draw.choice(("news", "e-books", "video-sharing", "online-game", *TRADE)))
    operated_by = draw.choice(("company",) * 6 + ("partner", "partner", "contract-controlled"))
    owner = "company" if operated_by == "company" else "partner"
    seat = (company if operated_by == "company" else partner)["registered"]["at"]
    home = seat if seat in SITES and draw.random() < 0.8 else draw.choice(SITES)
    where = [home, *(draw.choice((*SITES, "overseas")) for _ in range(draw.choice((0, 0, 1))))]
    abroad = draw.random() < 0.1
    audience = draw.choice(("public", "public", "business", "own-group"))
    return {
        "id": f"s{index}",
        "offers": list(dict.fromkeys(offers)),
        "operated_by": operated_by,
        "customer_contract": draw.choice(("company", "partner")) if operated_by != "company" else "company",
        "audience": audience,
        "channels": _draw_channels(draw, offers),
        "hosting": "overseas" if abroad else "mainland",
        "area": draw.choice(AREAS),
        "facilities": [
            {"at": at, "ftz": _draw_zone(draw, at), "kind": "servers", "tenure": "lease", "owner": owner}
            for at in (["overseas"] if abroad else list(dict.fromkeys(where)))
        ],
        "charges": draw.choice(([], ["users"], ["advertisers"])) if audience != "own-group" else [],
        "sells": _draw_sales(draw, offers, audience),
        "content": draw.sample(("news", "publishing", "audiovisual", "performance", "game", "music", "education"), 1)
        if draw.random() < 0.15
        else [],
        "features": ["outbound-travel"] if "travel-packages" in offers and draw.random() < 0.5 else [],
        "drugs": draw.choice((*([] if "drug-sale" in offers else [[]]), *([drug] for drug in DRUGS))),
        "direct_to_terminals": draw.random() < 0.5,
        "satellites": [draw.choice(("licensed", "foreign-approved", "foreign"))],
        "through_gateway": draw.random() < 0.6,
        "through_basic_carrier": draw.random() < 0.7,
        "rents_outside_region": draw.random() < 0.2,
    }
