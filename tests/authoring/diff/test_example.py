"""The example of an edit: a known product with a few facts changed, and none of them an opinion."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.comparisons import overview
from tests.support.law_builder import LICENSE, route
from tests.support.project_builder import compare, policy, project
from tests.support.shipped import fixture_file, shipped_bundle
from tests.support.solver import needs_solver
from vatspolicy.authoring.diff.decisions import Product
from vatspolicy.authoring.diff.known_products import KnownProducts, Nearby, distance, leaves_out, lend, read_by
from vatspolicy.authoring.diff.witness_choice import FEW, Example
from vatspolicy.core.documents import load_document
from vatspolicy.proofs.verdicts import Transition

DAY = "2027-01-01"
ORDER = """\
id: app-store-order
version: 1.0.0
title: {en: Order on application stores, zh: 应用商店管理规定}
topics: [telecom, foreign-investment]
source:
  issuer: {en: Ministry of Industry and Information Technology, zh: 工业和信息化部}
  promulgated: '2026-11-20'
effective: {from: '2027-01-01'}
articles:
  art-4:
    label: {en: art. 4, zh: 第四条}
    en: An application store of a foreign-invested operator is hosted in the mainland.
    verification: unverified
terms:
  foreign: operator.foreign_percent > 0.0
rules:
  - id: hosted-in-the-mainland
    cite: [art-4]
    each: activity
    when: term.foreign && activity.class == "B25-app-store" && service.hosting == "overseas"
    deny: {reason: HOSTED-ABROAD, curable: true}
    message: {en: An application store with foreign capital must be hosted in the mainland., zh: 外资应用商店应当设在境内。}
"""
"""An invented order of which nobody has read the article, so that it denies nothing before an opinion applies it."""


STORES = """\
rules:
  - {id: store, cite: [art-1], each: service, when: '"app-store" in service.offers', classify: {classes: [B25-app-store]}, message: {en: Store., zh: 商店。}}
  - {id: center, cite: [art-1], each: service, when: '"data-center" in service.offers', classify: {classes: [B11]}, message: {en: Center., zh: 中心。}}
"""


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The comparison of a small law with the same law and the order."""
    law = {"classes": policy("classes", STORES), "license": policy("license", LICENSE + route("general", "true"))}
    known = {name: fixture_file(name).read_text(encoding="utf-8") for name in ("app-store-hangzhou", "domestic-idc")}
    base, head = (tmp_path_factory.mktemp(name) for name in ("base", "head"))
    return compare(project(base, law, known), project(head, law | {"app-store-order": ORDER}, known), semantic="z3")


@needs_solver
def test_the_example_of_an_added_policy_is_a_known_product_with_few_facts_changed(review: dict[str, Any]) -> None:
    """An application store of a known product; if an opinion is granted, it applies the order that nobody has read."""
    [edit] = review["edits"]
    product, profile = edit["witness"]["product"], edit["witness"]["profile"]
    stated = [one for one in product["changed"] if not one["path"].startswith("opinions")]
    assert 0 < len(stated) <= FEW
    assert {one["about"] for one in profile.get("opinions", ())} <= {"app-store-order/hosted-in-the-mainland"}
    assert profile["services"][0]["offers"] == ["app-store"]
    assert (edit["before"], edit["after"]) == ("needs-license", "deny" if "opinions" in profile else "incomplete")


@needs_solver
def test_a_better_example_changes_no_verdict(review: dict[str, Any]) -> None:
    [edit] = review["edits"]
    assert (review["verdict"], edit["verdict"]) == ("tightened", "witness")
    assert edit["transitions"] == ["allow->deny", "needs-license->incomplete"]


@needs_solver
def test_companies_of_witnesses_are_not_told_as_those_concerned(review: dict[str, Any]) -> None:
    """The solver chose their shares and offices. The first screen names the nearest known product in their place."""
    assert review["concerned"] is None
    told = " ".join(overview(review, "en"))
    assert "foreign share" not in told
    assert "registered in" not in told
    assert ", for example " in told or "with a legal opinion: " in told


