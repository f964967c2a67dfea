"""Masking MC/DC: which clauses decide an expression alone."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from vatspolicy.authoring.testing.rule_states import deciding_parts, decisive_clauses
from vatspolicy.core.cel.ast import And, Fact, Node, Not, Or, Quantifier, Term
from vatspolicy.core.cel.interpreter import evaluate
from vatspolicy.core.cel.types import BOOL, ListOf, ObjectOf


def fact(name: str) -> Fact:
    return Fact(BOOL, (0, 0), "x", (name,))


def both(*parts: Node) -> And:
    return And(BOOL, (0, 0), parts)


def either(*parts: Node) -> Or:
    return Or(BOOL, (0, 0), parts)


def no(body: Node) -> Not:
    return Not(BOOL, (0, 0), body)


def some(kind: str, body: Node) -> Quantifier:
    members = Fact(ListOf(ObjectOf("m", {})), (0, 0), "x", ("list",))
    return Quantifier(BOOL, (0, 0), kind, "m", members, body)


def found(node: Node, **facts: Any) -> set[tuple[str, bool]]:
    """The facts that decide alone, with their values."""
    return {
        (node.names[-1], value) for _, node, value in decisive_clauses(node, {"x": facts}, {}) if isinstance(node, Fact)
    }


A, B, C = fact("a"), fact("b"), fact("c")


@pytest.mark.parametrize(
    ("node", "facts", "wanted"),
    [
        (both(A, B), {"a": True, "b": True}, {("a", True), ("b", True)}),
        (both(A, B), {"a": True, "b": False}, {("b", False)}),
        (both(A, B), {"a": False, "b": False}, set()),
        (both(A, B), {"a": True}, set()),
        (both(A, B), {"a": False}, set()),
        (either(A, B), {"a": False, "b": False}, {("a", False), ("b", False)}),
        (either(A, B), {"a": True, "b": False}, {("a", True)}),
        (either(A, B), {"a": True, "b": True}, set()),
        (no(both(A, B)), {"a": False, "b": True}, {("a", False)}),
        (both(A, either(B, C)), {"a": True, "b": True, "c": False}, {("a", True), ("b", True)}),
        (both(A, either(B, C)), {"a": True, "b": True, "c": True}, {("a", True)}),
        (both(A, either(B, C)), {"a": False, "b": True, "c": False}, {("a", False)}),
        # coupled: a alone cannot be turned on one side only, and masking does not ask for it
        (either(both(A, B), both(no(A), C)), {"a": True, "b": True, "c": False}, {("a", True), ("b", True)}),
        (A, {}, set()),
    ],
)
def test_decisive(node: Node, facts: dict[str, bool], wanted: set[tuple[str, bool]]) -> None:
    assert found(node, **facts) == wanted


def test_members_of_a_list_decide_alone() -> None:
    def member(name: str) -> Fact:
        return Fact(BOOL, (0, 0), "m", (name,))

    node = some("exists", both(member("a"), member("b")))
    assert found(node, list=[{"a": True, "b": True}]) == {("a", True), ("b", True)}
    assert found(node, list=[{"a": True, "b": True}, {"a": True, "b": True}]) == set()
    assert found(node, list=[{"a": True, "b": False}, {"a": False, "b": False}]) == {("b", False)}
    assert found(some("all", member("a")), list=[{"a": True}, {"a": False}]) == {("a", False)}
    assert found(node, list=[]) == set()
    assert found(node) == set()


def test_terms_are_named_on_the_way() -> None:
    inner = Term(BOOL, (0, 0), "inner", A)
    outer = Term(BOOL, (0, 0), "outer", both(inner, B))
    ways = {(terms, node) for terms, node, _ in decisive_clauses(outer, {"x": {"a": True, "b": True}}, {})}
    assert ways == {(("outer", "inner"), A), (("outer",), B)}


def test_alone() -> None:
    assert deciding_parts([("p", True), ("q", True)], True) == ["p", "q"]
    assert deciding_parts([("p", True), ("q", None)], True) == ["q"]
    assert deciding_parts([("p", False), ("q", None)], True) == []


def random_tree(rng: random.Random, depth: int, names: list[str]) -> Node:
    """A tree in which every clause stands once, so that turning it is turning its fact."""
    if depth == 0 or rng.random() < 0.3:
        names.append(f"f{len(names)}")
        return fact(names[-1])
    if rng.random() < 0.25:
        return no(random_tree(rng, depth - 1, names))
    kind = both if rng.random() < 0.5 else either
    return kind(*(random_tree(rng, depth - 1, names) for _ in range(rng.randint(2, 3))))


def test_to_decide_alone_is_to_turn_the_whole() -> None:
    rng = random.Random(7)
    for _ in range(200):
        names: list[str] = []
        node = random_tree(rng, 3, names)
        if len(names) > 7:
            continue
        for values in itertools.product((True, False), repeat=len(names)):
            facts = dict(zip(names, values, strict=True))
            before = evaluate(node, {"x": facts}, {})
            turns = {
                (name, value)
                for name, value in facts.items()
                if evaluate(node, {"x": facts | {name: not value}}, {}) is not before
            }
            assert found(node, **facts) == turns
