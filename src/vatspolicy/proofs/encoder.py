"""Encoder of expressions: the typed tree under Kleene logic, over all profiles.

It mirrors `cel.interpreter` node by node; tests hold the two together. An expression that cannot be encoded exactly is
`Unsupported`. Structures are digests that are equal for trees that state the same in the same way: the name of a term,
two negations, and the order of what `&&` or `||` joins do not count. They depend on the tree alone, so all queries of a
process share them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from vatspolicy.core.cel.ast import (
    And,
    Arithmetic,
    Compare,
    Fact,
    In,
    Literal,
    Node,
    Not,
    Or,
    Param,
    Quantifier,
    SetTest,
    Size,
    Term,
    TextTest,
    children,
    in_quantifiers,
)
from vatspolicy.core.cel.interpreter import COMPARE, TEXT, Params
from vatspolicy.core.cel.types import Bool
from vatspolicy.core.documents.plain import Tree
from vatspolicy.proofs.domain import ProfileSpace, ordinal
from vatspolicy.proofs.formula import FALSE, TRUE
from vatspolicy.proofs.free_text import pass_test
from vatspolicy.proofs.values import (
    UNKNOWN,
    BoundedList,
    Cases,
    Constant,
    DualRail,
    EnumSet,
    FreeText,
    IndexedChoice,
    KnownValue,
    LinearSum,
    MemberCount,
    SymbolicRecord,
    SymbolicValue,
    Unsupported,
    at_least,
    constant,
    dual_rail,
    merge,
    name_of,
    sum_of,
)

_MOST = 200_000
"""Maximum number of nodes with cached structures. The shipped law has about 40,000."""


class Structure(NamedTuple):
    """The structure of a tree."""

    digest: bytes
    names: frozenset[str]
    """Variables that the tree reads."""
    parameters: tuple[str, ...]
    """Keys of the parameters that it reads, in order."""


_KNOWN: dict[int, tuple[Node, Structure]] = {}
"""Structures by node identity, which stays unique while the node is kept."""


def structure_of(node: Node) -> Structure:
    """Return the structure of a node and all below it."""
    kept = _KNOWN.get(id(node))
    if kept is not None:
        return kept[1]
    if len(_KNOWN) >= _MOST:  # trees of bundles that are gone
        _KNOWN.clear()
    match node:
        case Term(body=body) | Not(body=Not(body=body)):
            structure = structure_of(body)
        case _:
            structure = _find(node)
    _KNOWN[id(node)] = node, structure
    return structure


def _find(node: Node) -> Structure:
    inner = [structure_of(child) for child in children(node)]
    names = frozenset[str]().union(*(part.names for part in inner))
    keys = set[str]().union(*(part.parameters for part in inner))
    own: tuple[object, ...] = ()
    match node:
        case Literal(value=value):
            own = (repr(value),)
        case Fact(root=root, names=fields):
            own, names = (root, fields), names | {root} | ({"licensed"} if fields == ("licensed",) else frozenset())
        case Param(key=key):
            own = (key,)
            keys.add(key)
        case Compare(op=op) | Arithmetic(op=op):
            own = (op,)
        case TextTest(kind=kind, pattern=pattern):
            own = (kind, pattern)
        case SetTest(kind=kind):
            own = (kind,)
        case Quantifier(kind=kind, variable=variable):
            own, names = (kind, variable), names - {variable} | inner[0].names
    parts = [part.digest for part in inner]
    if isinstance(node, And | Or):
        parts = sorted(set(parts))
    signature = repr((type(node).__name__, own, parts))
    return Structure(blake2b(signature.encode(), digest_size=16).digest(), names, tuple(sorted(keys)))


# --- operations on symbolic values: Kleene logic, comparisons, arithmetic and lists


@dataclass
class SymbolicOperations:
    """Operations on values over one space. Equal comparisons of a choice become equal formulas."""

    space: ProfileSpace
    _inverses: dict[int, tuple[tuple[Tree, ...], dict[Tree, list[int]]]] = field(default_factory=dict)
    _choices: dict[tuple[str, int, str, Tree], tuple[int, IndexedChoice]] = field(default_factory=dict)

    # --- Kleene logic

    def every(self, rails: Iterable[DualRail]) -> DualRail:
        """Return the Kleene conjunction."""
        rails = tuple(rails)
        pool = self.space.pool
        return DualRail(pool.conjoin(r.true for r in rails), pool.disjoin(r.false for r in rails))

    def some(self, rails: Iterable[DualRail]) -> DualRail:
        """Return the Kleene disjunction."""
        rails = tuple(rails)
        pool = self.space.pool
        return DualRail(pool.disjoin(r.true for r in rails), pool.conjoin(r.false for r in rails))

    def choose(self, options: Iterable[tuple[int, DualRail]]) -> DualRail:
        """Return the truth of the option with a true guard; unknown without one."""
        options = tuple(options)
        pool = self.space.pool
        if len(options) == 1:
            [(held, value)] = options
            return DualRail(pool.both(held, value.true), pool.both(held, value.false))
        return DualRail(
            pool.disjoin(pool.conjoin((held, value.true)) for held, value in options),
            pool.disjoin(pool.conjoin((held, value.false)) for held, value in options),
        )

    def decided(self, held: int, formula: int) -> tuple[int, DualRail]:
        """Return an option with a known truth: a formula."""
        return held, DualRail(formula, -formula)

    # --- objects

    def read(self, value: SymbolicValue, name: str) -> SymbolicValue:
        """Return a field of an object."""
        assert not isinstance(value, DualRail)
        pool = self.space.pool
        truths: list[tuple[int, DualRail]] = []
        found: list[tuple[int, KnownValue]] = []
        for held, base in value:
            match base:
                case SymbolicRecord():
                    child = base.get(name)
                case Constant(value=dict() as fields):
                    child = constant(fields[name]) if name in fields else ()
                case _:
                    raise Unsupported(name_of(base))
            if isinstance(child, DualRail):
                truths.append((held, child))
            else:
                found += [(pool.conjoin((held, inner)), part) for inner, part in child]
        return self.choose(truths) if truths else merge(*found)

    # --- comparisons

    def comparison(self, op: str, left: SymbolicValue, right: SymbolicValue) -> DualRail:
        """Return the truth of a comparison; unknown unless both values are known."""
        pool = self.space.pool
        if isinstance(left, DualRail) or isinstance(right, DualRail):
            one, other = (side if isinstance(side, DualRail) else UNKNOWN for side in (left, right))
            same = pool.disjoin((pool.conjoin((one.true, other.true)), pool.conjoin((one.false, other.false))))
            apart = pool.disjoin((pool.conjoin((one.true, other.false)), pool.conjoin((one.false, other.true))))
            return DualRail(same, apart) if op == "==" else DualRail(apart, same)
        return self.choose(
            self.decided(pool.conjoin((held, other)), self.compare(op, one, two))
            for held, one in left
            for other, two in right
        )

    def compare(self, op: str, left: KnownValue, right: KnownValue) -> int:
        """Return the formula for the comparison of two known values."""
        pool = self.space.pool
        match left, right:
            case Constant(value=one), Constant(value=two):
                return TRUE if COMPARE[op](one, two) else FALSE
            case (LinearSum(), _) | (_, LinearSum()):
                return self.ordered(op, *self.numbers(left, right))
            case IndexedChoice(), Constant(value=two):
                return self.one_of(left, op, two)
            case Constant(value=one), IndexedChoice():
                return self.one_of(right, _TURNED[op], one)
            case IndexedChoice(), IndexedChoice():
                return pool.disjoin(
                    pool.conjoin((held, self.one_of(right, _TURNED[op], one))) for one, held in self.split(left)
                )
            case FreeText() as text, Constant(value=str() as part):
                same = pass_test(self.space, text, "==", part)
                return same if op == "==" else -same
            case Constant(), FreeText():
                return self.compare(op, right, left)
            case MemberCount(), Constant(value=int() as limit):
                return self.counted(op, left, limit)
            case Constant(value=int() as limit), MemberCount():
                return self.counted(_TURNED[op], right, limit)
        raise Unsupported(f"a comparison of {name_of(left)} with {name_of(right)}")

    def one_of(self, choice: IndexedChoice, op: str, other: Tree) -> int:
        """Return the formula for the comparison of a choice with a constant, or for containment (`has`)."""
        key = (choice.name, id(choice.values), op, other)
        if key not in self._choices:
            places = self.inverse(choice.values).get(other, ()) if op in ("==", "has") else _fitting(choice, op, other)
            self._choices[key] = (self.space.pool.among(choice.name, places), choice)
        return self._choices[key][0]

    def inverse(self, values: tuple[Tree, ...]) -> dict[Tree, list[int]]:
        """Return the indexes of each value in a table; in a table of lists, of each member."""
        kept = self._inverses.get(id(values))
        if kept is None:
            found: dict[Tree, list[int]] = {}
            for index, value in enumerate(values):
                for member in value if isinstance(value, tuple) else (value,):
                    found.setdefault(member, []).append(index)
            kept = self._inverses[id(values)] = (values, found)
        return kept[1]

    def split(self, choice: IndexedChoice) -> Iterator[tuple[Tree, int]]:
        """Yield every value of a choice with the formula that the choice has it."""
        for value in self.inverse(choice.values):
            yield value, self.one_of(choice, "==", value)

    def numbers(self, left: KnownValue, right: KnownValue) -> tuple[LinearSum, LinearSum]:
        """Return both sides as sums. A day in a policy becomes its number."""
        sides = []
        for side, other in ((left, right), (right, left)):
            if (
                isinstance(other, LinearSum)
                and other.day
                and isinstance(side, Constant)
                and isinstance(side.value, str)
            ):
                sides.append(LinearSum((), ordinal(side.value), day=True))
            else:
                sides.append(sum_of(side))
        return sides[0], sides[1]

    def ordered(self, op: str, left: LinearSum, right: LinearSum) -> int:
        """Return the formula for the comparison of two sums."""
        pool = self.space.pool
        terms: dict[str, int] = {}
        for sign, side in ((1, left), (-1, right)):
            for name, factor in side.terms:
                terms[name] = terms.get(name, 0) + sign * factor
        limit = right.constant - left.constant
        match op:
            case "<=" | "<":
                return pool.at_most(terms, limit, strict=op == "<")
            case ">" | ">=":
                return -pool.at_most(terms, limit, strict=op == ">=")
        equal = pool.conjoin((pool.at_most(terms, limit), -pool.at_most(terms, limit, strict=True)))
        return equal if op == "==" else -equal

    def counted(self, op: str, count: MemberCount, limit: int) -> int:
        """Return the formula for the comparison of a word list's length with a number."""
        pool = self.space.pool
        above = at_least(pool, count.formulas, limit + 1)
        reached = at_least(pool, count.formulas, limit)
        equal = pool.conjoin((reached, -above))
        return {"==": equal, "!=": -equal, "<": -reached, "<=": -above, ">": above, ">=": reached}[op]

    def arithmetic(self, op: str, left: Cases, right: Cases) -> Cases:
        """Return a sum, a difference, or a product with a constant."""
        pool = self.space.pool
        found = []
        for held, one in left:
            for other, two in right:
                found.append((pool.conjoin((held, other)), _combine(op, sum_of(one), sum_of(two))))
        return merge(*found)

    def text_test(self, kind: str, text: Cases, pattern: str) -> DualRail:
        """Return whether a text contains the part or matches the pattern."""
        pool = self.space.pool
        options = []
        for held, base in text:
            match base:
                case Constant(value=str() as value):
                    options.append((held, dual_rail(TEXT[kind](value, pattern))))
                case IndexedChoice(name=name):
                    fits = base.indexes(lambda value: value is not None and TEXT[kind](value, pattern))
                    options.append(self.decided(held, pool.among(name, fits)))
                case FreeText():
                    options.append(self.decided(held, pass_test(self.space, base, kind, pattern)))
                case _:
                    raise Unsupported(name_of(base))
        return self.choose(options)

    # --- lists

    def member(self, item: KnownValue, over: KnownValue) -> int:
        """Return the formula that a known value is in a known list."""
        pool = self.space.pool
        match over:
            case Constant(value=list() as values):
                if isinstance(item, IndexedChoice):
                    return pool.disjoin(self.one_of(item, "==", value) for value in values)
                if isinstance(item, Constant):
                    return TRUE if item.value in values else FALSE
                return pool.disjoin(self.compare("==", item, Constant(value)) for value in values)
            case IndexedChoice():
                if isinstance(item, Constant):
                    return self.one_of(over, "has", item.value)
                if isinstance(item, IndexedChoice):
                    inside = self.inverse(over.values)
                    return pool.disjoin(
                        pool.conjoin((held, self.one_of(over, "has", one)))
                        for one, held in self.split(item)
                        if one in inside
                    )
            case EnumSet(words=words):
                if isinstance(item, Constant):
                    return over.has(item.value) if item.value in words else FALSE
                if isinstance(item, IndexedChoice):
                    return pool.disjoin(
                        pool.conjoin((held, over.has(one))) for one, held in self.split(item) if one in words
                    )
        raise Unsupported(f"looking for {name_of(item)} in {name_of(over)}")

    def size(self, lists: Cases) -> Cases:
        """Return the length of a list."""
        found: list[tuple[int, KnownValue]] = []
        for held, base in lists:
            match base:
                case Constant(value=list() as values):
                    found.append((held, Constant(len(values))))
                case IndexedChoice(name=name, values=values):
                    found.append((held, IndexedChoice(name, tuple(map(len, values)))))
                case EnumSet(path=path, words=words):
                    bits = tuple(map(base.has, words))
                    if len(bits) > base.longest:  # a shorter list can never exceed its longest length
                        self.space.axioms.append(-at_least(self.space.pool, bits, base.longest + 1))
                    found.append((held, MemberCount(bits, path)))
                case BoundedList():
                    found.append((held, base.count()))
                case _:
                    raise Unsupported(name_of(base))
        return merge(*found)

    def members(self, base: KnownValue) -> Iterator[tuple[int, SymbolicValue, str]]:
        """Yield the possible members of a list: when each exists, its value and its identity."""
        match base:
            case Constant(value=list() as values):
                for value in values:
                    yield TRUE, constant(value), repr(value)
            case IndexedChoice():
                for word in self.inverse(base.values):
                    yield self.one_of(base, "has", word), constant(word), repr(word)
            case EnumSet(words=words):
                for word in words:
                    yield base.has(word), constant(word), repr(word)
            case BoundedList():
                for exists, record in base.members:
                    yield exists, ((exists, record),), record.path
            case _:
                raise Unsupported(name_of(base))


