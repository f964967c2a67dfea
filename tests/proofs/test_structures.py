"""Structures of trees: equal for trees that state the same in the same way, and for no others."""

from __future__ import annotations

import pytest

from tests.support.activations import tree_of
from vatspolicy.proofs.encoder import ExpressionKeys, SymbolicActivation, structure_of

A, B, C = "data.persons > 1", "data.persons > 2", "company.foreign_percent > 3.0"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (A, f"!(!({A}))"),
        (f"{A} && {B}", f"{B} && {A}"),
        (f"{A} || {B} || {C}", f"{C} || {A} || {B}"),
        (f"{A} && {A}", f"{A} && {A} && {A}"),
        (A, "term.more"),
        (f"{B} && {A}", "!(!(term.more)) && data.persons > 2"),
        ("company.licenses.exists(l, l.valid && l.instrument == 'vats-license')", "company.licenses.exists(l, l.instrument == 'vats-license' && !(!l.valid))"),
    ],
)  # fmt: skip
def test_trees_that_state_the_same_in_the_same_way(one: str, other: str) -> None:
    found = [structure_of(tree_of(text, more=A)) for text in (one, other)]
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (A, f"!({A})"),
        (A, f"!(!(!({A})))"),
        (A, B),
        (f"{A} && {B}", f"{A} || {B}"),
        (f"{A} && ({B} || {C})", f"({A} && {B}) || {C}"),
        (f"{A} && {B}", f"{A} && {B} && {C}"),
        ("data.persons - 2 > 1", "2 - data.persons > 1"),
        ("company.licenses.exists(l, l.valid)", "company.licenses.all(l, l.valid)"),
    ],
)
def test_trees_that_state_something_else(one: str, other: str) -> None:
    assert structure_of(tree_of(one)) != structure_of(tree_of(other))


def test_values_of_a_parameter_are_told_apart_but_for_their_order() -> None:
    tree = tree_of("activity.class in param.opened")
    [key] = structure_of(tree).parameters
    keys = ExpressionKeys()
    values = [{key: classes} for classes in (["B11", "B12"], ["B12", "B11"], ["B11"])]
    found = [keys.of(tree, SymbolicActivation({}), value) for value in values]
    assert found[0] == found[1] != found[2]
