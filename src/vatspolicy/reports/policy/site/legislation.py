"""A regulation as linked data: `Legislation` of schema.org. Only what the policy states is in it."""

from __future__ import annotations

from vatspolicy.core.policies.model import ALWAYS, NEVER
from vatspolicy.reports.policy.page import PolicyPage


def describe_legislation(page: PolicyPage) -> dict[str, object]:
    """Return the regulation behind a policy: names, number, issuer, days, address, and its predecessors."""
    policy = page.policy
    found: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "Legislation",
        "identifier": policy.id,
        "name": [
            {"@language": "en", "@value": policy.title["en"]},
            {"@language": "zh-CN", "@value": policy.title["zh"]},
        ],
        "inLanguage": "zh-CN",
        "legislationJurisdiction": {"@type": "Country", "name": "CN"},
        "legislationPassedBy": {"@type": "GovernmentOrganization", "name": policy.source["issuer"]["zh"]},
        "temporalCoverage": f"{_day(policy.since, ALWAYS)}/{_day(policy.until, NEVER)}",
        "version": policy.version,
    }
    stated = {
        "legislationIdentifier": page.number,
        "legislationDate": page.promulgated,
        "legislationDateOfApplicability": policy.since if policy.since != ALWAYS else None,
        "sameAs": page.url,
    }
    found |= {key: value for key, value in stated.items() if value}
    earlier = [one for one in page.chain if one.id in policy.supersedes]
    if earlier:
        found["legislationRepeals"] = [
            {"@type": "Legislation", "identifier": one.id, "name": one.title["zh"]} for one in earlier
        ]
    return found


def _day(day: str, open_end: str) -> str:
    """Return a day of a period of ISO 8601; two dots for an end that is open."""
    return ".." if day == open_end else day
