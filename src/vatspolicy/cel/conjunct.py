"""What must hold of single facts for an expression to be true: its conjunction, taken apart.

Most rules are a conjunction, and most of its parts ask single facts: the audience is the public, a certain offer is
among the offers, more than a million persons, news among the offers or among the contents. Which answer such a part
gets depends on one value at a time, so that for all rules at once it can be looked up in a table (`sieve`). By Kleene's
logic a conjunction is false where a part is false, and unknown where none is false and one is unknown; "and" and "or"
distribute over each other. So taking an expression apart loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from vatspolicy.cel.activation import level_of, level_of_root
from vatspolicy.cel.ast import (
    And,
    Compare,
    Fact,
    In,
    Literal,
    Node,
    Not,
    Or,
    Param,
    Quantifier,
    Size,
    Term,
    children,
    walk,
)
from vatspolicy.cel.types import Bool, Enum, Int, ListOf, Number, Record

Path = tuple[str, ...]
"""A variable, then the fields read from it."""
Test = tuple[Any, ...]
"""What is asked of one value: `("in", constant, …)`, or `("<", constant)` and its like; `("not", test)`,
`("and", test, …)`, `("or", test, …)`. A constant is whether it is the key of a parameter, the value or the key, and of
a parameter of objects the fields whose values are meant."""

VALUE, NUMBER, SIZE, SOME, EVERY, ONE, NONE, WHOLE = "value", "number", "size", "some", "every", "one", "none", "whole"
"""Ways to ask: a word or a truth, a number, the length of a list, some member or every member of a list of words, some
object of a list or none, or whatever the part reads."""
MOST = 6
"""Parts that a disjunction may become; one that would become more is asked whole."""
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True)
class Question:
    """An expression, and the answer that is wanted of it."""

    node: Node
    want: bool

    @property
    def conjuncts(self) -> tuple[Conjunct, ...]:
        """The parts that together get the wanted answer."""
        return tuple(found for part, want in _parts(self.node, self.want) for found in _conjuncts(part, want))


@dataclass(frozen=True)
class Alternative:
    """One fact by which a part may hold."""

    way: str
    path: Path = ()
    """The fact it asks; empty for `whole`."""
    test: Test = ()
    """What is asked of the value, the length, or a member."""
    questions: tuple[Question, ...] = ()
    """For `one`: an object gets the wanted answer to any of them; for `none`: no object does to the one; for `whole`:
    the one question, which may read anything."""
    variable: str = ""
    """What an object is called in its questions."""

    def dump(self) -> tuple[Any, ...]:
        """As plain data, without the expressions, which are those of the tree: way, path, whose variables are read,
        test, and of each question what it takes to ask it: for objects the variable and the question's conjuncts, for
        a whole the wanted answer and the words that it reads.
        """
        levels = [level_of_root(root) for root in self.path[:1]]
        level = max([*levels, *(level_of(question.node) for question in self.questions)])
        rest = [(one.want, tuple(words_read(one.node))) for one in self.questions] if self.way == WHOLE else []
        rows = (
            [(self.variable, tuple(part.dump() for part in one.conjuncts)) for one in self.questions]
            if self.path
            else []
        )
        return (self.way, self.path, level, self.test, (*rest, *rows))


@dataclass(frozen=True)
class Conjunct:
    """One part of a conjunction: it holds if any of its alternatives does."""

    alternatives: tuple[Alternative, ...]

    def dump(self) -> tuple[Any, ...]:
        """The alternatives as plain data."""
        return tuple(one.dump() for one in self.alternatives)


def conjuncts(node: Node) -> tuple[Conjunct, ...]:
    """The parts that together are the expression."""
    return Question(node, want=True).conjuncts


def questions(parts: Iterable[Conjunct], key: str) -> Iterator[tuple[str, Question]]:
    """Every question that is asked whole, under a key: those of the nth part are key.n.0, key.n.1 …"""
    for number, part in enumerate(parts):
        asked = ((one.way, question) for one in part.alternatives for question in one.questions)
        for turn, (way, question) in enumerate(asked):
            own = f"{key}.{number}.{turn}"
            if way == WHOLE:
                yield own, question
            else:
                yield from questions(question.conjuncts, own)


# --- apart ------------------------------------------------------------------------------------------------------------


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


def _conjuncts(part: Node, want: bool) -> tuple[Conjunct, ...]:
    """A part as one conjunct or several; as a whole where not all of it asks single facts."""
    found = _distribute(part, want)
    if found is None or len(found) > MOST:
        return (Conjunct((Alternative(WHOLE, questions=(Question(part, want),)),)),)
    return tuple(Conjunct(tuple(_merge(alternatives))) for alternatives in found)


def _distribute(part: Node, want: bool) -> list[tuple[Alternative, ...]] | None:
    """A part as a conjunction of disjunctions; None where something in it asks more than one fact."""
    one = _alternative(part, want)
    if one is not None:
        return [(one,)]
    match part:
        case Term(body=body):
            return _distribute(body, want)
        case Not(body=body):
            return _distribute(body, not want)
        case Quantifier(kind="exists", variable=variable, list=Param(key=key, type=ListOf(item=Record())), body=body):
            ways = _of_constants(body, (variable,), (True, key), want)
            return None if ways is None else [tuple(ways)] if want else [(one,) for one in ways]
        case And(parts=parts) | Or(parts=parts):
            each = [_distribute(inner, want) for inner in parts]
            known = [found for found in each if found is not None]
            if len(known) < len(each):
                return None
            if isinstance(part, And) is want:
                return _least(disjunction for found in known for disjunction in found)
            products: list[tuple[Alternative, ...]] = [()]
            for found in known:
                products = _least((*before, *disjunction) for before in products for disjunction in found)
                if len(products) > MOST:
                    return None
            return products
    return None


def _least(disjunctions: Iterable[tuple[Alternative, ...]]) -> list[tuple[Alternative, ...]]:
    """Disjunctions that together say as much: one that another is a part of holds wherever that does."""
    each = dict.fromkeys(tuple(dict.fromkeys(one)) for one in disjunctions)
    return [one for one in each if not any(set(other) < set(one) for other in each)]


def _merge(alternatives: Iterable[Alternative]) -> Iterator[Alternative]:
    """What asks the same fact in the same way, as one; what is asked of every member or object is asked by itself."""
    merged: dict[Any, Alternative] = {}
    for number, one in enumerate(alternatives):
        key = (one.way, one.path, one.variable, number if one.way in (EVERY, NONE) else 0)
        before = merged.get(key)
        if before is None:
            merged[key] = one
        elif one.way == ONE:
            merged[key] = replace(one, questions=(*before.questions, *one.questions))
        elif before.test != one.test:
            merged[key] = replace(one, test=("or", before.test, one.test))
    yield from merged.values()


def _alternative(part: Node, want: bool) -> Alternative | None:
    """A part that asks one fact; None for any other."""
    match part:
        case Term(body=body):
            return _alternative(body, want)
        case Quantifier(kind=kind, variable=variable, list=Fact(type=ListOf(item=Record())) as over, body=body):
            # of "all", no object is such as the body does not say
            way, question = ONE if (kind == "exists") is want else NONE, Question(body, kind == "exists")
            return Alternative(way, (over.root, *over.names), (), (question,), variable)
        case Quantifier(kind=kind, variable=variable, list=Fact(type=ListOf(item=Enum())) as over, body=body):
            test = _test(body, lambda node: isinstance(node, Fact) and (node.root, node.names) == (variable, ()))
            way = SOME if (kind == "exists") is want else EVERY
        case In(item=Literal(value=value), list=Fact(type=ListOf(item=Enum())) as over):
            test, way = ("in", (False, value)), SOME if want else EVERY
        case _:
            return _of_value(part, want)
    if test is None:
        return None
    return Alternative(way, (over.root, *over.names), test if want else ("not", test))


def _of_constants(node: Node, bound: tuple[str, ...], constant: Test, want: bool) -> list[Alternative] | None:
    """The facts by which some constant may be such as a part says, or all by which none is; None where the part says
    more of a constant than that a fact is the same, or has it among its words.

    `bound`: variables, the last of which is the constant.
    """
    variable = bound[-1]
    match node:
        case Or(parts=parts):
            each = [_of_constants(part, bound, constant, want) for part in parts]
            known = [ways for ways in each if ways is not None]
            return [one for ways in known for one in ways] if len(known) == len(each) else None
        case Quantifier(kind="exists", variable=inner, list=Fact(root=root, names=(name,)), body=body) if (
            root == variable
        ):
            return _of_constants(body, (*bound, inner), (*constant, name), want)
        case In(item=Fact(root=root, names=names), list=Fact(type=ListOf(item=Enum())) as fact) if root == variable:
            way = SOME if want else EVERY
        case In(item=Fact(type=Bool() | Enum()) as fact, list=Fact(root=root, names=names)) if root == variable:
            way = VALUE
        case Compare(op="==", left=Fact(root=root, names=names), right=Fact(type=Bool() | Enum()) as fact) if (
            root == variable
        ):
            way = VALUE
        case _:
            return None
    if fact.root in bound:
        return None
    test = ("in", (*constant, *names))
    return [Alternative(way, (fact.root, *fact.names), test if want else ("not", test))]


def _of_value(part: Node, want: bool) -> Alternative | None:
    """A part that asks a word, a truth, a number or a length."""
    fact = next((node for node in walk(part) if isinstance(node, Fact)), None)  # if it asks one value, this is its
    match fact.type if fact else None:
        case Bool() | Enum():
            way = VALUE
        case Int() | Number():
            way = NUMBER
        case ListOf():
            way = SIZE
        case _:
            return None
    assert fact is not None
    value = _plain(fact, way == SIZE)
    test = _test(part, lambda node: _plain(node) == value)
    return None if test is None else Alternative(way, (fact.root, *fact.names), test if want else ("not", test))


def _plain(node: Node, sized: bool = False) -> Any:
    """What tells a fact, or the length of one, from another."""
    if isinstance(node, Size):
        return _plain(node.list, sized=True) if isinstance(node.list, Fact) else None
    return (node.root, node.names, sized) if isinstance(node, Fact) else None


def _test(node: Node, is_value: Callable[[Node], bool]) -> Test | None:
    """What is asked of one value; None where anything else is read, or a part does not depend on the value."""
    if is_value(node):
        return ("in", (False, True)) if isinstance(node.type, Bool) else None
    match node:
        case Term(body=body):
            return _test(body, is_value)
        case Not(body=body):
            test = _test(body, is_value)
            return None if test is None else ("not", test)
        case And(parts=parts) | Or(parts=parts):
            tests = [_test(part, is_value) for part in parts]
            return None if None in tests else ("and" if isinstance(node, And) else "or", *tests)
        case Compare(op=op, left=left, right=right) if is_value(right):
            return _compare(_MIRRORED[op], right, left)
        case Compare(op=op, left=left, right=right) if is_value(left):
            return _compare(op, left, right)
        case In(item=item, list=Literal() | Param() as over) if is_value(item):
            return ("in", *_constants(over))
    return None


def _compare(op: str, value: Node, other: Node) -> Test | None:
    if not isinstance(other, Literal | Param):
        return None
    (constant,) = _constants(other)
    if op in ("==", "!="):
        return ("in", constant) if op == "==" else ("not", ("in", constant))
    return (op, constant) if isinstance(value.type, Int | Number) else None


def _constants(node: Literal | Param) -> tuple[tuple[bool, Any], ...]:
    if isinstance(node, Param):
        return ((True, node.key),)
    return tuple((False, one) for one in node.value) if isinstance(node.value, tuple) else ((False, node.value),)


# --- whole ------------------------------------------------------------------------------------------------------------


def words_read(node: Node) -> Iterator[tuple[Path, tuple[str, ...] | None]]:
    """The facts that an expression reads, where all are words or truths: whoever has seen them knows the answer.

    Of a list of objects, with the fields that are read of each; of a list of words with none; of a single word with
    None. Nothing where it reads anything else.
    """
    found: dict[Path, tuple[str, ...] | None] = {}
    if _read_words(node, {}, found):
        yield from found.items()


def _read_words(node: Node, bound: Mapping[str, Path], found: dict[Path, tuple[str, ...] | None]) -> bool:
    """Note what is read; whether that is words only. `bound`: the lists of objects that variables run over."""
    match node:
        case Fact(root=root, names=names, type=type) if root in bound:
            path = bound[root]
            if path and names:  # an object of a list of facts
                found[path] = tuple(dict.fromkeys((*(found[path] or ()), *names)))
                return len(names) == 1 and isinstance(type, Bool | Enum)
            return True
        case Fact(root=root, names=names, type=ListOf(item=Record())):
            found.setdefault((root, *names), ("",))  # which no object has: there may be nothing else to read of them
            return True
        case Fact(root=root, names=names, type=type):
            found.setdefault((root, *names), () if isinstance(type, ListOf) else None)
            return isinstance(type.item if isinstance(type, ListOf) else type, Bool | Enum)
        case Term(body=body):
            return _read_words(body, {}, found)
        case Quantifier(variable=variable, list=over, body=body):
            path = (over.root, *over.names) if isinstance(over, Fact) and over.root not in bound else ()
            return _read_words(over, bound, found) and _read_words(body, {**bound, variable: path}, found)
        case Size():
            return False
        case _:
            return all(_read_words(part, bound, found) for part in children(node))
