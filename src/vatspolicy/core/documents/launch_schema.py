"""The schema of a launch of several companies. It follows from that of a profile, so that both have the same facts."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

NAME = "launch"
SHARED = ("id", "title", "description", "launch", "audience", "channels", "hosting", "area")
"""Facts of the product that all companies of a launch share; the others stand under the company that they are about."""
OWN = ("product", "data", "filings", "opinions")
"""Parts of a profile that may stand under a company of a launch, beside the facts of that company."""
BY_CONTRACT = "contract-controlled"
_ID = {"type": "string", "minLength": 1, "maxLength": 40, "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"}
_HINT = {"en": "Use lower-case words joined by hyphens.", "zh": "请用以连字符连接的小写单词。"}


def make_launch_schema(profile: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a launch under the schema of a profile."""
    made = copy.deepcopy(profile)
    del made["x-invariants"]
    facts = made["properties"]
    company, partner, product = facts.pop("company"), facts.pop("partner"), facts["product"]
    own = {key: fact for key, fact in product["properties"].items() if key not in SHARED}
    for key in ("operated_by", "customer_contract", "facilities"):  # each service says it: whose they are differs
        own.pop(key, None)
    product["properties"] = {key: product["properties"][key] for key in SHARED}
    company["properties"] |= {
        "product": {**product, "required": [], "properties": own},
        "data": facts["data"],
        **{key: facts.pop(key) for key in ("filings", "opinions") if key in facts},
    }
    company["x-key-synonyms"] = {key: to for key, to in company.get("x-key-synonyms", {}).items() if key not in OWN}
    service = facts["services"]["items"]
    service["required"] = [*service["required"], "operator"]
    service["properties"] |= {
        "operator": _name("Operator", "经营主体", "Id of the company or partner that runs the service."),
        "company": _name("Company", "公司", "Id of the company whose service a partner runs."),
        "operated_by": {
            "title": "Control of the operator",
            "x-title-zh": "对经营主体的控制",
            "description": "Only where the company controls its operator by contracts (VIE).",
            "enum": [BY_CONTRACT],
        },
    }
    if "deals" in facts:
        target = _name("Target", "标的", "Id of the company or partner whose ownership changes; else other.")
        facts["deals"]["items"]["properties"]["target"] = target
    made |= {
        "title": "Launch of several companies",
        "description": "Companies and partners by id, and services that name their operator. Each part is a profile.",
        "required": ["schema", "product", "companies", "services"],
    }
    made["properties"] = {
        **{key: facts.pop(key) for key in ("schema", "product")},
        "companies": _by_id("Companies", "公司", "Companies that run services, or whose partners do.", company, 1),
        "partners": _by_id("Partners", "合作方", "Companies that run services for them.", partner),
        **facts,
    }
    return made


def _name(title: str, chinese: str, description: str) -> dict[str, Any]:
    return {"title": title, "x-title-zh": chinese, "description": description, **_ID, "x-pattern-hint": _HINT}


def _by_id(title: str, chinese: str, description: str, member: dict[str, Any], least: int = 0) -> dict[str, Any]:
    """Return the schema of members by id."""
    return {
        "title": title,
        "x-title-zh": chinese,
        "description": description,
        "type": "object",
        "minProperties": least,
        "maxProperties": 16,
        "propertyNames": {**_ID, "x-pattern-hint": _HINT},
        "additionalProperties": member,
    }
