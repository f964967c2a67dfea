"""The value of any expression about a profile under three-valued logic, clause by clause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from vatspolicy.core.cel.ast import Node
from vatspolicy.core.cel.interpreter import Unknown, compile_interpreter
from vatspolicy.core.cel.parser import ExpressionError, parse
from vatspolicy.core.documents import Path
from vatspolicy.core.engine.decision import Subject
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.explanation import quote, split_clauses
from vatspolicy.core.engine.missing_facts import MissingFacts
from vatspolicy.core.engine.result import Clause
from vatspolicy.core.engine.subjects import Activations
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.compiler import environment_of
from vatspolicy.core.policies.model import Policy
from vatspolicy.core.profile.profile import Profile

SUBJECTS = ("product", "service", "activity")
"""Subjects of an expression, from the one with the fewest variables to the one with all."""


class ExpressionValue(NamedTuple):
    """The value of an expression about one subject."""

    subject: Subject
    value: Any
    """True, False, a number, a text or a list; None if it is unknown."""
    clauses: tuple[Clause, ...]
    missing: tuple[Path, ...]
    """Facts that keep it unknown, in the order of questions."""


def type_expression(bundle: Bundle, text: str, each: str | None, policy: Policy | None = None) -> tuple[str, Node]:
    """Return the subject and the typed tree of an expression. Without `each`, it is the first subject that fits.

    With a policy, its terms and parameters are known, and those of the policies that it uses.

    Raises:
        ExpressionError: The text is not an expression about such a subject.
    """
    document = bundle.document(policy) if policy else None
    used = {name: bundle.document(bundle.policies[name]) for name in policy.uses} if policy else {}
    for subject in (each,) if each else SUBJECTS:
        try:
            return subject, parse(text, environment_of(subject, document, used, bundle.schemas), None)
        except ExpressionError:
            if subject in (each, SUBJECTS[-1]):
                raise
    raise AssertionError


def evaluate_expression(
    bundle: Bundle, profile: Profile, day: str, each: str, text: str, tree: Node, policy: Policy | None = None
) -> Iterator[ExpressionValue]:
    """Yield the value of a typed expression for the product, each service, or each service in each of its classes."""
    ruleset = bundle.on(day)
    activations = Activations(ruleset, profile, day)
    missing = MissingFacts(ruleset, profile, activations)
    clauses = [
        (quote(words, node), compile_interpreter(node, ruleset.params), depth)
        for words, node, depth in split_clauses(bundle, policy, text, tree)
    ]
    run = compile_interpreter(tree, ruleset.params)
    for subject in _subjects(bundle, profile, day, each):
        activation: Mapping[str, Any] = activations.of(subject)
        value = run(activation)
        facts = missing.paths(activation, value.facts) if isinstance(value, Unknown) else ()
        with_values = tuple(Clause(words, _known(check(activation)), depth) for words, check, depth in clauses)
        yield ExpressionValue(subject, _known(value), with_values, facts)


def _known(value: Any) -> Any:
    return None if isinstance(value, Unknown) else value


def _subjects(bundle: Bundle, profile: Profile, day: str, each: str) -> Iterator[Subject]:
    if each == "product":
        yield Subject()
        return
    for service in evaluate(bundle, profile, day).services:
        if each == "service":
            yield Subject(service.id)
        else:
            yield from (Subject(service.id, activity.cls) for activity in service.activities)
