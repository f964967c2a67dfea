"""The known product nearest to a witness, with an offer in place of an opinion on a class."""

from __future__ import annotations

from tests.support.shipped import fixture_file, shipped_bundle
from vatspolicy.authoring.diff.decisions import Product
from vatspolicy.authoring.diff.known_products import KnownProducts
from vatspolicy.core.documents import load_document
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.profile.profile import Profile

GATEWAY = "telecom-regulations/approved-gateway"
WITNESS = {
    "schema": 2,
    "product": {"id": "witness"},
    "company": {"mainland_entity": True, "foreign_percent": 0, "foreign_percent_basis": "ultimate", "legal_form": "limited-company", "licenses": []},
    "services": [
        {
            "id": "s0",
            "operated_by": "company",
            "offers": ["news", "other"],
            "audience": "business",
            "features": ["user-exchange"],
            "content": [],
            "hosting": "mainland",
            "area": ["china"],
        }
    ],
    "opinions": [{"about": "class", "service": "s0", "classes": ["A14"], "by": "witness", "date": "2003-04-01"}],
}  # fmt: skip
"""News that somebody takes for an international line: what a solver finds."""


def is_refused(profile: Profile) -> bool:
    decision = evaluate(shipped_bundle(), profile, "2015-06-01")
    return any(finding.rule.name == GATEWAY and finding.state == "fires" for finding in decision.denials)


def test_an_offer_stands_in_for_an_opinion_that_nobody_would_give() -> None:
    known = KnownProducts([Product(load_document(fixture_file("domestic-idc")))], shipped_bundle().schemas)
    nearby = known.find_nearest(WITNESS, is_refused)
    assert nearby is not None
    assert "opinions" not in nearby.profile
    assert [service["offers"] for service in nearby.profile["services"]] == [["cross-border-line"]]
