"""A witness with its test case: the evaluator decides it, and the test passes today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vatspolicy.authoring.testing.cases import Case, load_tests
from vatspolicy.authoring.testing.rule_states import state_of, subjects
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.documents.yaml_writer import dump_yaml
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Rule
from vatspolicy.core.profile.profile import load_granted
from vatspolicy.proofs.query import Solution
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
