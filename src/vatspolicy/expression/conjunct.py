"""What must hold of single facts for an expression to be true: its conjunction, taken apart.

Most rules are a conjunction, and most of its parts ask one fact: the audience is the public, a certain offer is among
the offers. Such a part is a function of that fact's value, and the values are few, so that its answers can be kept in a
table and asked for all rules at once (`sieve`). By Kleene's logic a conjunction is false where a part is false, and
unknown where none is false and one is unknown: taking it apart loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vatspolicy.expression.scope import level_of
from vatspolicy.expression.tree import And, Compare, Fact, In, Literal, Node, Not, Or, Quantifier, Term, walk
from vatspolicy.expression.types import BOOL, Bool, Enum, ListOf
from vatspolicy.light import dataclass, replace

Path = tuple[str, ...]
"""A variable, then the fields read from it."""

VALUE, SOME, EVERY, WHOLE = "value", "some", "every", "whole"
"""Ways to ask: the value of a fact, some member or every member of a list, or whatever the part reads."""


@dataclass(frozen=True)
class Question:
    """An expression, and the answer that is wanted of it."""

    node: Node
    want: bool
    variable: str = ""
    """What a member of a list is called in it."""


@dataclass(frozen=True)
class Conjunct:
    """One part of a conjunction.

    `value`: the question gets the wanted answer. `some`: a member of the list gets the wanted answer to any of the
    questions. `every`: each member does to each. `whole`: the one question, which may read anything.
    """

    way: str
    path: Path
    """The fact it asks; empty for `whole`."""
    questions: tuple[Question, ...]

    def dump(self) -> tuple[Any, ...]:
        """As plain data, without the expressions: they are those of the tree, in this order. Last, the level."""
        level = max(level_of(question.node) for question in self.questions)
        return (self.way, self.path, tuple((question.want, question.variable) for question in self.questions), level)


def conjuncts(node: Node) -> tuple[Conjunct, ...]:
    """The parts that together are the expression."""
    return tuple(_conjunct(part, want) for part, want in _parts(node, want=True))


def _parts(node: Node, want: bool) -> Iterator[tuple[Node, bool]]:
    match node:
        case Term(body=body):
            yield from _parts(body, want)
        case Not(body=body):
            yield from _parts(body, not want)
        case And(parts=parts) if want:
            for part in parts:
                yield from _parts(part, want)
        case Or(parts=parts) if not want:
            for part in parts:
                yield from _parts(part, want)
        case _:
            yield node, want


def _conjunct(part: Node, want: bool) -> Conjunct:
    facts = [node for node in walk(part) if isinstance(node, Fact)]
    if len({(fact.root, fact.names) for fact in facts}) == 1 and _is_scalar(part) and _hangs_on_facts(part):
        return Conjunct(VALUE, (facts[0].root, *facts[0].names), (Question(part, want),))
    return _of_members(part, want) or Conjunct(WHOLE, (), (Question(part, want),))


def _is_scalar(part: Node) -> bool:
    """Whether every fact in it is one of few values; what is bound by a quantifier is none of its facts."""
    return all(
        isinstance(node.type, Bool | Enum) if isinstance(node, Fact) else not isinstance(node, Quantifier)
        for node in walk(part)
    )


def _hangs_on_facts(part: Node) -> bool:
    """Whether it is unknown without facts: no part of it is a constant, which could decide it by itself."""
    match part:
        case And(parts=parts) | Or(parts=parts):
            return all(map(_hangs_on_facts, parts))
        case Not(body=body) | Term(body=body):
            return _hangs_on_facts(body)
        case _:
            return any(isinstance(node, Fact) for node in walk(part))


def _of_members(part: Node, want: bool) -> Conjunct | None:
    """A question about the members of one list, or of several such questions any."""
    match part:
        case Term(body=body):
            return _of_members(body, want)
        case Quantifier(kind=kind, variable=variable, list=Fact(type=ListOf(item=Enum())) as fact, body=body):
            facts = [node for node in walk(body) if isinstance(node, Fact)]
            if any(isinstance(node, Quantifier) for node in walk(body)) or not facts:
                return None
            if any((inner.root, inner.names) != (variable, ()) for inner in facts):
                return None
            question = Question(body, want, variable)
            return Conjunct(SOME if (kind == "exists") is want else EVERY, (fact.root, *fact.names), (question,))
        case In(item=Literal() as item, list=Fact(type=ListOf(item=Enum() as kind)) as fact):
            body = Compare(BOOL, part.span, "==", Fact(kind, fact.span, "m", ()), item)
            return Conjunct(SOME if want else EVERY, (fact.root, *fact.names), (Question(body, want, "m"),))
        case Or(parts=parts) if want:
            found = [_of_members(one, want) for one in parts]
            first = found[0]
            if first is None or any(one is None or (one.way, one.path) != (SOME, first.path) for one in found):
                return None
            return replace(first, questions=tuple(question for one in found if one for question in one.questions))
    return None
