"""States of a rule for the subjects of a profile, and the clauses that decide them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import (
    And,
    Compare,
    Fact,
    In,
    Node,
    Not,
    Or,
    Param,
    Quantifier,
    SetTest,
    Term,
    TextTest,
    children,
    walk,
)
from vatspolicy.core.cel.interpreter import Params, evaluate, look_up
from vatspolicy.core.cel.scopes import unbound_facts
from vatspolicy.core.cel.types import Bool
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.engine.classification import classify
from vatspolicy.core.engine.explanation import plain, quote
from vatspolicy.core.engine.licensing import answer_need, evaluate_routes, holds_needed
from vatspolicy.core.engine.subjects import activity_activation, product_activation, service_activation
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Expression, Need, Policy, Route, Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile
from vatspolicy.i18n import Listing, _
from vatspolicy.i18n.text import shorten


def outside_terms(node: Node) -> Iterator[Node]:
    """Yield the nodes of an expression without those inside its terms."""
    yield node
    if not isinstance(node, Term):
        for child in children(node):
            yield from outside_terms(child)


def own_clauses(node: Node) -> Iterator[Node]:
    """Yield the clauses of an expression, without those inside terms, which belong to the terms' own files."""
    match node:
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from own_clauses(part)
        case Not(body=body):
            yield from own_clauses(body)
        case Quantifier(body=body):
            yield node
            yield from own_clauses(body)
        case _ if is_clause(node):
            yield node


def reads_facts(node: Node) -> bool:
    """Return True for a node that depends on the profile, and so can be true and false."""
    return any(isinstance(inner, Fact) for inner in walk(node))


def is_clause(node: Node) -> bool:
    """Return True for a boolean node that does not split into others."""
    return isinstance(node, Compare | In | Quantifier | SetTest | TextTest) or (
        isinstance(node, Fact) and isinstance(node.type, Bool)
    )


# --- states of a rule for the subjects of a profile, as tests name them


def subjects(ruleset: RuleSet, profile: Profile, as_of: str) -> Iterator[tuple[str, str, Activation]]:
    """Yield every subject of a profile (product, services, activities) with its name and activation."""
    product = product_activation(profile, as_of)
    yield "product", "", product
    for service in product["services"]:
        activation = service_activation(product, service)
        yield "service", service["id"], activation
        for cls in classify(ruleset, activation).classes:
            yield "activity", f"{service['id']}/{cls}", activity_activation(ruleset, activation, cls)


def state_of(ruleset: RuleSet, rule: Rule, activation: Activation) -> str:
    """Return the state of a rule for one activation: silent, fires, unknown; met, unmet, closed; open, closed."""
    holds = ruleset.evaluate(rule.when, activation) if rule in ruleset.rules_for(rule.each, rule.kind) else False
    if holds is False:
        return "silent"
    match rule.effect:
        case Route(to=to):
            return next(
                (state.state for state in evaluate_routes(ruleset, activation, to) if state.rule is rule), "silent"
            )
        case Need(through=through) as need:
            routes = () if through is None else evaluate_routes(ruleset, activation, through)
            return answer_need(need, holds, holds_needed(ruleset, activation, rule), routes).state
    return "fires" if holds else "unknown"


_STATES = {"fires": _("fires"), "silent": _("silent"), "unknown": _("unknown"), "closed": _("closed")}


def name_state(state: str) -> str:
    """Return a state as messages show it."""
    return _STATES.get(state, state)


# --- reasons for the state of a rule
#
# Reasons for the state of a rule: the clauses that decide it, where they stand, and the facts that they read.


LONGEST_VALUE = 100
"""Characters of a value that are shown."""
_VALUES: Mapping[bool | None, str] = {True: _("true"), False: _("false"), None: _("unknown")}


class Reason(NamedTuple):
    """A clause that decides an expression."""

    policy: Policy
    """Policy that writes the clause: for a clause of a shared term, the one that defines the term."""
    line: int
    text: str
    node: Node
    value: bool | None

    def read(self, activation: Activation, params: Params) -> Iterator[str]:
        """Yield the facts and parameters that the clause names, with their values."""
        values: dict[str, Tree] = {}
        for fact in unbound_facts(self.node):
            names = fact.names[:-1] if fact.names[-1:] in (("within",), ("province",)) else fact.names
            values[".".join((fact.root, *names))] = plain(look_up(activation, fact.root, names))
        for node in walk(self.node):
            if isinstance(node, Param) and not _is_nested(params[node.key]):
                values[f"param.{node.key.partition('/')[2]}"] = params[node.key]
        for name, value in values.items():
            if value is None:
                yield _("{name} is not stated", name=name)
            else:
                shown = shorten(json.dumps(value, ensure_ascii=False), LONGEST_VALUE)
                yield _("{name} is {value}", name=name, value=shown)