# --- facts that a product borrows

WITNESS = {
    "schema": 2, "product": {"id": "witness"}, "company": {},
    "partner": {"mainland_entity": True, "foreign_percent": 33, "foreign_percent_basis": "ultimate", "licenses": []},
    "services": [{"id": "s0", "operated_by": "partner", "offers": ["app-store"], "audience": "business", "content": []}],
}  # fmt: skip


def product_of(name: str) -> Product:
    return Product(load_document(fixture_file(name)))


def test_a_product_borrows_what_rules_read_and_keeps_the_rest() -> None:
    """The operator of the product takes the facts of the operator of the witness, whoever operates there."""
    rules = [shipped_bundle().rule("telecom-licensing-measures/capital")]
    read = read_by(rules)
    assert ("company", "registered_capital_rmb") in read
    assert ("services", "audience") not in read
    own = product_of("domestic-idc").document.data
    borrowed = frozenset({("company", "foreign_percent"), ("partner", "foreign_percent"), ("services", "offers")})
    [(lent, new)] = lend(WITNESS, own, borrowed)
    assert new == {("company", "foreign_percent"): 33, ("services", "offers"): ["app-store"]}
    assert lent == {
        **own,
        "company": {**own["company"], "foreign_percent": 33, "foreign_percent_basis": "ultimate"},
        "services": [{**own["services"][0], "offers": ["app-store"]}],
    }
    assert own == product_of("domestic-idc").document.data, "the product itself stays as it is"


def test_a_product_gives_back_what_it_does_not_need() -> None:
    known = KnownProducts([product_of("saas-own-servers-abroad")], shipped_bundle().schemas)
    read = frozenset({("company", "foreign_percent"), ("partner", "foreign_percent"), ("services", "offers")})
    near = known.find_borrower(WITNESS, lambda profile: profile.facts["services"][0]["offers"] == ["app-store"], read)
    assert near is not None
    assert near.profile["company"]["foreign_percent"] == 100
    assert distance(near) == (False, 1)
    assert known.find_borrower(WITNESS, lambda profile: False, read) is None


# --- the better of two examples


def example(before: str, after: str, **changed: Any) -> Example:
    """An example made from a known product by changing facts of its company; None leaves a fact out."""
    product = product_of("domestic-idc")
    data = dict(product.document.data)
    data |= {"opinions": changed.pop("opinions")} if "opinions" in changed else {}
    company = {key: value for key, value in {**data["company"], **changed}.items() if value is not None}
    return Example(Transition(before, after, "witness"), Nearby(product, {**data, "company": company}), DAY)


FIVE: dict[str, Any] = {
    "foreign_percent": 1, "foreign_percent_basis": "ultimate", "mainland_entity": False, "legal_form": "partnership",
    "certificates": ["cepa-supplier"], "registered_capital_rmb": 1,
}  # fmt: skip
OPINION = {"about": "class", "service": "main", "classes": ["B11"], "by": "witness", "date": "2000-01-01"}


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        pytest.param(example("needs-license", "incomplete", foreign_percent=1), example("allow", "deny", **FIVE), id="few facts"),
        pytest.param(
            example("allow", "deny", foreign_percent=1, legal_form="partnership"),
            example("needs-license", "deny", foreign_percent=1),
            id="of few facts in both, the more telling",
        ),
        pytest.param(example("needs-license", "deny", **FIVE), example("allow", "deny", opinions=[OPINION]), id="no opinion"),
        pytest.param(example("needs-license", "deny", **FIVE), example("needs-license", "incomplete", foreign_percent=None), id="not open for want of a known fact"),
    ],
)  # fmt: skip
def test_examples_are_ranked_by_how_real_they_are(better: Example, worse: Example) -> None:
    assert better.rank < worse.rank


def test_a_profile_leaves_a_fact_out_where_its_product_states_one() -> None:
    stated, missing = (example("allow", "deny", foreign_percent=value).near for value in (1, None))
    assert stated is not None
    assert missing is not None
    assert (leaves_out(stated), leaves_out(missing)) == (False, True)
