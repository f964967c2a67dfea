"""Products that owe little: each lists exactly what it owes, and no duty or remark of the bundle fires on everything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from tests.support.shipped import ROOT, shipped_bundle
from vatspolicy.authoring.testing.cases import Case, cases_of, fixture_cases
from vatspolicy.authoring.testing.rule_states import state_of, subjects
from vatspolicy.core.documents import load_document
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Policy, Rule
from vatspolicy.core.profile.profile import Profile, read_profile

FOLDER = ROOT / "fixtures" / "benign"
PRODUCTS = {"company-website", "foreign-shop", "hotline", "internal-tool", "maker-page", "own-goods-shop"}
LATEST = "2026-11-27"


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return shipped_bundle()


@pytest.fixture(scope="module")
def cases(bundle: Bundle) -> list[Case]:
    return list(fixture_cases(bundle, FOLDER))


@pytest.fixture(scope="module")
def products(bundle: Bundle) -> list[Profile]:
    """Return the products in the mainland; the shop abroad is outside the scope of everything."""
    names = sorted(PRODUCTS - {"foreign-shop"})
    return [read_profile(load_document(FOLDER / f"{name}.yaml"), bundle.schemas) for name in names]


def test_each_product_lists_exactly_what_it_owes(cases: list[Case]) -> None:
    found = {}
    for case in cases:
        assert case.expect.get("exactly"), f"{case.name} does not say that its list is complete"
        found[case.file.rsplit("/", 1)[-1].removesuffix(".expect.yaml")] = case.run()
    assert found == {key: [] for key in PRODUCTS}


def test_a_company_website_takes_eleven_lines_at_most(cases: list[Case]) -> None:
    (case,) = [case for case in cases if "company-website" in case.file]
    assert case.expect["at_most"] <= 11


def test_a_foreign_shop_that_is_merely_reachable_owes_nothing(cases: list[Case]) -> None:
    (case,) = [case for case in cases if "foreign-shop" in case.file]
    assert case.expect["at_most"] == 0


def test_every_duty_and_remark_leaves_some_product_in_the_mainland_alone(
    bundle: Bundle, products: list[Profile]
) -> None:
    fires_on_all = {
        rule.name
        for policy in bundle.policies.values()
        for rule in policy.rules
        if rule.kind in ("duty", "advise")
        and not any(silent(bundle, rule, product, last_day(rule)) for product in products)
        and not any(case.expect["expect"].get(rule.id) == "silent" for case in in_force(bundle, policy, rule))
    }
    assert fires_on_all == set()


def last_day(rule: Rule) -> str:
    """Return a day in force: today, else the last day before the rule ends, else its first day."""
    if rule.in_force(LATEST):
        return LATEST
    return max(rule.since, (date.fromisoformat(min(rule.until, LATEST)) - timedelta(days=1)).isoformat())


def silent(bundle: Bundle, rule: Rule, product: Profile, day: str) -> bool:
    """Return True if a rule says nothing about any subject of a product."""
    ruleset = bundle.on(day)
    states = {state_of(ruleset, rule, found) for each, _, found in subjects(ruleset, product, day) if each == rule.each}
    return states <= {"silent"}


def in_force(bundle: Bundle, policy: Policy, rule: Rule) -> Iterator[Case]:
    """Yield the tests of a policy on days on which a rule is in force."""
    return (case for case in cases_of(bundle, policy) if rule.in_force(case.as_of))
