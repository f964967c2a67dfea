"""CEL text to typed tree: cel-python parses, this module checks and lowers.

The subset is closed (docs/expressions.md). Everything outside it is an error here, before anything runs, because
outside it CEL engines and Kleene's logic disagree on missing facts.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from vatspolicy.errors import suggest
from vatspolicy.expression.tree import (
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
    Size,
    Term,
    TextTest,
)
from vatspolicy.expression.types import BOOL, INT, NUMBER, Bool, Day, Enum, Int, ListOf, Number, Record, Text
from vatspolicy.expression.types import Type as ValueType

if TYPE_CHECKING:
    from lark import Token, Tree

MAX_DEPTH = 60
"""Deepest nesting of an expression; CEL's own minimum for conforming parsers is lower."""

_COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
_TEXT_TESTS = ("startsWith", "endsWith", "contains", "matches")
_REFUSED = {
    "has": "It would turn a missing fact into 'no'. Write the fact itself: a missing fact is unknown.",
    "filter": "Write exists or all.",
    "map": "Write exists or all.",
    "exists_one": "Write exists or all.",
}


class ExpressionError(Exception):
    """An expression outside the language. `span` is the offset range of the culprit in the text."""

    def __init__(self, message: str, span: tuple[int, int], hint: str = "") -> None:
        super().__init__(message)
        self.message, self.span, self.hint = message, span, hint


@dataclass(frozen=True)
class Scope:
    """What an expression may name."""

    variables: Mapping[str, ValueType]
    params: Mapping[str, tuple[str, ValueType]]
    """Name of each parameter to its key (policy/name) and type."""
    term: Callable[[str, Scope], Node | None]
    """Body of a term, typed in the given scope; None when there is no such term."""
    terms: frozenset[str] = frozenset()

    def bind(self, variable: str, type: ValueType) -> Scope:
        """The scope inside a quantifier."""
        return Scope({**self.variables, variable: type}, self.params, self.term, self.terms)


def parse(text: str, scope: Scope, expect: ValueType | None = BOOL) -> Node:
    """The typed tree of `text`. `expect` is the type the whole must have, or None for any. Raises ExpressionError."""
    tree = _syntax(text)
    node = _Lowering(text, scope).lower(tree, 0)
    if expect is not None and type(node.type) is not type(expect):
        raise ExpressionError(f"This must be {expect}, but it is {node.type}.", node.span)
    return node


@functools.cache
def _parser() -> Any:
    from celpy.celparser import CELParser

    return CELParser()


def _syntax(text: str) -> Tree[Token]:
    from celpy.celparser import CELParseError

    depth = 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        if depth > MAX_DEPTH:
            raise ExpressionError(f"This is nested deeper than {MAX_DEPTH} levels.", (0, 1), "Name its parts as terms.")
    try:
        tree: Tree[Token] = _parser().parse(text)
    except CELParseError as error:
        start = _offset(text, error.line, error.column)
        found = re.match(r"\w+|.", text[start:])
        raise ExpressionError("This is not CEL.", (start, start + (len(found[0]) if found else 1))) from None
    except RecursionError:
        raise ExpressionError("This is nested too deep.", (0, 1), "Name its parts as terms.") from None
    return tree


def _offset(text: str, line: int | None, column: int | None) -> int:
    if not line or not column or line < 1:
        return max(len(text) - 1, 0)
    lines = text.splitlines(keepends=True)
    return min(sum(map(len, lines[: line - 1])) + column - 1, max(len(text) - 1, 0))


