"""Profiles that state less than a rule reads: a license without kinds or last day, an address without its district."""

from __future__ import annotations

import functools
import itertools
from typing import Any

from vatspolicy.core.profile.profile import Profile, load_profile

# --- licenses of B21 or B25


def licensed(offer: str, **license: Any) -> dict[str, Any]:
    held = {"instrument": "vats-license", "area": ["china"], "valid_until": "2030-01-01", **license}
    company = {
        "foreign_percent": 0, "foreign_percent_basis": "ultimate", "mainland_entity": True, "investor_origin": ["CN"], "registered": "hangzhou",
        "registered_capital_rmb": 20000000, "lacking_means": [], "discredited": [], "legal_form": "limited-company",
        "licenses": [held],
    }  # fmt: skip
    service = {
        "id": "s", "offers": [offer], "operated_by": "company", "audience": "public", "hosting": "mainland",
        "channels": ["website"], "area": ["china"], "charges": ["users"], "content": [], "features": [], "sells": [],
        "facilities": ["hangzhou"],
    }  # fmt: skip
    data = {"persons": 0, "leaves_mainland": False, "important": False, "ciio": False}
    return {"schema": 2, "product": {"id": "p"}, "company": company, "services": [service], "data": data}


LICENSED = [
    (licensed("information-search", classes=["B25"]), "incomplete"),
    (licensed("information-search", classes=["B25"], kinds=["B25-search"]), "allow"),
    (licensed("information-search", classes=["B25"], kinds=["B25-publishing"]), "needs-license"),
    (licensed("information-search", classes=["B25-search"]), "allow"),
    (licensed("information-search", classes=["B21"]), "needs-license"),
    (licensed("information-search", classes=["B21"], kinds=["B25-search"]), "needs-license"),
    (licensed("marketplace", classes=["B21"]), "incomplete"),
    (licensed("marketplace", classes=["B21"], kinds=["B21-transaction"]), "allow"),
    (licensed("cdn", classes=["B25", "B12"]), "allow"),
    (licensed("cdn", classes=["B25"]), "needs-license"),
]
"""Profiles with the word that each is decided with."""

# --- addresses in Shanghai

SHOP = {
    "id": "shop", "offers": ["own-shop"], "operated_by": "company", "audience": "public", "channels": ["website"],
    "hosting": "mainland", "area": ["china"], "charges": [], "content": [], "features": [], "sells": ["own-goods"],
    "facilities": [{"at": "shanghai", "kind": "rented-cloud", "tenure": "lease"}],
}  # fmt: skip
HOSTING = {
    "id": "hosting", "offers": ["data-center"], "operated_by": "company", "audience": "business", "hosting": "mainland",
    "channels": ["website"], "area": ["china"], "charges": ["users"], "content": [], "features": [],
    "facilities": [{"at": "shanghai-pudong", "kind": "data-center", "tenure": "own", "ftz": "none"}],
    "rents_outside_region": False,
}  # fmt: skip
FOREIGN = {
    "foreign_percent": 100, "foreign_percent_basis": "ultimate", "investor_origin": ["US"], "licenses": [],
    "registered_capital_rmb": 20000000, "lacking_means": [], "discredited": [], "legal_form": "limited-company",
}  # fmt: skip
DOMESTIC = {**FOREIGN, "foreign_percent": 0, "investor_origin": ["CN"]}


def located(company: dict[str, Any], service: dict[str, Any], office: Any, machines: Any = None) -> dict[str, Any]:
    if machines is not None:
        service = {**service, "facilities": [{**service["facilities"][0], "at": machines}]}
    return {
        "schema": 2,
        "product": {"id": "p"},
        "company": {**company, "registered": office},
        "services": [service],
        "data": {"persons": 0, "leaves_mainland": False, "important": False, "ciio": False},
    }


LOCATED = [
    located(FOREIGN, HOSTING, "shanghai"),
    located(FOREIGN, HOSTING, {"at": "shanghai", "ftz": "none"}),
    located(FOREIGN, HOSTING, {"at": "shanghai-pudong", "ftz": "none"}, "shanghai"),
    located(FOREIGN, {**HOSTING, "offers": ["app-store"]}, "shanghai", "shanghai"),
    located(FOREIGN, {**HOSTING, "offers": ["domestic-ip-vpn"]}, "shanghai", "nanjing"),
    located(FOREIGN, SHOP, "shanghai"),
    located(DOMESTIC, HOSTING, "shanghai", "shanghai"),
]

# --- the validity of a license

DAY = "2026-11-24"
LICENSES: tuple[dict[str, Any], ...] = tuple(
    {
        **({} if valid is None else {"valid": valid}),
        **({} if last is None else {"valid_until": last}),
    }
    for valid, last in itertools.product((None, True, False), (None, "2026-11-23", DAY))
)
"""What a profile may say of the validity of a license."""
SERVICES = {
    "payment": "payment-permit",
    "travel-packages": "travel-agency-permit",
    "video-sharing": "audiovisual-permit",
    "recruitment": "hr-service-permit",
}
"""Offers with the license that rules look for by its last day, or by what it covers."""


def holding(offer: str, stated: dict[str, Any], operated_by: str) -> dict[str, Any]:
    """A domestic product that holds the license of its offer, of which the validity is stated so."""
    holder = {
        "foreign_percent": 0, "foreign_percent_basis": "ultimate", "mainland_entity": True,
        "legal_form": "limited-company", "investor_origin": ["CN"], "registered": {"at": "hangzhou", "ftz": "none"},
        "registered_capital_rmb": 200_000_000, "state_percent": 100, "lacking_means": [], "discredited": [],
        "certificates": [], "licenses": [{"instrument": SERVICES[offer], **stated}],
    }  # fmt: skip
    return {
        "schema": 2,
        "product": {"id": "p"},
        "company": holder if operated_by == "company" else {**holder, "licenses": []},
        **({"partner": holder} if operated_by == "partner" else {}),
        "services": [
            {
                "id": "s", "offers": [offer], "operated_by": operated_by, "customer_contract": operated_by, "audience": "public",
                "channels": ["website"], "hosting": "mainland", "area": ["china"],
                "facilities": [{"at": "hangzhou", "ftz": "none", "kind": "servers", "tenure": "lease"}],
                "charges": ["users"], "sells": [], "content": [], "features": [],
            }
        ],
        "data": {"persons": 0, "leaves_mainland": False, "important": False, "ciio": False},
    }  # fmt: skip


CONFIRMED = [
    (offer, stated, operated_by) for offer in SERVICES for stated in LICENSES for operated_by in ("company", "partner")
]


@functools.cache
def partly_stated() -> tuple[Profile, ...]:
    """All of these, those on the validity of a license first."""
    data = (*(holding(*case) for case in CONFIRMED), *(one for one, _ in LICENSED), *LOCATED)
    return tuple(map(load_profile, data))
