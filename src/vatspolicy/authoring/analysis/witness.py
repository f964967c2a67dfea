"""A witness with its test case: the evaluator decides it, and the test passes today."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vatspolicy.authoring.analysis.bounded_search import Build, all_days, encode_part, encode_subject, find_solution
from vatspolicy.authoring.testing.cases import Case, load_tests
from vatspolicy.authoring.testing.coverage import Coverage, CoverageGap, expressions_of
from vatspolicy.authoring.testing.result import Proposal
from vatspolicy.authoring.testing.rule_states import state_of, subjects
from vatspolicy.core.cel.ast import And, Node, Not, Or, Term
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.documents.yaml_writer import dump_yaml
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Expression, Rule
from vatspolicy.core.profile.profile import load_granted
from vatspolicy.errors import InvalidInput
from vatspolicy.i18n import _
from vatspolicy.proofs.encoder import SymbolicActivation
from vatspolicy.proofs.query import Query, Solution
from vatspolicy.proofs.ruleset_encoder import SymbolicRuleSet
from vatspolicy.proofs.solver import Undecided, has_solver, reason_of
from vatspolicy.proofs.values import Unsupported
from vatspolicy.proofs.witness import Unconfirmed

ROOTS = ("product", "company", "partner", "services", "data", "deals", "filings", "opinions")
"""Keys of a profile that a test may set."""


@dataclass(frozen=True)
class Witness:
    """Confirmed witness with its test case."""

    profile: Facts
    as_of: str
    states: Mapping[str, frozenset[str]]
    """States of each rule on the subjects of the profile."""
    case: str
    case_for: str


def make_witness(bundle: Bundle, answer: Solution, rules: Sequence[Rule], it: str) -> Witness:
    """Return a solution as a witness for rules, with a test for the file of the first rule.

    Raises Unconfirmed if the test does not pass, InvalidInput if the facts are not a valid profile.
    """
    answer = answer.minimized()
    data, day = answer.profile, answer.as_of
    states = states_of(bundle, data, day, rules)
    if not rules:
        return Witness(data, day, states, fixture(bundle, data, day), "fixture")
    own = [rule for rule in rules if rule.policy == rules[0].policy]
    test = _test(bundle, data, day, own, it)
    return Witness(data, day, states, dump_yaml([test]), "tests")


def states_of(bundle: Bundle, data: Facts, day: str, rules: Sequence[Rule]) -> dict[str, frozenset[str]]:
    """Return the evaluator's states of rules on the subjects of a profile."""
    ruleset, profile = bundle.on(day), load_granted(data, schemas=bundle.schemas)
    found: dict[str, set[str]] = {rule.name: set() for rule in rules}
    for each, _place, activation in subjects(ruleset, profile, day):
        for rule in rules:
            if rule.each == each:
                found[rule.name].add(state_of(ruleset, rule, activation))
    return {name: frozenset(states or {"silent"}) for name, states in found.items()}


def _test(bundle: Bundle, data: Facts, day: str, rules: Sequence[Rule], it: str) -> dict[str, Tree]:
    """Return an entry of `cases` about rules of one policy."""
    policy = bundle.policies[rules[0].policy]
    tests = load_tests(bundle, policy)
    base = tests.data["base"] if tests is not None else {}
    test: dict[str, Tree] = {"it": it[:200], "as_of": day, "set": {key: data[key] for key in ROOTS if key in data}}
    left = [key for key in ROOTS if key in base and key not in data]
    if left:
        test["unset"] = left
    ruleset, profile = bundle.on(day), load_granted(data, schemas=bundle.schemas)
    by_subject: dict[str, dict[str, str]] = {}
    for each, name, activation in subjects(ruleset, profile, day):
        for rule in rules:
            if rule.each == each:
                by_subject.setdefault(name, {})[rule.id] = state_of(ruleset, rule, activation)
    expect = {rule.id: "silent" for rule in rules}
    named = max(by_subject, key=lambda name: sum(s != "silent" for s in by_subject[name].values()), default="")
    seen = [states for states in by_subject.values() if states != by_subject.get(named)]
    expect |= by_subject.get(named, {})
    if seen and named:
        test["subject"] = named
    # tests have no state for a need whose routes are closed
    routes = {rule.id for rule in rules if rule.kind == "route"}
    test["expect"] = {id: state for id, state in expect.items() if state != "closed" or id in routes}
    if not test["expect"]:
        test["expect"] = {rules[0].id: "fires"}
    case = Case(policy.file, 1, it, bundle, profile, day, test, policy)
    problems = case.run()
    if problems:
        raise Unconfirmed(f"the test of a witness fails: {problems[0]}")
    return test


def fixture(bundle: Bundle, data: Facts, day: str) -> str:
    """Return the profile and, as a second document, its expected decision."""
    decision = evaluate(bundle, load_granted(data, schemas=bundle.schemas), day)
    expected: dict[str, Tree] = {"as_of": day, "decision": decision.decision}
    if decision.decision == "incomplete":
        expected["range"] = list(decision.range)
    return f"{dump_yaml(dict(data))}---\n{dump_yaml({'decisions': [expected]})}"


# --- test cases for clauses that no test covers: a profile with few facts on which the clause decides, by the solver
#
# The profile is decided again before it is shown, and the clause must then count as covered.


Guards = tuple[tuple[Node, bool], ...]
"""The parts next to a clause, with the values under which the clause alone decides."""


@dataclass(frozen=True)
class _Place:
    """A place where a rule reads a clause, in its own expression or in a term."""

    rule: Rule
    expression: Expression
    clause: Node
    guards: Guards


def propose_cases(bundle: Bundle, gaps: Iterable[CoverageGap]) -> Iterator[Proposal]:
    """Yield a test case for each value of a clause that lacks a test in which the clause alone decides."""
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
                it = f"shows {place.rule.id} where `{gap.name}` is {'true' if value else 'false'}"
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


def _questions(place: _Place, value: bool) -> Iterator[Build]:
    """Yield the questions where the clause alone decides, starting with those of open routes that have it as a
    condition.
    """

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
    part = encode_part(ruleset, expression, node, activation)
    return part.true if wanted else part.false


def _places(bundle: Bundle, gap: CoverageGap) -> Iterator[_Place]:
    """Yield the places where rules read a clause, starting with its own policy."""
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
    """Yield the clauses of an expression outside quantifiers: file and surrounding text, the clause, and its guards."""
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
    """Return whether the clause decides the case with this value, by the coverage measure."""
    expect: Facts = {"expect": {}}
    profile = load_granted(shown.profile, schemas=bundle.schemas)
    policy = bundle.policies[rule.policy]
    coverage = Coverage(bundle)
    coverage.note(Case(policy.file, 1, "", bundle, profile, shown.as_of, expect, policy))
    return coverage.shows_decisive(gap, value)
