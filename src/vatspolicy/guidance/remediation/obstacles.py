"""Obstacles of a decision: the rules behind it, the facts they read, and their thresholds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from vatspolicy.core.cel.ast import Compare, Fact, Literal, Node, Param, walk
from vatspolicy.core.cel.interpreter import evaluate
from vatspolicy.core.documents.plain import Facts
from vatspolicy.core.engine.classification import classify
from vatspolicy.core.engine.decision import Decision, Finding
from vatspolicy.core.engine.subjects import product_activation, service_activation
from vatspolicy.core.policies.model import Expression, Need
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.operators import SHARE, Operator, operator_of
from vatspolicy.core.profile.profile import Profile

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True)
class Obstacle:
    """Finding that prevents a milder decision, with the facts it depends on."""

    service: str | None
    names: frozenset[str]
    """Names such as company.registered or services.area; `operator` for dependence on the operator of the service."""


def find_obstacles(profile: Profile, decision: Decision, lift_needs: bool) -> tuple[Obstacle, ...]:
    """Return the obstacles: denials, undetermined findings, and unmet needs if `lift_needs`."""
    findings = [*decision.denials]
    if lift_needs:
        findings += [*decision.needs, *decision.would_need]
    if decision.decision == "incomplete":
        findings += decision.undetermined
    operators = _operators(profile)
    classes = {
        service.id: frozenset(
            name
            for finding in service.classified_by
            for name in _facts_of_expression(finding.rule.when, operators[service.id])
        )
        for service in decision.services
    }
    return tuple(
        Obstacle(
            finding.subject.service,
            frozenset(_facts_of_finding(finding, operators[finding.subject.service]))
            | _facts_of_class(finding, classes),
        )
        for finding in findings
    )


def _operators(profile: Profile) -> dict[str | None, tuple[str, ...]]:
    """Return the operator of each service, and of the product (None): company or partner, then the relevant shares."""
    operators: dict[str | None, tuple[str, ...]] = {None: ("company", f"company.{SHARE}")}
    for service in profile.facts["services"]:
        operator = operator_of(profile.facts, service)
        path = profile.path_of(operator, ()) or ("company",)
        shares = operator.shares if isinstance(operator, Operator) else ((*path, SHARE),)
        names = (".".join(step for step in share if isinstance(step, str)) for share in shares)
        operators[service["id"]] = tuple(dict.fromkeys((str(path[0]), *names)))
    return operators


def _facts_of_class(finding: Finding, classes: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the facts that classified the service of an activity."""
    return classes.get(finding.subject.service or "", frozenset()) if finding.subject.cls else frozenset()


def _facts_of_finding(finding: Finding, operators: tuple[str, ...]) -> Iterator[str]:
    yield from _facts_of_expression(finding.rule.when, operators)
    if isinstance(finding.rule.effect, Need):
        yield "operator"
    for state in finding.routes:
        yield from _facts_of_expression(state.rule.when, operators)
        for condition in state.rule.conditions:
            if condition in state.failing or state.state == "unknown":
                yield from _facts_of_expression(condition.check, operators)


def _facts_of_expression(expression: Expression, operators: tuple[str, ...]) -> Iterator[str]:
    for node in walk(expression.tree):
        if not isinstance(node, Fact):
            continue
        if node.root == "operator":
            yield "operator"
            if node.names == (SHARE,):
                yield from operators[1:]
            else:
                yield ".".join((operators[0], *node.names[:1]))
        elif node.root == "activity":
            if node.names == ("licensed",):
                yield "operator"
        elif node.root == "service":
            yield f"services.{node.names[0]}"
        elif node.names:
            yield f"{node.root}.{node.names[0]}"
        else:
            yield node.root


def blocking_expressions(ruleset: RuleSet, effects: Iterable[str] = ("deny", "need", "route")) -> Iterator[Expression]:
    """Yield the expressions of rules in force that can be obstacles, including route conditions."""
    for key, rules in ruleset.rules.items():
        if key.partition("/")[2] not in effects:
            continue
        for rule in rules:
            yield rule.when
            yield from (condition.check for condition in rule.conditions)


def find_comparisons(node: Node, params: Facts) -> Iterator[tuple[Fact, str, float]]:
    """Yield the comparisons of a fact with a constant number: fact, operator with the fact on its left, number."""
    for part in walk(node):
        match part:
            case Compare(op=op, left=Fact() as fact, right=Param() | Literal() as constant) if op in _MIRRORED:
                pass
            case Compare(op=op, left=Param() | Literal() as constant, right=Fact() as fact) if op in _MIRRORED:
                op = _MIRRORED[op]
            case _:
                continue
        value = evaluate(constant, {}, params)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield fact, op, value


def find_breakpoints(ruleset: RuleSet, name: str, lower: bool) -> tuple[float, ...]:
    """Return the values of a company's number at which a rule in force changes, on the lower or the higher side."""
    step = {">=": -1, "<": -1} if lower else {"<=": 1, ">": 1}
    values = {
        value + step.get(op, 0)
        for expression in blocking_expressions(ruleset)
        for fact, op, value in find_comparisons(expression.tree, ruleset.params)
        if fact.root in ("operator", "company") and fact.names == (name,)
    }
    if name == "foreign_percent":
        caps = [rule.route.max_foreign_percent for rule in ruleset.rules_for("activity", "route")]
        values |= {ruleset.evaluate(cap, {}) for cap in caps if cap is not None} - {None}
    return tuple(sorted(value for value in values if value >= 0))


def weight(ruleset: RuleSet, profile: Profile, decision: Decision) -> int:
    """Return the relative cost of one decision, at least 1: activities × interpretations, more if facts are missing."""
    activities, readings = 0, 1
    product = product_activation(profile, decision.as_of)
    for service in product["services"]:
        classification = classify(ruleset, service_activation(product, service), {})
        activities += len(classification.classes) + len(classification.possible)
        readings += sum(len(rule.other_readings) for rule in classification.contested)
    return max(1, activities * readings * (10 if decision.decision == "incomplete" else 1) // 2)
