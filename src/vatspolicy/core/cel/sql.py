"""Generated SQL: a typed tree as one SQL expression, for a database that decides many profiles at once.

NULL is unknown. SQL's and, or and not follow Kleene's logic. SQL differs, and this module compensates, in:

- quantifiers: SQL's list functions and aggregates ignore NULL, so each member gets a rank (2 true, 1 unknown, 0 false),
  and the highest or the lowest rank decides;
- a missing list, as distinct from an empty one;
- membership in an empty list of constants.

The language has no presence test, so nothing else depends on a missing attribute. The trees are sqlglot's and become
text in the dialect of the database (DuckDB, Spark). Requires sqlglot (extra `portfolio`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

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
    in_quantifiers,
)
from vatspolicy.core.cel.interpreter import ARITHMETIC, COMPARE, TEXT, Params

Sql = exp.Expr


@dataclass(frozen=True)
class Known:
    """A value that does not depend on a row: a constant, a parameter, or None for an unknown."""

    value: Any


Value = Sql | Known
Variable = Sql | Known | Mapping[str, "Variable"]
"""Value of a variable: a column or another expression, a constant, or a record of these by field."""

UNKNOWN = Known(None)

_COMPARE: dict[str, type[exp.Binary]] = {
    "==": exp.EQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
_ARITHMETIC: dict[str, type[exp.Binary]] = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul}
_TEXT: dict[str, type[exp.Func]] = {
    "startsWith": exp.StartsWith,
    "endsWith": exp.EndsWith,
    "contains": exp.Contains,
    "matches": exp.RegexpLike,
}


def write(node: Node, variables: Mapping[str, Variable], params: Params) -> Value:
    """Return the value of a tree: an SQL expression, or a constant if no row matters.

    A variable or a field of a record that is absent is unknown in every row.
    """
    return _SqlWriter(variables, params).value(node, {})


def conjunction(values: Iterable[Value]) -> Value:
    """Return Kleene's conjunction."""
    return _junction(values, decisive=False)


def disjunction(values: Iterable[Value]) -> Value:
    """Return Kleene's disjunction."""
    return _junction(values, decisive=True)


def negation(value: Value) -> Value:
    """Return Kleene's negation."""
    if isinstance(value, Known):
        return value if value.value is None else Known(not value.value)
    return exp.Paren(this=exp.Not(this=exp.Paren(this=value)))  # NOT has lower precedence than IN, = and IS


def some(over: Value, name: str, body: Value) -> Value:
    """Return the truth value of a member of a list satisfying the body, which reads it as the column `name`."""
    return _quantified("exists", over, name, body)


def constant(value: Any) -> Sql:
    """Return a constant as SQL: boolean, whole number, double or text; None is NULL."""
    match value:
        case None:
            return exp.Null()
        case bool():
            return exp.Boolean(this=value)
        case int():
            return _number(str(value))
        case float():
            text = repr(value)
            return _number(text if "e" in text else f"{text}e0")  # the exponent makes it a double, not a decimal
        case str():
            return exp.Literal.string(value)
    raise TypeError(f"unsupported constant: {type(value).__name__}")


def to_sql(value: Value) -> Sql:
    """Return the value as SQL.

    Raises: TypeError for a known list or record, which cannot be a column.
    """
    return constant(value.value) if isinstance(value, Known) else value


def column(name: str, table: str | None = None) -> exp.Column:
    """Return a column with a quoted name, so that no fact is read as a word of SQL."""
    return exp.column(name, table=table, quoted=True)


def field_of(owner: Sql, name: str) -> Sql:
    """Return a field of a record; NULL if the record is."""
    return exp.Dot(this=owner, expression=exp.to_identifier(name, quoted=True))


def equal(left: Sql, right: Sql | str | int) -> Sql:
    """Return the test that a value equals another one, or a constant."""
    return exp.EQ(this=left, expression=right if isinstance(right, exp.Expr) else constant(right))


def has_members(over: Sql) -> Sql:
    """Return the test that a list is not empty."""
    return exp.GT(this=exp.ArraySize(this=over), expression=constant(0))


def is_null(value: Sql) -> Sql:
    """Return the test that a value is NULL."""
    return exp.Is(this=value, expression=exp.Null())


def there(value: Sql) -> Sql:
    """Return the test that a value is not NULL."""
    return exp.Not(this=is_null(value))


def when(condition: Sql, then: Sql, otherwise: Sql | None = None) -> Sql:
    """Return one value if the condition is true, else the other, or NULL."""
    return first_of([(condition, then)], otherwise)


def first_of(arms: Iterable[tuple[Sql, Sql]], otherwise: Sql | None = None) -> Sql:
    """Return the value of the first condition that is true, else the other, or NULL."""
    return exp.Case(ifs=[exp.If(this=condition, true=value) for condition, value in arms], default=otherwise)


