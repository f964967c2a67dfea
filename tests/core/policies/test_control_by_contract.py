"""Control by contract is never milder than the company itself: searched over fixtures and random profiles, not proved."""

from __future__ import annotations

import copy
from typing import Any

from tests.support.access_profiles import draw_profiles
from tests.support.effort import LONG, part
from tests.support.samples import shipped
from tests.support.shipped import fixture_files
from vatspolicy.core.documents import load_document
from vatspolicy.core.engine.decision import Outcome
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import InvalidInput

COUNT = 400 if LONG else 150
DAYS = ("2018-03-01", "2022-06-01", "2026-11-26")
OUTCOMES = {outcome.word: outcome for outcome in Outcome}


def by_contract(profile: dict[str, Any], share: float) -> dict[str, Any]:
    """Return the profile with a partner like the company, of another foreign share, that the company controls."""
    found = copy.deepcopy(profile)
    company = found["company"]
    found["partner"] = {name: value for name, value in company.items() if name != "listing"} | {"name": "Holder"}
    found["partner"].setdefault("licenses", [])  # of a partner, licenses that are not stated are unknown
    found["partner"] |= {"foreign_percent": share, "foreign_percent_basis": "ultimate"}
    if not share:
        found["partner"] |= {"investor_origin": ["CN"], "certificates": [], "supplier_percent": 0}
    for service in found["services"]:
        service["operated_by"] = "contract-controlled"
        service.pop("customer_contract", None)
    return found


def test_contracts_are_never_milder() -> None:
    bundle, _ = shipped()
    compared, milder = 0, []
    for path in part(fixture_files(), 2):
        direct = load_document(path).data
        if any(service.get("operated_by") != "company" for service in direct["services"]):
            continue
        direct["company"].pop("state_percent", None)
        for service in direct["services"]:
            service.pop("customer_contract", None)
        profile = load_profile(direct)
        for share in (0, direct["company"].get("foreign_percent", 0)):
            try:
                controlled = load_profile(by_contract(direct, share))
            except InvalidInput:  # no such partner
                continue
            for day in DAYS:
                compared += 1
                before, after = evaluate(bundle, profile, day), evaluate(bundle, controlled, day)
                low, high = (OUTCOMES[decision.range[0]] for decision in (before, after))
                if high < low:
                    milder.append((path.stem, day, share, before.range, after.range))
    assert not milder, milder
    assert compared > (600 if LONG else 300)


def test_contracts_are_never_milder_over_random_profiles() -> None:
    bundle, _ = shipped()
    compared = 0
    for direct, day in draw_profiles(COUNT, seed=48):
        if any(service["operated_by"] != "company" for service in direct["services"]):
            continue
        for share in {0, direct["company"]["foreign_percent"]}:
            controlled = by_contract(direct, share)
            controlled["deals"] = [deal for deal in direct["deals"] if deal["target"] != "partner"]
            before, after = (evaluate(bundle, load_profile(data), day) for data in (direct, controlled))
            low, high = (OUTCOMES[decision.range[0]] for decision in (before, after))
            assert high >= low, (day, share, before.range, after.range, direct)
            compared += 1
    assert compared > COUNT / 2