def _fitting(choice: IndexedChoice, op: str, other: Tree) -> list[int]:
    return choice.indexes(lambda one: COMPARE[op](one, other))


def _combine(op: str, left: LinearSum, right: LinearSum) -> LinearSum:
    if op == "*":
        if left.terms and right.terms:
            raise Unsupported("a product of two facts")
        factor, side = (left.constant, right) if not left.terms else (right.constant, left)
        return LinearSum(tuple((name, int(f * factor)) for name, f in side.terms), side.constant * factor)
    sign = 1 if op == "+" else -1
    terms = dict(left.terms)
    for name, factor in right.terms:
        terms[name] = terms.get(name, 0) + sign * factor
    return LinearSum(tuple(terms.items()), left.constant + sign * right.constant)


_TURNED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

# --- encoder of expressions: the typed tree under Kleene logic, over all profiles


@dataclass(slots=True)
class SymbolicActivation:
    """Variables by name, with an identity for each that distinguishes one subject from another."""

    values: Mapping[str, SymbolicValue]
    subject: tuple[tuple[str, str], ...] = ()
    """Name and identity of the variables that differ between subjects."""

    def bind(self, name: str, value: SymbolicValue, identity: str) -> SymbolicActivation:
        """Return the activation with one more variable."""
        kept = tuple(pair for pair in self.subject if pair[0] != name)
        return SymbolicActivation({**self.values, name: value}, (*kept, (name, identity)))