def or_else(value: Sql, default: Sql) -> Sql:
    """Return the value, or the default if it is NULL."""
    return exp.Coalesce(this=value, expressions=[default])


def each_of(over: Sql, name: str, value: Sql) -> Sql:
    """Return the list of a value for each member of a list, which it reads as the column `name`."""
    return exp.Transform(this=over, expression=_lambda(name, value))


def those_of(over: Sql, name: str, condition: Sql) -> Sql:
    """Return the members of a list that meet a condition, which reads them as the column `name`."""
    return exp.ArrayFilter(this=over, expression=_lambda(name, condition))


def _lambda(name: str, body: Sql) -> Sql:
    return exp.Lambda(this=body, expressions=[exp.to_identifier(name, quoted=True)])


def rank(value: Value) -> Sql:
    """Return the rank of a truth value: 2 true, 1 unknown, 0 false."""
    if isinstance(value, Known):
        return constant({True: 2, None: 1, False: 0}[value.value])
    twice = exp.Mul(this=constant(2), expression=exp.Cast(this=value, to=exp.DataType(this=exp.DType.INT)))
    return or_else(twice, constant(1))


def look_up(owner: Variable, names: Iterable[str]) -> Value:
    """Return the value of a field of a variable."""
    for name in names:
        match owner:
            case Known(value=value):
                owner = Known(None if value is None else value.get(name))
            case Mapping():
                owner = owner.get(name, UNKNOWN)
            case _:
                owner = field_of(owner, name)
    assert not isinstance(owner, Mapping)  # no expression reads a record as a whole
    return owner


class _SqlWriter:
    def __init__(self, variables: Mapping[str, Variable], params: Params) -> None:
        self.variables, self.params = variables, params

    def value(self, node: Node, bound: Mapping[str, Variable]) -> Value:
        """Return the value of a node. `bound`: values of the variables of enclosing quantifiers."""
        match node:
            case Literal(value=value):
                return Known(value)
            case Param(key=key):
                return Known(self.params[key])
            case Fact(root=root, names=names):
                return look_up(bound.get(root, self.variables.get(root, UNKNOWN)), names)
            case Term(body=body):  # a term does not see bound variables
                return self.value(body, {})
            case Not(body=body):
                return negation(self.value(body, bound))
            case And(parts=parts):
                return conjunction(self.value(part, bound) for part in parts)
            case Or(parts=parts):
                return disjunction(self.value(part, bound) for part in parts)
            case Compare(op=op, left=left, right=right):
                return self.both(_COMPARE[op], COMPARE[op], left, right, bound)
            case Arithmetic(op=op, left=left, right=right):
                return self.both(_ARITHMETIC[op], ARITHMETIC[op], left, right, bound)
            case In(item=item, list=over):
                return _membership(self.value(item, bound), self.value(over, bound))
            case Size(list=over):
                return _size(self.value(over, bound))
            case TextTest(kind=kind, text=text, pattern=pattern):
                return _text_test(kind, self.value(text, bound), pattern)
            case SetTest():
                return self.value(in_quantifiers(node), bound)
            case Quantifier():
                return self.quantifier(node, bound)
        raise TypeError(f"unknown node: {node!r}")

    def both(self, kind: type[exp.Binary], fold: Any, left: Node, right: Node, bound: Mapping[str, Variable]) -> Value:
        first, second = self.value(left, bound), self.value(right, bound)
        if UNKNOWN in (first, second):
            return UNKNOWN
        if isinstance(first, Known) and isinstance(second, Known):
            return Known(fold(first.value, second.value))
        return exp.Paren(this=kind(this=to_sql(first), expression=to_sql(second)))

    def quantifier(self, node: Quantifier, bound: Mapping[str, Variable]) -> Value:
        over = self.value(node.list, bound)
        if isinstance(over, Known):
            if over.value is None:
                return UNKNOWN
            if not over.value:
                return Known(node.kind != "exists")
            if node.kind == "exists" and isinstance(one_list := self.one_list(node, bound), exp.Expr):
                return _overlap(one_list, list(over.value))
            members = (self.value(node.body, {**bound, node.variable: Known(member)}) for member in over.value)
            return disjunction(members) if node.kind == "exists" else conjunction(members)
        wanted = self.constants_of(node, bound)
        if wanted is not None and node.kind == "exists":
            return _overlap(over, wanted)
        name = f"x{len(bound)}"  # equal trees give equal text, which the database recognizes
        body = self.value(node.body, {**bound, node.variable: column(name)})
        return _quantified(node.kind, over, name, body)

    def one_list(self, node: Quantifier, bound: Mapping[str, Variable]) -> Value:
        """Return the list of a body that only tests the membership of the variable, else unknown."""
        match node.body:
            case In(item=Fact(root=root, names=()), list=Fact(root=owner) as over) if root == node.variable != owner:
                return self.value(over, bound)
        return UNKNOWN

    def constants_of(self, node: Quantifier, bound: Mapping[str, Variable]) -> list[Any] | None:
        """Return the constants of a body that only compares the variable with constants, else None."""
        match node.body:
            case In(item=Fact(root=root, names=()), list=(Literal() | Param()) as over) if root == node.variable:
                value = self.value(over, bound)
                return list(value.value) if isinstance(value, Known) else None
            case Compare(op="==", left=Fact(root=root, names=()), right=(Literal() | Param()) as constant) if (
                root == node.variable
            ):
                value = self.value(constant, bound)
                return [value.value] if isinstance(value, Known) else None
        return None


