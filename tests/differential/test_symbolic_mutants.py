"""Mutants and rewrites of shipped rules: every witness is decided again, every proof is attacked with random profiles.

Sizes are of tests/support/effort.py, and VATSPOLICY_TRIALS=n asks of n rules for each kind of change, and attacks each proof with 30 n profiles.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.support.effort import LONG, SEED
from tests.support.random_inputs import Profiles, hints_of, near_days
from tests.support.shipped import shipped_bundle
from tests.support.transitions import confirm
from vatspolicy.core.cel.ast import And, Compare, In, Literal, Node, Not, Or, Param, Quantifier, Term, children
from vatspolicy.core.cel.serialize import to_data
from vatspolicy.core.cel.types import BOOL, Bool, Int, ListOf, Number
from vatspolicy.core.documents.schemas import resource_folder
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle, build_bundle, read_sources
from vatspolicy.core.policies.case_split import find_cases
from vatspolicy.core.policies.model import NO_CODE, Expression, Rule, store_tree
from vatspolicy.core.profile.profile import Profile
from vatspolicy.proofs import RuleVerdict, compare_rules
from vatspolicy.proofs.decision_encoder import rule_states
from vatspolicy.proofs.domain import iso, ordinal
from vatspolicy.proofs.timeline import MixedBundle, find_rule

TRIALS = int(os.environ.get("VATSPOLICY_TRIALS", "2" if LONG else "1"))

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("z3") is None, reason="z3 is not installed (the extra smt)"),
]

Change = Callable[[Node, random.Random], Node | None]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return shipped_bundle()


@pytest.fixture(scope="module")
def attackers(bundle: Bundle) -> list[tuple[Profile, str]]:
    draw = random.Random(SEED + 1)
    made = Profiles(draw, hints_of(bundle))
    return [(made.profile(), max(near_days(draw, bundle.boundaries), bundle.covers_from)) for _ in range(30 * TRIALS)]


# --- changing a rule --------------------------------------------------------------------------------------------------


def replaced(base: Bundle, name: str, tree: Node) -> Bundle:
    """The bundle with another condition of one rule."""
    old = find_rule(base, name)
    assert old is not None
    return with_rule(base, old, dataclasses.replace(old, when=Expression(NO_CODE, "", 1, 1, store_tree(tree))))


def with_rule(base: Bundle, old: Rule, new: Rule) -> Bundle:
    """The bundle with another version of one rule."""
    policy = base.policies[old.policy]
    rules = tuple(new if rule is old else rule for rule in policy.rules)
    fields = {f.name: getattr(base, f.name) for f in dataclasses.fields(Bundle)}
    fields["policies"] = {**base.policies, old.policy: dataclasses.replace(policy, rules=rules)}
    return MixedBundle(**fields, base=base, head=base, names=frozenset({old.name}), changed=(new,))


def below(node: Node) -> Iterator[Node]:
    yield node
    for child in children(node):
        yield from below(child)


def exchange(node: Node, target: Node, other: Node) -> Node:
    """The tree with one node in place of another."""
    if node is target:
        return other
    fields: dict[str, Any] = {}
    for name, value in vars(node).items():
        if isinstance(value, Node):
            fields[name] = exchange(value, target, other)
        elif isinstance(value, tuple) and value and isinstance(value[0], Node):
            fields[name] = tuple(exchange(part, target, other) for part in value)
    return dataclasses.replace(node, **fields)


def changed(bundle: Bundle, change: Change, seed: int) -> Iterator[tuple[Rule, Node]]:
    """So many rules to which a change applies, each with its condition changed in one place."""
    draw = random.Random(f"{seed} {change.__name__}")
    every = [rule for policy in bundle.policies.values() for rule in policy.rules if rule.until > bundle.covers_from]
    draw.shuffle(every)
    left = TRIALS
    for rule in every:
        tree = rule.when.tree
        found = [(node, other) for node in below(tree) if (other := change(node, draw)) is not None]
        if found and left:
            left -= 1
            yield rule, exchange(tree, *draw.choice(found))


def no(node: Node) -> Node:
    return Not(BOOL, (0, 0), node)


def both(*parts: Node) -> Node:
    return And(BOOL, (0, 0), parts) if len(parts) > 1 else parts[0]


def either(*parts: Node) -> Node:
    return Or(BOOL, (0, 0), parts) if len(parts) > 1 else parts[0]


# --- the same in other words, under Kleene's logic too ------------------------------------------------------------------

OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def commuted(node: Node, draw: random.Random) -> Node | None:
    match node:
        case And(parts=parts) | Or(parts=parts):
            return dataclasses.replace(node, parts=tuple(draw.sample(parts, len(parts))[::-1]))
        case Compare(op=op, left=left, right=right):
            return dataclasses.replace(node, op=TURNED[op], left=right, right=left)
    return None


def negated_twice(node: Node, _draw: random.Random) -> Node | None:
    if isinstance(node, Compare) and not isinstance(node.left.type, Bool):
        return no(dataclasses.replace(node, op=OPPOSITE[node.op]))
    return no(no(node)) if isinstance(node.type, Bool) and not isinstance(node, Literal) else None


def de_morgan(node: Node, _draw: random.Random) -> Node | None:
    match node:
        case And(parts=parts):
            return no(either(*map(no, parts)))
        case Or(parts=parts):
            return no(both(*map(no, parts)))
        case Quantifier(kind=kind, body=body):
            return no(dataclasses.replace(node, kind="all" if kind == "exists" else "exists", body=no(body)))
    return None


def distributed(node: Node, _draw: random.Random) -> Node | None:
    """A && (b || c) as (a && b) || (a && c), and the other way round."""
    if not isinstance(node, And | Or):
        return None
    inner, outer, other = (either, both, Or) if isinstance(node, And) else (both, either, And)
    parts = [part.body if isinstance(part, Term) else part for part in node.parts]
    for index, part in enumerate(parts):
        if isinstance(part, other):
            rest = (*parts[:index], *parts[index + 1 :])
            return inner(*(outer(*rest, one) for one in part.parts))
    return None


@functools.cache
def steady() -> Mapping[str, tuple[Any, ...]]:
    """The lists among the parameters whose value is the same on all days."""
    parameters = [p for policy in shipped_bundle().policies.values() for p in policy.parameters.values()]
    return {
        p.key: tuple(p.values[0].value)
        for p in parameters
        if len(p.values) == 1 and isinstance(p.values[0].value, list | tuple)
    }


def listed_out(node: Node, _draw: random.Random) -> Node | None:
    """A list of values as one equation for each."""
    match node:
        case In(item=item, list=Param(key=key)) if key in steady() and not isinstance(item, Literal):
            values = (Literal(item.type, (0, 0), value) for value in steady()[key])
            return either(*(Compare(BOOL, (0, 0), "==", item, value) for value in values))
    return None


def gathered(node: Node, draw: random.Random) -> Node | None:
    """X == a as x in [a], and x == a || x == b as x in [a, b]."""
    node = listed_out(node, draw) or node
    parts = node.parts if isinstance(node, Or) else (node,)
    values = []
    for part in parts:
        match part:
            case Compare(op="==", left=item, right=Literal(value=str() as value)) if not isinstance(item, Literal):
                values.append((item, value))
    if len(values) < len(parts) or any(to_data(item) != to_data(values[0][0]) for item, _ in values):
        return None
    item = values[0][0]
    return In(BOOL, (0, 0), item, Literal(ListOf(item.type), (0, 0), tuple(value for _, value in values)))


def quantified_apart(node: Node, draw: random.Random) -> Node | None:
    """exists(a || b) as exists(a) || exists(b), all(a && b) as all(a) && all(b)."""
    match node:
        case Quantifier(kind="exists", body=Or(parts=parts)):
            return either(*(dataclasses.replace(node, body=part) for part in parts))
        case Quantifier(kind="all", body=And(parts=parts)):
            return both(*(dataclasses.replace(node, body=part) for part in parts))
        case Quantifier(kind="exists", body=In() as body):
            apart = listed_out(body, draw)
            if isinstance(apart, Or):
                return either(*(dataclasses.replace(node, body=part) for part in apart.parts))
    return None


def quantified_together(node: Node, _draw: random.Random) -> Node | None:
    """exists(a) || exists(a && b) as exists(a || a && b): the way back, beside absorption."""
    match node:
        case Quantifier(kind="exists", body=And(parts=parts) as body):
            return dataclasses.replace(node, body=either(body, both(body, parts[0])))
    return None


def absorbed(node: Node, draw: random.Random) -> Node | None:
    """A as a && (a || b), or as a || (a && b)."""
    if not isinstance(node, And | Or):
        return None
    one, other = draw.sample(node.parts, 2)
    wide = draw.choice((both(one, either(one, other)), either(one, both(one, other))))
    return dataclasses.replace(node, parts=tuple(wide if part is one else part for part in node.parts))


REWRITES = [
    commuted, negated_twice, de_morgan, distributed, listed_out, gathered, quantified_apart, quantified_together,
    absorbed,
]  # fmt: skip


@pytest.mark.parametrize("change", REWRITES)
def test_rewritten_rules_are_proved_equivalent(
    change: Change, bundle: Bundle, attackers: list[tuple[Profile, str]]
) -> None:
    tested = 0
    for rule, tree in changed(bundle, change, SEED):
        head = replaced(bundle, rule.name, tree)
        [verdict] = compare_rules(bundle, head, [rule.name])
        if verdict.verdict == "witness" and is_split(bundle, rule):
            assert all("incomplete" in one for one in verdict.transitions), verdict
        else:
            assert verdict.verdict == "proved-equivalent", verdict
        attack(bundle, head, verdict, attackers)
        tested += 1
    assert tested


def is_split(bundle: Bundle, rule: Rule) -> bool:
    """Whether another rule needs a clause of this one the other way: only a clause that stands alone is split."""
    rules = (one for policy in bundle.policies.values() for one in policy.rules if one.group == rule.group)
    return bool(find_cases({one.name: one.when.tree for one in rules})[rule.name])


# --- mutants ----------------------------------------------------------------------------------------------------------

NEAR = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}


def one_dropped(node: Node, draw: random.Random) -> Node | None:
    if not isinstance(node, And | Or):
        return None
    gone = draw.choice(node.parts)
    kept = tuple(part for part in node.parts if part is not gone)
    return dataclasses.replace(node, parts=kept) if len(kept) > 1 else kept[0]


def one_negated(node: Node, draw: random.Random) -> Node | None:
    if not isinstance(node, And | Or):
        return None
    other = draw.choice(node.parts)
    return dataclasses.replace(node, parts=tuple(no(part) if part is other else part for part in node.parts))


def and_or_swapped(node: Node, _draw: random.Random) -> Node | None:
    match node:
        case And(parts=parts):
            return either(*parts)
        case Or(parts=parts):
            return both(*parts)
    return None


def bound_moved(node: Node, _draw: random.Random) -> Node | None:
    match node:
        case Compare(op=op):
            return dataclasses.replace(node, op=NEAR[op])
        case Literal(type=Int() | Number(), value=value):
            return dataclasses.replace(node, value=value + 1)
    return None


def quantifier_swapped(node: Node, _draw: random.Random) -> Node | None:
    if not isinstance(node, Quantifier):
        return None
    return dataclasses.replace(node, kind="all" if node.kind == "exists" else "exists")


MUTATIONS = [one_dropped, one_negated, and_or_swapped, bound_moved, quantifier_swapped]


@pytest.mark.parametrize("change", MUTATIONS)
def test_mutants(change: Change, bundle: Bundle, attackers: list[tuple[Profile, str]]) -> None:
    verdicts: Counter[str] = Counter()
    for rule, tree in changed(bundle, change, SEED):
        head = replaced(bundle, rule.name, tree)
        [verdict] = compare_rules(bundle, head, [rule.name])
        verdicts[verdict.verdict] += 1
        confirm(bundle, head, verdict)
        attack(bundle, head, verdict, attackers)
    assert sum(verdicts.values()) == TRIALS
    assert not verdicts["unsupported"]
    assert verdicts["witness"] + verdicts["masked"] >= TRIALS / 2


VALUE = re.compile(r"(?P<before>\{from: '[\d-]+', cite: [\w-]+, value: )(?P<value>\d+)\}")
"""A dated whole number among the parameters of a policy."""


def test_values_that_were_moved(bundle: Bundle, attackers: list[tuple[Profile, str]]) -> None:
    """A value is one more than it was: the rules that read it say something else, or are proved not to."""
    draw = random.Random(SEED)
    sources = [(name, data.decode()) for name, data in read_sources(resource_folder("policies"))]
    places = [(name, found) for name, text in sources for found in VALUE.finditer(text)]
    verdicts: Counter[str] = Counter()
    for file, found in draw.sample(places, min(TRIALS, len(places))):
        larger = f"{found['before']}{int(found['value']) + 1}}}"
        head = build_bundle(
            [
                (name, (text[: found.start()] + larger + text[found.end() :] if name == file else text).encode())
                for name, text in sources
            ]
        )
        for name in moved(bundle, head)[:3]:
            [verdict] = compare_rules(bundle, head, [name])
            verdicts[verdict.verdict] += 1
            confirm(bundle, head, verdict)
            attack(bundle, head, verdict, attackers)
    assert sum(verdicts.values())
    assert not verdicts["unsupported"]


def test_days_that_were_moved(bundle: Bundle, attackers: list[tuple[Profile, str]]) -> None:
    """A rule begins a day later: a witness is of that day."""
    every = [rule for policy in bundle.policies.values() for rule in policy.rules if rule.since > bundle.covers_from]
    verdicts: Counter[str] = Counter()
    for rule in random.Random(SEED).sample(every, TRIALS):
        later = dataclasses.replace(rule, since=iso(ordinal(rule.since) + 1))
        [verdict] = compare_rules(bundle, head := with_rule(bundle, rule, later), [rule.name])
        verdicts[verdict.verdict] += 1
        assert verdict.as_of in (None, rule.since)
        confirm(bundle, head, verdict)
        attack(bundle, head, verdict, attackers)
    assert verdicts["witness"] + verdicts["masked"] >= TRIALS / 2


def moved(base: Bundle, head: Bundle) -> list[str]:
    """The rules that read a parameter whose values differ."""
    differ = set()
    for policy in base.policies.values():
        for name, parameter in policy.parameters.items():
            values = [
                [(v.since, v.value) for v in p.values] for p in (parameter, head.policies[policy.id].parameters[name])
            ]
            if values[0] != values[1]:
                differ.add(parameter.key)
    assert differ
    return [
        rule.name
        for policy in base.policies.values()
        for rule in policy.rules
        if any(differ & set(expression.parameters) for expression in rule.expressions)
    ]


# --- what is done to a verdict ------------------------------------------------------------------------------------------


def attack(base: Bundle, head: Bundle, verdict: RuleVerdict, attackers: list[tuple[Profile, str]]) -> None:
    """No profile shows a difference that was proved not to be there."""
    one, two = find_rule(base, verdict.rule), find_rule(head, verdict.rule)
    for profile, day in attackers:
        if verdict.verdict == "proved-equivalent":
            assert rule_states(base, one, profile, day) == rule_states(head, two, profile, day), verdict.rule
        if verdict.verdict == "masked":
            assert evaluate(base, profile, day).decision == evaluate(head, profile, day).decision, verdict.rule
