"""Test cases for clauses that no test covers: a profile with few facts on which the clause decides, by the solver.

The profile is decided again before it is shown, and the clause must then count as covered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from vatspolicy.authoring.analysis.bounded_search import Build, all_days, encode_part, encode_subject, find_solution
from vatspolicy.authoring.analysis.witness import Witness, make_witness
from vatspolicy.authoring.granted_profiles import load_granted
from vatspolicy.authoring.symbolic.encoder import SymbolicActivation
from vatspolicy.authoring.symbolic.query import Query
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicRuleSet
from vatspolicy.authoring.symbolic.solver import Undecided, has_solver, reason_of
from vatspolicy.authoring.symbolic.values import Unsupported
from vatspolicy.authoring.symbolic.witness import Unconfirmed
from vatspolicy.authoring.testing.cases import Case
from vatspolicy.authoring.testing.coverage import Coverage, CoverageGap, expressions_of
from vatspolicy.authoring.testing.result import Proposal
from vatspolicy.core.cel.ast import And, Node, Not, Or, Term
from vatspolicy.core.documents.plain import Facts
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Expression, Rule
from vatspolicy.errors import InvalidInput
from vatspolicy.i18n import _

Guards = tuple[tuple[Node, bool], ...]
"""Parts beside a clause, with the values under which the clause decides alone."""


@dataclass(frozen=True)
class _Place:
    """A place at which a rule reads a clause: its own, or that of a term which it uses."""

    rule: Rule
    expression: Expression
    clause: Node
    guards: Guards


def propose_cases(bundle: Bundle, gaps: Iterable[CoverageGap]) -> Iterator[Proposal]:
    """Yield a test case for each value with which the tests do not show that a clause decides alone."""
    for gap in gaps:
        for word in gap.never:
            yield _propose(bundle, gap, word == "true")


def _propose(bundle: Bundle, gap: CoverageGap, value: bool) -> Proposal:
    about = (gap.file, gap.line, gap.name, value)
    if not has_solver():
        return Proposal(*about, None, None, _("Test cases are made by z3. Install the extra smt."))
    places = list(_places(bundle, gap))
    if not places:
        return Proposal(*about, None, None, _("The clause is about a member of a list."))
    reason: str = _("There is proof that the clause never decides alone with this value.")
    for place in places[:2]:
        try:
            for build in _questions(place, value):
                answer = find_solution(bundle, all_days(bundle), build)
                if answer is None:
                    continue
                it = _title(place.rule, gap, value)
                shown = make_witness(bundle, answer, [place.rule], it)
                if _covers(bundle, place.rule, shown, gap, value):
                    file = bundle.policies[place.rule.policy].file.removesuffix(".yaml") + ".test.yaml"
                    return Proposal(*about, file, shown.case, None)
                reason = _("The case that was found does not show the clause.")
        except (Undecided, Unsupported) as error:
            reason = reason_of(error)
        except (Unconfirmed, InvalidInput):
            reason = _("The case that was found is not confirmed.")
    return Proposal(*about, None, None, reason)


def _title(rule: Rule, gap: CoverageGap, value: bool) -> str:
    return f"shows {rule.id} where `{gap.name}` is {'true' if value else 'false'}"


def _questions(place: _Place, value: bool) -> Iterator[Build]:
    """Yield the questions where the clause decides alone, first where a route applies whose condition it is part of."""

    def make(applies: bool) -> Build:
        def build(query: Query, ruleset: SymbolicRuleSet) -> Sequence[int]:
            exists, activation = encode_subject(query, ruleset, place.rule.each)
            parts = [*exists, ruleset.in_force(place.rule)]
            if applies:
                parts.append(ruleset.evaluate(place.rule.when, activation).true)
            parts += (_truth(ruleset, place.expression, node, activation, wanted) for node, wanted in place.guards)
            return [*parts, _truth(ruleset, place.expression, place.clause, activation, value)]

        return build

    if place.expression is not place.rule.when:
        yield make(applies=True)
    yield make(applies=False)


def _truth(
    ruleset: SymbolicRuleSet, expression: Expression, node: Node, activation: SymbolicActivation, wanted: bool
) -> int:
    found = encode_part(ruleset, expression, node, activation)
    return found.true if wanted else found.false


def _places(bundle: Bundle, gap: CoverageGap) -> Iterator[_Place]:
    """Yield the places at which rules read a clause, first those in the policy that writes it."""
    policies = sorted(bundle.policies.values(), key=lambda policy: policy.file != gap.file)
    for policy in policies:
        for rule in policy.rules:
            for expression in expressions_of(rule):
                owner = (policy.file, expression.text)
                for place, clause, guards in _clauses(bundle, policy.id, owner, expression.tree, ()):
                    if place == (gap.file, gap.text) and clause.span == gap.span:
                        yield _Place(rule, expression, clause, guards)


def _clauses(
    bundle: Bundle, policy: str, place: tuple[str, str], node: Node, guards: Guards
) -> Iterator[tuple[tuple[str, str], Node, Guards]]:
    """Yield the clauses of an expression outside of quantifiers: file and text around each, itself, what guards it."""
    match node:
        case Term(name=name, body=body):
            owner, text = bundle.term(bundle.policies[policy], name)
            yield from _clauses(bundle, owner.id, (owner.file, text), body, guards)
        case Not(body=body):
            yield from _clauses(bundle, policy, place, body, guards)
        case And(parts=parts) | Or(parts=parts):
            neutral = isinstance(node, And)
            for part in parts:
                beside = tuple((other, neutral) for other in parts if other is not part)
                yield from _clauses(bundle, policy, place, part, (*guards, *beside))
        case _:
            yield place, node, guards


def _covers(bundle: Bundle, rule: Rule, shown: Witness, gap: CoverageGap, value: bool) -> bool:
    """Return whether the case shows the clause decide with this value, by the measure that found the gap."""
    expect: Facts = {"expect": {}}
    profile = load_granted(shown.profile, schemas=bundle.schemas)
    policy = bundle.policies[rule.policy]
    coverage = Coverage(bundle)
    coverage.note(Case(policy.file, 1, "", bundle, profile, shown.as_of, expect, policy))
    return coverage.shows_decisive(gap, value)