def _junction(values: Iterable[Value], decisive: bool) -> Value:
    parts: list[Sql] = []
    unknown = False
    for value in values:
        if not isinstance(value, Known):
            parts.append(value)
        elif value.value is decisive:
            return value
        elif value.value is None:
            unknown = True
    if not parts:
        return UNKNOWN if unknown else Known(not decisive)
    if unknown:
        parts.append(exp.Null())
    kind = exp.Or if decisive else exp.And
    return exp.Paren(this=_balanced(kind, list(parts))) if len(parts) > 1 else parts[0]


def _balanced(kind: type[exp.Connector], parts: list[Sql]) -> Sql:
    """Join the operands as a balanced tree, because databases limit the depth of an expression."""
    if len(parts) == 1:
        return parts[0]
    if len(parts) <= 8:
        tree = parts[0]
        for part in parts[1:]:
            tree = kind(this=tree, expression=part)
        return tree
    half = len(parts) // 2
    left, right = (exp.Paren(this=_balanced(kind, some)) for some in (parts[:half], parts[half:]))
    return kind(this=left, expression=right)


def _membership(item: Value, over: Value) -> Value:
    if UNKNOWN in (item, over):
        return UNKNOWN
    if isinstance(over, Known):
        members = list(dict.fromkeys(over.value))
        if isinstance(item, Known):
            return Known(item.value in members)
        if not members:
            return _unless_null([item], exp.false())
        return exp.Paren(this=exp.In(this=item, expressions=[constant(member) for member in members]))
    if isinstance(item, Known):
        return _has(over, item.value)
    return _unless_null([item, over], exp.ArrayContains(this=over, expression=item))


def _has(over: Sql, wanted: Any) -> Sql:
    """Return the truth value of a list containing a constant. Lists have no NULL members."""
    return exp.ArrayContains(this=over, expression=constant(wanted))


def _overlap(over: Sql, wanted: list[Any]) -> Value:
    """Return the truth value of a list containing one of the constants, tested individually."""
    if not wanted:
        return _unless_null([over], exp.false())
    return disjunction(_has(over, member) for member in dict.fromkeys(wanted))


def _size(over: Value) -> Value:
    if isinstance(over, Known):
        return UNKNOWN if over.value is None else Known(len(over.value))
    return _unless_null([over], exp.ArraySize(this=over))


def _text_test(kind: str, text: Value, pattern: str) -> Value:
    if isinstance(text, Known):
        return UNKNOWN if text.value is None else Known(TEXT[kind](text.value, pattern))
    return _TEXT[kind](this=text, expression=exp.Literal.string(pattern))


def _quantified(kind: str, over: Value, name: str, body: Value) -> Value:
    """Return a quantifier by the ranks of its members: 2 true, 1 unknown, 0 false."""
    if isinstance(over, Known):
        assert over.value is None  # known lists are unrolled
        return UNKNOWN
    if isinstance(body, Known) and body.value is (kind != "exists"):
        return _unless_null([over], exp.Boolean(this=kind != "exists"))
    ranks = each_of(over, name, rank(body))
    best = exp.ArrayMax(this=ranks) if kind == "exists" else exp.ArrayMin(this=ranks)
    where_empty = constant(0 if kind == "exists" else 2)
    decided = exp.Nullif(this=or_else(best, _unless_null([over], where_empty, constant(1))), expression=constant(1))
    return exp.Paren(this=equal(decided, 2))


def _unless_null(needed: Iterable[Sql], value: Sql, otherwise: Sql | None = None) -> Sql:
    """Return the value if no operand in `needed` is NULL, else NULL or `otherwise`."""
    return when(exp.and_(*map(there, needed), copy=False), value, otherwise or exp.Null())


def _number(text: str) -> Sql:
    if text.startswith("-"):
        return exp.Paren(this=exp.Neg(this=exp.Literal.number(text[1:])))
    return exp.Literal.number(text)
