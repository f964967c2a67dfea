"""The rule index selects candidates: with it and without it, the same rules match."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.activations import tree_of
from tests.support.members import for_each
from vatspolicy.core.cel.ast import Node
from vatspolicy.core.cel.interpreter import evaluate
from vatspolicy.core.policies.rule_index import RuleIndex


def candidates(condition: str | Node, activation: dict[str, Any]) -> bool:
    tree = tree_of(condition) if isinstance(condition, str) else condition
    return any(RuleIndex([tree], {}).split(activation))


@pytest.mark.parametrize(
    ("condition", "excluding", "leaving"),
    [
        ('service.audience == "public"', {"audience": "internal"}, {"audience": "public"}),
        ('service.audience != "public"', {"audience": "public"}, {"audience": "internal"}),
        ('!(service.audience in ["public", "business"])', {"audience": "public"}, {"audience": "internal"}),
        ('"saas" in service.offers', {"offers": ["news"]}, {"offers": ["news", "saas"]}),
        ('"saas" in service.offers', {"offers": []}, {"offers": ["saas"]}),
        ('!("saas" in service.offers)', {"offers": ["news", "saas"]}, {"offers": []}),
        ('service.offers.exists(o, o in ["saas", "news"])', {"offers": ["own-shop"]}, {"offers": ["own-shop", "news"]}),
        ('service.offers.all(o, o in ["saas", "news"])', {"offers": ["own-shop", "news"]}, {"offers": ["news"]}),
        ('sets.intersects(service.offers, ["saas", "news"])', {"offers": ["own-shop"]}, {"offers": ["own-shop", "news"]}),
        ('sets.contains(["saas", "news"], service.offers)', {"offers": ["own-shop", "news"]}, {"offers": ["news"]}),
        ('"saas" in service.offers && "news" in service.offers', {"offers": ["saas", "saas"]}, {"offers": ["news", "saas"]}),
    ],
)  # fmt: skip
def test_values_exclude_rules(condition: str, excluding: dict[str, Any], leaving: dict[str, Any]) -> None:
    assert not candidates(condition, {"service": excluding})
    assert candidates(condition, {"service": leaving})
    assert candidates(condition, {"service": {}})
    assert candidates(condition, {})


def test_a_disjunction_excludes_a_rule_if_all_of_it_is_excluded() -> None:
    condition = 'service.audience == "public" || ("saas" in service.offers && size(service.offers) > 1)'
    for audience in ("public", "internal"):
        for offers in (["saas", "news"], ["news"]):
            left = candidates(condition, {"service": {"audience": audience, "offers": offers}})
            assert left is (audience == "public" or "saas" in offers)
    assert candidates(condition, {"service": {"audience": "internal"}})


def test_no_object_of_an_empty_list_passes() -> None:
    assert not candidates('deals.exists(d, d.kind == "buy-out")', {"deals": []})
    assert candidates('deals.exists(d, d.kind == "buy-out")', {"deals": [{}]})
    assert candidates('deals.all(d, d.kind == "buy-out")', {"deals": []})


@pytest.mark.parametrize(
    "condition",
    [
        "data.important",
        "!data.important",
        "data.important || !data.important",
        "!(data.important && !data.important)",
        "data.important == true || !data.important",
        "data.important && !(data.important || data.important)",
        "(data.important || data.important) && data.important != false",
    ],
)
def test_truth_values_exclude_rules(condition: str) -> None:
    """A disjunction may ask for one truth value twice."""
    tree = tree_of(condition)
    for value in (True, False):
        activation = {"data": {"important": value}}
        assert candidates(tree, activation) is evaluate(tree, activation, {})
    assert candidates(tree, {"data": {}})


@for_each(["==", "!=", "<", "<=", ">", ">="], [0.0, 49.0, 49.5, 50.0, 50.5, 100.0])
def test_numbers_exclude_rules(op: str, share: float) -> None:
    tree = tree_of(f"company.foreign_percent {op} 50.0 && company.foreign_percent > 49.0")
    activation = {"company": {"foreign_percent": share}}
    assert candidates(tree, activation) is evaluate(tree, activation, {})


@pytest.mark.parametrize(
    "condition",
    [
        'service.audience == "public" || size(service.offers) > 0',
        "size(service.offers) > 2",
        'service.offers.exists(o, o == "saas" && "news" in service.offers)',
        'service.offers.exists(o, o == "saas") == service.offers.all(o, o == "saas")',
    ],
)
def test_other_clauses_exclude_nothing(condition: str) -> None:
    assert candidates(condition, {"service": {"audience": "internal", "offers": ["own-shop"]}})
