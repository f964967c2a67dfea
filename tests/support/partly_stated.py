"""Profiles that state less than a rule reads: a license without its kinds, an address without its district."""

from __future__ import annotations

from typing import Any

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
