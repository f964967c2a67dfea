"""Readers of a fact: the rules, terms and instruments whose expressions read it, clause by clause."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from vatspolicy.authoring.testing.coverage import used_terms
from vatspolicy.core.cel.ast import And, Node, Not, Or, Param, Term, walk
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Expression, Policy, Route
from vatspolicy.core.policies.reads import ROOTS, facts_of
from vatspolicy.core.profile.vocabulary import fact_schemas
from vatspolicy.errors import nearest

RULE, TERM, INSTRUMENT = "rule", "term", "instrument"
_VARIABLES = {"activity.class", "activity.licensed", "as_of"}
"""Variables of rules that are not facts of a profile."""


class FactReader(NamedTuple):
    """A clause that reads a fact, and its place in the law."""

    policy: Policy
    kind: str
    """RULE, TERM or INSTRUMENT."""
    name: str
    """Id of the rule, or rule/condition; name of the term or of the instrument."""
    line: int
    clause: str
    parameters: tuple[str, ...]
    """Parameters (policy/name) that the clause reads beside the fact."""
    term: str = ""
    """The term (policy/name) through which the clause reads the fact; empty if it reads it itself."""


def find_fact(bundle: Bundle, name: str) -> tuple[str, ...]:
    """Return the paths that a name represents: a fact of a profile, or a variable of rules such as operator.licenses.

    Indexes and `*` make no difference. Empty if there is no such fact.
    """
    first, *rest = [step for step in name.split(".") if step != "*" and not step.isdigit()] or [""]
    starts = [_plain(start) for start in ROOTS.get(first, (first,))]
    paths = tuple(".".join((start, *rest)) for start in starts)
    known = {".".join(path) for path, _ in fact_schemas(bundle.schemas)} | _VARIABLES
    return tuple(path for path in paths if path in known)


def similar_facts(bundle: Bundle, name: str) -> list[str]:
    """Return the facts with the names nearest to an unknown name."""
    return nearest(name, (".".join(path) for path, _ in fact_schemas(bundle.schemas)))


def find_readers(bundle: Bundle, paths: tuple[str, ...]) -> list[FactReader]:
    """Return the clauses that read a fact, or anything below it, by policy and in the order of the files.

    A term is listed once, where it is written; what uses it is listed beside the name of the term.
    """
    readers: list[FactReader] = []
    for policy in bundle.policies.values():
        for kind, name, expression in _expressions(policy):
            readers += _read(bundle, policy, (kind, name), (expression.text, expression.line), expression.tree, paths)
    for (owner_id, name), body in used_terms(bundle).items():
        owner = bundle.policies[owner_id]
        readers += _read(bundle, owner, (TERM, name), (owner.terms[name], owner.term_lines[name]), body, paths)
    order = {id: index for index, id in enumerate(bundle.policies)}
    return sorted(readers, key=lambda one: (order[one.policy.id], one.line))


def _expressions(policy: Policy) -> Iterator[tuple[str, str, Expression]]:
    for rule in policy.rules:
        yield RULE, rule.id, rule.when
        if isinstance(rule.effect, Route):
            yield from (
                (RULE, f"{rule.id}/{requirement.id}", requirement.check) for requirement in rule.effect.requirements
            )
    for name, instrument in policy.instruments.items():
        yield from ((INSTRUMENT, name, expression) for expression in instrument.expressions)


def _read(
    bundle: Bundle, policy: Policy, part: tuple[str, str], place: tuple[str, int], tree: Node, paths: tuple[str, ...]
) -> Iterator[FactReader]:
    """Yield the clauses of one expression that read a fact."""
    text, line = place
    for clause in _clauses(tree):
        facts = [f"{_plain(fact)}." for fact in facts_of(clause)]
        if any(fact.startswith(f"{path}.") for fact in facts for path in paths):
            start, end = clause.span
            through = ""
            if isinstance(clause, Term):
                owner, _ = bundle.term(policy, clause.name)
                through = f"{owner.id}/{clause.name}"
            keys = () if through else dict.fromkeys(node.key for node in walk(clause) if isinstance(node, Param))
            at = line + text.count("\n", 0, start)
            yield FactReader(policy, *part, at, " ".join(text[start:end].split()), tuple(keys), through)


def _clauses(node: Node) -> Iterator[Node]:
    """Yield the parts of an expression that do not split into others; a term is one part."""
    match node:
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from _clauses(part)
        case Not(body=body):
            yield from _clauses(body)
        case _:
            yield node


def _plain(path: str) -> str:
    return ".".join(step for step in path.split(".") if step != "*")