def _is_nested(value: Tree) -> bool:
    return isinstance(value, tuple | list) and any(isinstance(member, dict | list | tuple) for member in value)


def decisive_reasons(
    bundle: Bundle, policy: Policy, expression: Expression, activation: Activation, params: Params
) -> Iterator[Reason]:
    """Yield the clauses that account for the value of an expression, in the order of the text."""
    yield from _clauses(bundle, policy, (expression.text, expression.line), expression.tree, activation, params)


def _clauses(
    bundle: Bundle, policy: Policy, place: tuple[str, int], node: Node, activation: Activation, params: Params
) -> Iterator[Reason]:
    text, line = place
    match node:
        case Term(name=name, body=body):
            owner, inner = bundle.term(policy, name)
            yield from _clauses(bundle, owner, (inner, owner.term_lines[name]), body, activation, params)
        case Not(body=body):
            yield from _clauses(bundle, policy, place, body, activation, params)
        case And(parts=parts) | Or(parts=parts):
            whole = evaluate(node, activation, params)
            for part in parts:
                if evaluate(part, activation, params) is whole:
                    yield from _clauses(bundle, policy, place, part, activation, params)
        case _ if reads_facts(node):
            at = line + text.count("\n", 0, node.span[0])
            yield Reason(policy, at, quote(text, node), node, evaluate(node, activation, params))


def explain_state(bundle: Bundle, ruleset: RuleSet, rule: Rule, activation: Activation) -> Iterator[str]:
    """Yield a sentence for each clause that puts a rule into its state: of `when`, or of conditions of a route."""
    policy = bundle.policies[rule.policy]
    if rule not in ruleset.rules_for(rule.each, rule.kind):
        yield _("{id} is not in force on this day.", id=rule.id)
        return
    holds = evaluate(rule.when.tree, activation, ruleset.params)
    if holds is True and isinstance(rule.effect, Need) and rule.effect.through is not None:
        yield from _routes(bundle, ruleset, rule.effect.through, activation)
    elif holds is True and isinstance(rule.effect, Route) and rule.effect.requirements:
        yield from _conditions(bundle, ruleset, rule, activation)
    else:
        yield from _sentences(bundle, ruleset, policy, [(rule.id, rule.when)], activation)


def _routes(bundle: Bundle, ruleset: RuleSet, to: str, activation: Activation) -> Iterator[str]:
    for found in evaluate_routes(ruleset, activation, to):
        if found.state != "open":
            yield from _conditions(bundle, ruleset, found.rule, activation)


def _conditions(bundle: Bundle, ruleset: RuleSet, rule: Rule, activation: Activation) -> Iterator[str]:
    """Yield the reasons why conditions of a route fail; if all hold, the reasons why they hold."""
    assert isinstance(rule.effect, Route)
    checks = [(f"{rule.id}/{condition.id}", condition.check) for condition in rule.effect.requirements]
    values = {name: evaluate(check.tree, activation, ruleset.params) for name, check in checks}
    worst = False if False in values.values() else None if None in values.values() else True
    shown = [(name, check) for name, check in checks if values[name] is worst]
    yield from _sentences(bundle, ruleset, bundle.policies[rule.policy], shown, activation)


def _sentences(
    bundle: Bundle,
    ruleset: RuleSet,
    policy: Policy,
    expressions: Iterable[tuple[str, Expression]],
    activation: Activation,
) -> Iterator[str]:
    for name, expression in expressions:
        for reason in decisive_reasons(bundle, policy, expression, activation, ruleset.params):
            yield _(
                "{name}: `{clause}` is {value}, as {facts} ({file}:{line}).",
                name=name,
                clause=reason.text,
                value=_VALUES[reason.value],
                facts=Listing(list(reason.read(activation, ruleset.params)), "and"),
                file=reason.policy.file,
                line=reason.line,
            )
