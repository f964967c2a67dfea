"""The schema of a launch of several companies, derived from the profile schema so that both have the same facts."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

LAUNCH = "launch"
SHARED = ("id", "title", "description", "launch", "audience", "channels", "hosting", "area")
"""Facts of the product shared by all companies of a launch; other facts belong to one company."""
BY_SERVICE = ("operated_by", "customer_contract", "facilities")
"""Facts stated only in each service, because they concern its operator."""
OWN = ("product", "data", "filings", "opinions")
"""Parts of a profile allowed under a company of a launch, beside the facts of that company."""
BY_CONTRACT = "contract-controlled"


def make_launch_schema(profile: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a launch under the schema of a profile."""
    made = copy.deepcopy(profile)
    facts = made["properties"]
    company, partner, product = facts.pop("company"), facts.pop("partner"), facts["product"]
    name = {key: value for key, value in product["properties"]["id"].items() if key not in ("title", "x-title-zh")}
    members = {"type": "object", "maxProperties": 16, "propertyNames": name}
    own = {key: fact for key, fact in product["properties"].items() if key not in (*SHARED, *BY_SERVICE)}
    product["properties"] = {key: fact for key, fact in product["properties"].items() if key in SHARED}
    company["properties"] |= {key: facts[key] for key in OWN if key in facts}
    company["properties"]["product"] = {**product, "required": [], "properties": own}
    service = facts["services"]["items"]
    service["required"] = [*service["required"], "operator"]
    service["properties"] |= {
        "operator": {**name, "description": "Id of the company or partner that runs the service."},
        "company": {**name, "description": "Id of the company for which a partner runs the service."},
        "operated_by": {"const": BY_CONTRACT, "description": "Only where contracts control the operator (VIE)."},
    }
    if "deals" in facts:
        target = {**name, "description": "Id of the company or partner whose ownership changes, or other."}
        facts["deals"]["items"]["properties"]["target"] = target
    made["properties"] = {
        **{key: fact for key, fact in facts.items() if key not in ("filings", "opinions")},
        "companies": {**members, "minProperties": 1, "additionalProperties": company},
        "partners": {**members, "additionalProperties": partner},
    }
    about = "Companies and partners by id, and services that name their operators. Each part is a profile."
    required = ["schema", "product", "companies", "services"]
    del made["x-invariants"]
    return {**made, "title": "Launch of several companies", "description": about, "required": required}