@dataclass
class ExpressionKeys:
    """Keys of expressions: equal keys have equal values in every profile, however long its lists are."""

    _numbers: dict[str, int] = field(default_factory=dict)
    _texts: dict[tuple[str, int], tuple[Params, str]] = field(default_factory=dict)

    def of(self, node: Node, activation: SymbolicActivation, params: Params) -> Hashable:
        """Return the key of a node in an activation."""
        structure, names, keys = structure_of(node)
        subject = tuple([pair for pair in activation.subject if pair[0] in names])
        return structure, subject, tuple([(key, self._value_text(key, params)) for key in keys])

    def short(self, thing: object) -> str:
        """Return a short text that is equal for equal objects."""
        return str(self._numbers.setdefault(repr(thing), len(self._numbers)))

    def _value_text(self, key: str, params: Params) -> str:
        """Return the value of a parameter as text, independent of list order like all expressions."""
        kept = self._texts.get((key, id(params)))
        if kept is None:
            value = params[key]
            text = repr(sorted(map(repr, value)) if isinstance(value, list | tuple) else value)
            kept = self._texts[key, id(params)] = (params, text)
        return kept[1]


@dataclass
class Encoder(SymbolicOperations):
    """Encoder of expressions over one space. Equal subexpressions become equal formulas."""

    keys: ExpressionKeys = field(default_factory=ExpressionKeys)
    held: dict[Hashable, DualRail] = field(default_factory=dict)
    """Truths of held instruments by key. Rule sets over the same facts share them."""
    _values: dict[Hashable, SymbolicValue] = field(default_factory=dict)

    def truth(self, node: Node, activation: SymbolicActivation, params: Params) -> DualRail:
        """Return the truth of a boolean node. Raises Unsupported."""
        value = self.value(node, activation, params)
        assert isinstance(value, DualRail)
        return value

    def value(self, node: Node, activation: SymbolicActivation, params: Params) -> SymbolicValue:
        """Return the value of a node. Raises Unsupported."""
        match node:
            case Literal(value=value):
                return constant(list(value) if isinstance(value, tuple) else value)
            case Fact():
                return self.fact(node, activation)
            case Param(key=key):
                return constant(params[key])
            case Term(body=body):
                return self.once(node, activation, params, lambda: self.value(body, activation, params))
            case SetTest():
                return self.once(node, activation, params, lambda: self.value(in_quantifiers(node), activation, params))
            case Quantifier():
                return self.once(node, activation, params, lambda: self.quantifier(node, activation, params))
            case Not(body=body):
                inner = self.truth(body, activation, params)
                return DualRail(inner.false, inner.true)
            case And(parts=parts):
                return self.every(self.truth(part, activation, params) for part in parts)
            case Or(parts=parts):
                return self.some(self.truth(part, activation, params) for part in parts)
            case Compare(op=op, left=left, right=right):
                return self.comparison(op, self.value(left, activation, params), self.value(right, activation, params))
            case Arithmetic(op=op, left=left, right=right):
                return self.arithmetic(op, self.cases(left, activation, params), self.cases(right, activation, params))
            case In(item=item, list=over):
                return self.membership(node, item, over, activation, params)
            case Size(list=over):
                return self.size(self.cases(over, activation, params))
            case TextTest(kind=kind, text=text, pattern=pattern):
                return self.text_test(kind, self.cases(text, activation, params), pattern)
        raise TypeError(f"unknown node: {node!r}")

    def cases(self, node: Node, activation: SymbolicActivation, params: Params) -> Cases:
        """Return the value of a node that is not boolean."""
        value = self.value(node, activation, params)
        assert not isinstance(value, DualRail)
        return value

    # --- leaves

    def fact(self, node: Fact, activation: SymbolicActivation) -> SymbolicValue:
        """Return the fact at a path; unknown if a parent object is missing."""
        is_truth = isinstance(node.type, Bool)
        value: SymbolicValue | None = activation.values.get(node.root)
        if value is None:
            return UNKNOWN if is_truth else ()
        for name in node.names:
            value = self.read(value, name)
        if isinstance(value, DualRail):
            return value
        return UNKNOWN if is_truth else value

    # --- lists

    def membership(self, node: In, item: Node, over: Node, activation: SymbolicActivation, params: Params) -> DualRail:
        """Return whether a value is in a list; unknown unless both are known."""
        pool = self.space.pool
        value = self.value(item, activation, params)
        lists = self.cases(over, activation, params)
        options = []
        if isinstance(value, DualRail):
            for held, base in lists:
                if not isinstance(base, Constant):
                    raise Unsupported("a list of truths")
                for truth, formula in ((True, value.true), (False, value.false)):
                    options.append(self.decided(pool.conjoin((held, formula)), TRUE if truth in base.value else FALSE))
            return self.choose(options)
        for held, one in value:
            for other, base in lists:
                options.append(self.decided(pool.conjoin((held, other)), self.member(one, base)))
        return self.choose(options)

    def quantifier(self, node: Quantifier, activation: SymbolicActivation, params: Params) -> DualRail:
        """Return whether some or all members satisfy the body; unknown if the list is missing."""
        lists = self.cases(node.list, activation, params)
        return self.choose((held, self.quantified(node, base, activation, params)) for held, base in lists)

    def quantified(
        self, node: Quantifier, base: KnownValue, activation: SymbolicActivation, params: Params
    ) -> DualRail:
        """Return whether some or all members of a known list satisfy the body."""
        pool = self.space.pool
        if isinstance(base, BoundedList):
            self.space.need_members(base.path, self.keys.of(node, activation, params))
        inner = []
        for exists, value, identity in self.members(base):
            body = self.truth(node.body, activation.bind(node.variable, value, identity), params)
            absent = -exists  # a missing member does not affect the result
            if node.kind == "exists":
                body = DualRail(pool.conjoin((exists, body.true)), pool.disjoin((absent, body.false)))
            else:
                body = DualRail(pool.disjoin((absent, body.true)), pool.conjoin((exists, body.false)))
            inner.append(body)
        return self.some(inner) if node.kind == "exists" else self.every(inner)

    # --- which question is asked

    def once(
        self, node: Node, activation: SymbolicActivation, params: Params, make: Callable[[], SymbolicValue]
    ) -> SymbolicValue:
        """Return the value of a node, encoded once for each key."""
        key = self.keys.of(node, activation, params)
        if key not in self._values:
            self._values[key] = make()
        return self._values[key]
