"""The operator of a service: whose foreign share counts, and which fact is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.samples import shipped
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.subjects import product_activation, service_activation
from vatspolicy.core.profile.operators import Operator
from vatspolicy.core.profile.profile import Profile, load_profile

DAY = "2026-11-26"
CLOSED = ("news", "video-sharing", "film-television", "e-books", "religion", "social-survey", "online-game")


def profile(company: float | None, partner: float | None, operated_by: str, **service: Any) -> Profile:
    entity: dict[str, Any] = {"registered": {"at": "beijing", "ftz": "none"}}
    origin = {"investor_origin": ["US"]} if company else {}
    facts = {
        "schema": 2, "product": {"id": "p", "title": "P"},
        "company": entity | origin | ({} if company is None else {"foreign_percent": company, "foreign_percent_basis": "ultimate"}),
        "partner": {"name": "X", **entity} | ({} if partner is None else {"foreign_percent": partner, "foreign_percent_basis": "ultimate"}),
        "services": [{"id": "s", "offers": ["news"], "audience": "public", "charges": [], "features": [], "content": [], "operated_by": operated_by, **service}],
    }  # fmt: skip
    return load_profile(facts)


def operator(found: Profile) -> Any:
    return service_activation(product_activation(found, DAY), found.facts["services"][0])["operator"]


@pytest.mark.parametrize(
    ("company", "partner", "share", "path"),
    [
        (60, 0, 60, "company"),
        (0, 60, 60, "partner"),
        (100, None, 100, "company"),
        (None, 100, 100, "partner"),
        (30, 30, 30, "company"),
        (60, None, None, "partner"),
        (None, 60, None, "company"),
        (None, None, None, "company"),
    ],
)
def test_the_larger_share_counts_behind_contracts(
    company: float | None, partner: float | None, share: float | None, path: str
) -> None:
    found = profile(company, partner, "contract-controlled")
    runs = operator(found)
    assert runs.get("foreign_percent") == share
    assert found.path_of(runs, ("foreign_percent",)) == (path, "foreign_percent")
    assert found.path_of(runs, ("legal_form",)) == ("partner", "legal_form")


def test_only_its_own_share_counts_for_another_operator() -> None:
    assert operator(profile(60, 0, "partner")) == profile(60, 0, "partner").facts["partner"]
    assert operator(profile(60, 0, "company"))["foreign_percent"] == 60
    assert not isinstance(operator(profile(60, 0, "company")), Operator)


@pytest.mark.parametrize("offer", CLOSED)
@pytest.mark.parametrize("charges", [[], ["users"]])
def test_contracts_open_no_closed_sector(offer: str, charges: list[str]) -> None:
    bundle, _ = shipped()
    direct, controlled = (
        evaluate(bundle, profile(100, 0, runs, offers=[offer], charges=charges), DAY)
        for runs in ("company", "contract-controlled")
    )
    assert direct.decision == controlled.decision == "deny"


def test_each_missing_share_is_asked_for() -> None:
    bundle, _ = shipped()
    found = evaluate(bundle, profile(None, None, "contract-controlled", offers=["religion"]), DAY)
    paths = {".".join(map(str, ask.path)) for ask in found.missing}
    assert {"company.foreign_percent", "partner.foreign_percent"} <= paths


def closing(share: float | None, target: str | None = "company", today: float = 0) -> Profile:
    found = profile(today, 0, "company")
    data = dict(found.document.data)
    deal = {"kind": "acquisition", "target": target, "foreign_percent_after": share}
    data["deals"] = [{name: value for name, value in deal.items() if value is not None}]
    return load_profile(data)


@pytest.mark.parametrize(
    ("after", "target", "today", "share", "path"),
    [
        (60, "company", 0, 60, ("deals", 0, "foreign_percent_after")),
        (0, "company", 60, 60, ("company", "foreign_percent")),
        (None, "company", 0, None, ("deals", 0, "foreign_percent_after")),
        (60, None, 0, None, ("deals", 0, "target")),
        (60, "partner", 0, 0, ("company", "foreign_percent")),
        (60, "other", 0, 0, ("company", "foreign_percent")),
        (None, "company", 100, 100, ("company", "foreign_percent")),
    ],
)
def test_the_share_after_a_deal_counts_if_it_is_the_larger(
    after: float | None, target: str | None, today: float, share: float | None, path: Any
) -> None:
    found = closing(after, target, today)
    runs = operator(found)
    assert runs.get("foreign_percent") == share
    assert found.path_of(runs, ("foreign_percent",)) == path


def test_a_deal_closes_what_is_closed_to_foreign_capital() -> None:
    bundle, _ = shipped()
    assert evaluate(bundle, closing(None, "other"), DAY).decision != "deny"
    assert evaluate(bundle, closing(10), DAY).decision == "deny"
    assert ("deals", 0, "foreign_percent_after") in [ask.path for ask in evaluate(bundle, closing(None), DAY).missing]
