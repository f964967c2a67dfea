"""A list that the offer or the deal makes impossible to be empty is refused, and no answer proposes it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.shipped import fixture_file, shipped_bundle
from vatspolicy.core.engine.conditional import find_conditional
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import InvalidInput

SHOP = "own-shop-shanghai"
TAKEOVER = "takeover-of-domestic-company"
ALL = ("deals.0.foreign_percent_after", 100)
CASES = [
    (SHOP, [("services.0.offers", ["food-sale"]), ("services.0.foods", [])], "sells food"),
    (SHOP, [("services.0.offers", ["device-sale"]), ("services.0.devices", [])], "sells devices"),
    (SHOP, [("services.0.offers", ["drug-sale"]), ("services.0.drugs", [])], "sells drugs"),
    (TAKEOVER, [ALL, ("deals.0.holders_change", [])], "replace its holders"),
    (TAKEOVER, [ALL, ("deals.0.foreign_influence", [])], "influence the target"),
]
POSSIBLE = [
    (SHOP, [("services.0.offers", ["food-sale"]), ("services.0.foods", ["other"])]),
    (SHOP, [("services.0.offers", ["food-sale", "marketplace"]), ("services.0.foods", [])]),
    (SHOP, [("services.0.foods", [])]),
    (TAKEOVER, [("deals.0.holders_change", [])]),
    (TAKEOVER, [ALL]),
    (
        TAKEOVER,
        [ALL, ("company.foreign_percent", 40), ("company.investor_origin", ["US"]), ("deals.0.holders_change", [])],
    ),
]


@pytest.mark.parametrize(("fixture", "changes", "says"), CASES)
def test_an_impossible_list_is_refused(fixture: str, changes: list[tuple[str, Any]], says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_profile(fixture_file(fixture), changes)
    assert [says in str(one) for one in caught.value.problems] == [True]


@pytest.mark.parametrize(("fixture", "changes"), POSSIBLE)
def test_a_possible_list_is_accepted(fixture: str, changes: list[tuple[str, Any]]) -> None:
    load_profile(fixture_file(fixture), changes)


@pytest.mark.parametrize("fixture", ["payment-institution", TAKEOVER])
def test_no_answer_proposes_an_impossible_list(fixture: str) -> None:
    """The change of holders is not stated: none of them would allow the launch, but the purchase changes them."""
    deal = {"kind": "acquisition", "target": "company", "licensee": False, "new_operator": False}
    deal |= {"foreign_percent_after": 100, "foreign_influence": ["resolutions"], "sectors": ["important-finance"]}
    changes = [("company.foreign_percent", 0), ("company.investor_origin", ["CN"]), ("deals", [deal])]
    profile, bundle = load_profile(fixture_file(fixture), changes), shipped_bundle()
    decision = evaluate(bundle, profile, "2027-03-01")
    assert decision.range == ("allow", "needs-license")
    found = find_conditional(bundle, profile, decision)
    assert found is None or [] not in [value for _, value in found.settings]