class _Lowering:
    def __init__(self, text: str, scope: Scope) -> None:
        self.text, self.scope = text, scope

    def lower(self, tree: Tree[Token], depth: int) -> Node:
        if depth > MAX_DEPTH * 16:  # about sixteen grammar levels stand between two parentheses
            self.refuse(tree, f"This is nested deeper than {MAX_DEPTH} levels.", "Name its parts as terms.")
        while len(tree.children) == 1 and tree.data in _CHAIN:
            tree = self.child(tree)
        method = getattr(self, f"_{tree.data}", None)
        if method is None:
            self.refuse(tree, f"The language has no {str(tree.data).replace('_', ' ')}.")
        node = method(tree, depth + 1)
        assert isinstance(node, Node)
        return node

    # --- logic

    def _expr(self, tree: Tree[Token], depth: int) -> Node:
        self.refuse(tree, "The language has no '?:'.", "Write a disjunction: what is unknown must not choose a branch.")

    def _conditionalor(self, tree: Tree[Token], depth: int) -> Node:
        return self.junction(tree, depth, Or)

    def _conditionaland(self, tree: Tree[Token], depth: int) -> Node:
        return self.junction(tree, depth, And)

    def junction(self, tree: Tree[Token], depth: int, kind: type[And] | type[Or]) -> Node:
        parts: list[Node] = []
        for child in tree.children:
            node = self.boolean(child, depth)
            same = isinstance(node, kind) and not self.parenthesised(child)
            parts += node.parts if same and isinstance(node, And | Or) else (node,)
        return kind(BOOL, self.span(tree), tuple(parts))

    def parenthesised(self, tree: Tree[Token]) -> bool:
        return self.text[self.span(tree)[0]] == "("

    def boolean(self, tree: Any, depth: int) -> Node:
        node = self.lower(tree, depth)
        if not isinstance(node.type, Bool):
            raise ExpressionError(f"This must be true or false, but it is {node.type}.", node.span)
        return node

    def _unary(self, tree: Tree[Token], depth: int) -> Node:
        operator, operand = tree.children
        assert not isinstance(operator, str)
        if operator.data == "unary_not":
            return Not(BOOL, self.span(tree), self.boolean(operand, depth))
        node = self.lower(self.as_tree(operand), depth)
        if isinstance(node, Literal) and isinstance(node.type, Int | Number):
            return Literal(node.type, self.span(tree), -node.value)
        self.refuse(tree, "Only a constant can be negative.")

    # --- comparisons

    def _relation(self, tree: Tree[Token], depth: int) -> Node:
        operator, right_tree = map(self.as_tree, tree.children)
        left = self.lower(self.child(operator), depth)
        right = self.lower(right_tree, depth)
        name = operator.data.removeprefix("relation_")
        if name == "in":
            return self.membership(tree, left, right)
        op = _COMPARISONS[name]
        self.comparable(left, right, ordered=op not in ("==", "!="))
        return Compare(BOOL, self.span(tree), op, left, right)

    def membership(self, tree: Tree[Token], item: Node, over: Node) -> Node:
        if not isinstance(over.type, ListOf):
            raise ExpressionError(f"'in' needs a list, but this is {over.type}.", over.span)
        if isinstance(item.type, ListOf | Record):
            raise ExpressionError(f"'in' looks for one value, but this is {item.type}.", item.span, "Write exists.")
        if over.type.item is not None:
            self.same_kind(item, over, over.type.item, ordered=False)
        return In(BOOL, self.span(tree), item, over)

    def comparable(self, left: Node, right: Node, ordered: bool) -> None:
        self.same_kind(left, right, right.type, ordered)

    def same_kind(self, left: Node, right: Node, other: ValueType, ordered: bool) -> None:
        """Raise unless values of `left` can be compared with `other`, the type of `right` or of its members."""
        match left.type, other:
            case (Int(), Number()) | (Number(), Int()):
                whole = left if isinstance(left.type, Int) else right
                hint = f"Write {whole.value}.0." if isinstance(whole, Literal) and whole.value is not None else ""
                raise ExpressionError("A whole number cannot be compared with a decimal number.", whole.span, hint)
            case (Int(), Int()) | (Number(), Number()) | (Day(), Day()):
                return
            case (Bool(), Bool()) if not ordered:
                return
            case (Day(), Enum() | Text()) | (Enum() | Text(), Day()):
                self.day(right if isinstance(left.type, Day) else left)
                return
            case (Enum(), Enum()) if not ordered:
                self.overlap(left, right, left.type, other)
                return
            case (Enum() | Text(), Enum() | Text()) if not ordered:
                return
            case _:
                verb = "put in order with" if ordered else "compared with"
                raise ExpressionError(f"{_capital(left.type)} cannot be {verb} {other}.", right.span)

    def overlap(self, left: Node, right: Node, one: Enum, other: Enum) -> None:
        """Raise for a word that a policy wrote and the facts never have, or for enumerations with nothing in common."""
        for node, written, known in ((left, one, other), (right, other, one)):
            strange = sorted(written.values - known.values)
            if strange and written.written and not known.written:
                message = f"{strange[0]!r} is not one of the {known.name} values."
                raise ExpressionError(message, node.span, suggest(strange[0], known.values))
        if not one.values & other.values and not (one.written and other.written):
            raise ExpressionError(f"{one.name} and {other.name} have no value in common.", right.span)

    def day(self, node: Node) -> None:
        import datetime

        if isinstance(node, Param | Fact):
            raise ExpressionError("A day is compared with a day, but this is a text.", node.span)
        values = node.value if isinstance(node, Literal) else ()
        for value in values if isinstance(values, tuple) else (values,):
            try:
                datetime.date.fromisoformat(str(value))
                valid = re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(value)) is not None
            except ValueError:
                valid = False
            if not valid:
                raise ExpressionError("This is not a calendar day.", node.span, "Write YYYY-MM-DD.")

    # --- arithmetic

    def _addition(self, tree: Tree[Token], depth: int) -> Node:
        return self.arithmetic(tree, depth, {"addition_add": "+", "addition_sub": "-"})

    def _multiplication(self, tree: Tree[Token], depth: int) -> Node:
        return self.arithmetic(tree, depth, {"multiplication_mul": "*"})

    def arithmetic(self, tree: Tree[Token], depth: int, operators: Mapping[str, str]) -> Node:
        operator, right_tree = map(self.as_tree, tree.children)
        op = operators.get(operator.data)
        if op is None:
            self.refuse(tree, "The language has no division.")
        left, right = self.lower(self.child(operator), depth), self.lower(right_tree, depth)
        for node in (left, right):
            if not isinstance(node.type, Int):
                raise ExpressionError(f"Arithmetic needs whole numbers, but this is {node.type}.", node.span)
        return Arithmetic(INT, self.span(tree), op, left, right)

    # --- members, calls, macros

    def _member_dot(self, tree: Tree[Token], depth: int) -> Node:
        base_tree, name_token = self.as_tree(tree.children[0]), str(tree.children[1])
        namespace = self.bare_name(base_tree)
        span = self.span(tree)
        if namespace == "param" and "param" not in self.scope.variables:
            if name_token not in self.scope.params:
                raise ExpressionError(f"There is no parameter {name_token!r}.", span, suggest(name_token, self.scope.params))
            key, type = self.scope.params[name_token]
            return Param(type, span, key)
        if namespace == "term" and "term" not in self.scope.variables:
            body = self.scope.term(name_token, self.scope)
            if body is None:
                raise ExpressionError(f"There is no term {name_token!r}.", span, suggest(name_token, self.scope.terms))
            return Term(body.type, span, name_token, body)
        base = self.lower(base_tree, depth)
        if not isinstance(base, Fact) or not isinstance(base.type, Record):
            raise ExpressionError(f"Only an object has fields, but this is {base.type}.", base.span)
        if name_token not in base.type.fields:
            message = f"{base.type.name} has no {name_token!r}."
            raise ExpressionError(message, (span[1] - len(name_token), span[1]), suggest(name_token, base.type.fields))
        return Fact(base.type.fields[name_token], span, base.root, (*base.names, name_token))

    def _member_dot_arg(self, tree: Tree[Token], depth: int) -> Node:
        base_tree, name = self.as_tree(tree.children[0]), str(tree.children[1])
        arguments = [self.as_tree(a) for a in self.as_tree(tree.children[2]).children] if len(tree.children) > 2 else []
        span = self.span(tree)
        if name in _REFUSED:
            raise ExpressionError(f"The language has no {name}.", span, _REFUSED[name])
        if name in ("exists", "all"):
            return self.quantifier(tree, name, base_tree, arguments, depth)
        base = self.lower(base_tree, depth)
        if name == "size" and not arguments:
            return self.size(base, span)
        if name in _TEXT_TESTS:
            return self.text_test(name, base, arguments, span, depth)
        raise ExpressionError(f"There is no function {name!r}.", span, suggest(name, ("exists", "all", "size", *_TEXT_TESTS)))

    def _ident_arg(self, tree: Tree[Token], depth: int) -> Node:
        name = str(tree.children[0])
        arguments = [self.as_tree(a) for a in self.as_tree(tree.children[1]).children] if len(tree.children) > 1 else []
        span = self.span(tree)
        if name in _REFUSED:
            raise ExpressionError(f"The language has no {name}.", span, _REFUSED[name])
        if name == "size" and len(arguments) == 1:
            return self.size(self.lower(arguments[0], depth), span)
        raise ExpressionError(f"There is no function {name!r}.", span, suggest(name, ("size",)))

    def size(self, over: Node, span: tuple[int, int]) -> Node:
        if not isinstance(over.type, ListOf):
            raise ExpressionError(f"size needs a list, but this is {over.type}.", over.span)
        return Size(INT, span, over)

    def quantifier(self, tree: Tree[Token], kind: str, base: Tree[Token], arguments: list[Any], depth: int) -> Node:
        over = self.lower(base, depth)
        span = self.span(tree)
        if not isinstance(over.type, ListOf):
            raise ExpressionError(f"{kind} needs a list, but this is {over.type}.", over.span)
        if len(arguments) != 2:
            raise ExpressionError(f"{kind} takes a variable and a condition.", span, f"Write list.{kind}(x, condition).")
        variable = self.bare_name(arguments[0])
        if variable is None:
            raise ExpressionError(f"The first argument of {kind} is a name.", self.span(arguments[0]))
        if variable in self.scope.variables or variable in ("param", "term"):
            message = f"The name {variable!r} is taken."
            raise ExpressionError(message, self.span(arguments[0]), "Choose another one.")
        if over.type.item is None:  # a list that is empty on every day: nothing to type the body with
            raise ExpressionError("This list is always empty.", over.span)
        inner = _Lowering(self.text, self.scope.bind(variable, over.type.item))
        return Quantifier(BOOL, span, kind, variable, over, inner.boolean(arguments[1], depth))

    def text_test(self, kind: str, base: Node, arguments: list[Any], span: tuple[int, int], depth: int) -> Node:
        if not isinstance(base.type, Text | Enum):
            raise ExpressionError(f"{kind} needs a text, but this is {base.type}.", base.span)
        pattern = self.lower(arguments[0], depth) if len(arguments) == 1 else None
        if not isinstance(pattern, Literal) or not isinstance(pattern.value, str):
            raise ExpressionError(f"{kind} takes one constant text.", span)
        if kind == "matches":
            import re2

            try:
                re2.compile(pattern.value)
            except re2.error:
                raise ExpressionError("This is not an RE2 pattern.", pattern.span) from None
        return TextTest(BOOL, span, kind, base, pattern.value)

    # --- leaves

    def _ident(self, tree: Tree[Token], depth: int) -> Node:
        name, span = str(tree.children[0]), self.span(tree)
        if name in ("param", "term") and name not in self.scope.variables:
            raise ExpressionError(f"{name!r} stands before a dot.", span, f"Write {name}.name.")
        if name not in self.scope.variables:
            raise ExpressionError(f"There is no {name!r} here.", span, suggest(name, self.scope.variables))
        return Fact(self.scope.variables[name], span, name, ())

    def _paren_expr(self, tree: Tree[Token], depth: int) -> Node:
        return self.lower(self.child(tree), depth)

    def _list_lit(self, tree: Tree[Token], depth: int) -> Node:
        members = [self.lower(self.as_tree(m), depth) for m in self.as_tree(tree.children[0]).children] if tree.children else []
        span = self.span(tree)
        if not members:
            raise ExpressionError("An empty list says nothing.", span)
        values: set[str] = set()
        for member in members:
            if not isinstance(member, Literal) or isinstance(member.value, tuple):
                raise ExpressionError("A list holds constants only.", member.span, "Write a disjunction.")
            if type(member.type) is not type(members[0].type):
                raise ExpressionError("All members of a list have one type.", member.span)
            values |= member.type.values if isinstance(member.type, Enum) else set()
        item = Enum("written", frozenset(values), written=True) if values else members[0].type
        return Literal(ListOf(item), span, tuple(m.value for m in members if isinstance(m, Literal)))

    def _literal(self, tree: Tree[Token], depth: int) -> Node:
        token = tree.children[0]
        assert isinstance(token, str)
        kind, span = getattr(token, "type", ""), self.span(tree)
        match kind:
            case "BOOL_LIT":
                return Literal(BOOL, span, token == "true")
            case "INT_LIT" if not token.lstrip("-").startswith(("0x", "0X")):
                return Literal(INT, span, int(token))
            case "FLOAT_LIT":
                return Literal(NUMBER, span, float(token))
            case "STRING_LIT" | "MLSTRING_LIT":
                from celpy.evaluation import celstr

                text = str(celstr(token))  # type: ignore[arg-type]
                return Literal(Enum("written", frozenset({text}), written=True), span, text)
            case "NULL_LIT":
                raise ExpressionError("The language has no null.", span, "A fact that is missing is unknown.")
            case _:
                raise ExpressionError("Write a text, a number in decimals, or true or false.", span)

    # --- places in the text

    def as_tree(self, node: Any) -> Tree[Token]:
        tree: Tree[Token] = node
        return tree

    def child(self, tree: Tree[Token]) -> Tree[Token]:
        return self.as_tree(tree.children[0])

    def bare_name(self, tree: Tree[Token]) -> str | None:
        while not isinstance(tree, str) and len(tree.children) == 1:
            if tree.data == "ident":
                return str(tree.children[0])
            tree = self.child(tree)
        return None

    def span(self, tree: Tree[Token]) -> tuple[int, int]:
        meta = tree.meta
        return (meta.start_pos, meta.end_pos) if not meta.empty else (0, len(self.text))

    def refuse(self, tree: Tree[Token], message: str, hint: str = "") -> NoReturn:
        raise ExpressionError(message, self.span(tree), hint)


_CHAIN = frozenset(
    ("expr", "conditionalor", "conditionaland", "relation", "addition", "multiplication", "unary", "member", "primary")
)


def _capital(type: ValueType) -> str:
    text = str(type)
    return text[0].upper() + text[1:]

