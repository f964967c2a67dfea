"""CEL text to typed tree: the parse tree is lowered and type-checked.

The subset is closed (docs/expressions.md). Anything else is an error at load time, because outside the subset CEL
engines and Kleene's logic disagree on missing attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

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
)
from vatspolicy.core.cel.checker import (
    MAX_DEPTH,
    check_comparison,
    check_depth,
    check_members,
    check_membership,
    check_set_test,
    check_size,
)
from vatspolicy.core.cel.grammar import (
    NO_FIELDS,
    RESERVED,
    ExpressionError,
    check_number,
    number_of,
    read,
    text_of,
    whole_of,
)
from vatspolicy.core.cel.types import BOOL, INT, NUMBER, Bool, Enum, Int, ListOf, Number, ObjectOf, Text
from vatspolicy.core.cel.types import Type as ValueType
from vatspolicy.errors import suggest
from vatspolicy.i18n import _

if TYPE_CHECKING:
    from lark import Token, Tree

__all__ = ["MAX_DEPTH", "ExpressionError", "TypeEnvironment", "parse"]

_COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
_TEXT_TESTS = ("startsWith", "endsWith", "contains", "matches")
_MEMBERS = {
    "exists": "list.exists(x, condition)",
    "all": "list.all(x, condition)",
    **{name: f'fact.{name}("constant")' for name in _TEXT_TESTS},
}
"""Member functions, and how they are written."""

_SETS = ("contains", "equivalent", "intersects")
"""Functions of CEL's extension of sets."""

_REFUSED = {
    "has": _("It would turn a missing fact into 'no'. Write only the fact: a missing fact is unknown."),
    "filter": _("Write exists or all."),
    "map": _("Write exists or all."),
    "exists_one": _("Write exists or all."),
}
_FORMS = {
    "member_index": (_("indexing"), _("Write exists or all.")),
    "map_lit": (_("maps"), ""),
    "member_object": (_("objects"), ""),
    "dot_ident": (_("names that begin with a dot"), _("Leave out the dot.")),
    "dot_ident_arg": (_("names that begin with a dot"), _("Leave out the dot.")),
}


@dataclass(frozen=True)
class TypeEnvironment:
    """Names that an expression may use, with their types."""

    variables: Mapping[str, ValueType]
    params: Mapping[str, tuple[str, ValueType]]
    """Key (policy/name) and type of each parameter by its name."""
    term: Callable[[str, TypeEnvironment], Node | None]
    """Function that returns the body of a term, typed in an environment; None for an unknown term."""
    terms: frozenset[str] = frozenset()

    def bind(self, variable: str, type: ValueType) -> TypeEnvironment:
        """Return the environment inside a quantifier. Terms do not see the variable: they mean the same everywhere."""
        return TypeEnvironment(
            {**self.variables, variable: type}, self.params, lambda name, _: self.term(name, self), self.terms
        )


def parse(text: str, names: TypeEnvironment, expect: ValueType | None = BOOL) -> Node:
    """Return the typed tree of a text. `expect`: type of the whole, or None for any.

    Raises: ExpressionError.
    """
    node = _AstBuilder(text, names).lower(read(text), 0)
    if expect is not None and type(node.type) is not type(expect):
        raise ExpressionError(_("This must be {expect}, but it is {type}.", expect=expect, type=node.type), node.span)
    check_depth(node)
    return node


class _AstBuilder:
    def __init__(self, text: str, names: TypeEnvironment) -> None:
        self.text, self.names = text, names

    def lower(self, tree: Tree[Token], depth: int) -> Node:
        tree = self.inside(tree)
        if depth > MAX_DEPTH:
            self.refuse(
                tree,
                _("This is nested deeper than {max_depth} levels.", max_depth=MAX_DEPTH),
                _("Define its parts as terms."),
            )
        method = getattr(self, f"_{tree.data}", None)
        if method is None:
            form, hint = _FORMS.get(str(tree.data), (str(tree.data).replace("_", " "), ""))
            self.refuse(tree, _("The language does not support {form}.", form=form), hint)
        node = method(tree, depth + 1)
        assert isinstance(node, Node)
        return node

    def inside(self, tree: Tree[Token]) -> Tree[Token]:
        """Skip the wrappers that the grammar adds for each operator of lower precedence."""
        while len(tree.children) == 1 and tree.data in _CHAIN:
            tree = self.child(tree)
        return tree

    # --- logic

    def _expr(self, tree: Tree[Token], depth: int) -> Node:
        self.refuse(
            tree,
            _("The language does not support '?:'."),
            _("Write a disjunction: an unknown value must not choose a branch."),
        )

    def _conditionalor(self, tree: Tree[Token], depth: int) -> Node:
        return self.junction(tree, depth, Or)

    def _conditionaland(self, tree: Tree[Token], depth: int) -> Node:
        return self.junction(tree, depth, And)

    def junction(self, tree: Tree[Token], depth: int, kind: type[And] | type[Or]) -> Node:
        """Flatten a || b || c, which the grammar nests to the left, into one node."""
        parts: list[Node] = []
        rest = tree
        while rest.data == tree.data:
            left, right = map(self.as_tree, rest.children)
            parts.append(self.boolean(right, depth))
            rest = self.inside(left)
        parts.append(self.boolean(rest, depth))
        return kind(BOOL, self.span(tree), tuple(reversed(parts)))

    def boolean(self, tree: Any, depth: int) -> Node:
        node = self.lower(tree, depth)
        if not isinstance(node.type, Bool):
            raise ExpressionError(_("This must be true or false, but it is {type}.", type=node.type), node.span)
        return node

    def _unary(self, tree: Tree[Token], depth: int) -> Node:
        operator, operand = tree.children
        assert not isinstance(operator, str)
        if operator.data == "unary_not":
            return Not(BOOL, self.span(tree), self.boolean(operand, depth))
        node = self.lower(self.as_tree(operand), depth)
        if isinstance(node, Literal) and isinstance(node.type, Int | Number):
            check_number(-node.value, self.span(tree))
            return Literal(node.type, self.span(tree), -node.value)
        self.refuse(tree, _("Only a constant can be negated."))

    # --- comparisons

    def _relation(self, tree: Tree[Token], depth: int) -> Node:
        operator, right_tree = map(self.as_tree, tree.children)
        left = self.lower(self.child(operator), depth)
        right = self.lower(right_tree, depth)
        name = operator.data.removeprefix("relation_")
        if name == "in":
            check_membership(left, right)
            return In(BOOL, self.span(tree), left, right)
        op = _COMPARISONS[name]
        check_comparison(left, right, ordered=op not in ("==", "!="))
        return Compare(BOOL, self.span(tree), op, left, right)

    # --- arithmetic

    def _addition(self, tree: Tree[Token], depth: int) -> Node:
        return self.arithmetic(tree, depth, {"addition_add": "+", "addition_sub": "-"})

    def _multiplication(self, tree: Tree[Token], depth: int) -> Node:
        return self.arithmetic(tree, depth, {"multiplication_mul": "*"})

    def arithmetic(self, tree: Tree[Token], depth: int, operators: Mapping[str, str]) -> Node:
        operator, right_tree = map(self.as_tree, tree.children)
        op = operators.get(operator.data)
        if op is None:
            self.refuse(tree, _("The language does not support division."))
        left, right = self.lower(self.child(operator), depth), self.lower(right_tree, depth)
        for node in (left, right):
            if not isinstance(node.type, Int):
                raise ExpressionError(
                    _("Arithmetic needs whole numbers, but this is {type}.", type=node.type), node.span
                )
        node = Arithmetic(INT, self.span(tree), op, left, right)
        check_size(node)
        return node

    # --- members, calls, macros

    def _member_dot(self, tree: Tree[Token], depth: int) -> Node:
        base_tree, name_token = self.as_tree(tree.children[0]), str(tree.children[1])
        namespace = self.bare_name(base_tree)
        span = self.span(tree)
        name_span = (span[1] - len(name_token), span[1])
        if name_token in NO_FIELDS:
            raise ExpressionError(
                _("{variable!r} is a reserved word of CEL.", variable=name_token), name_span, _("Choose another name.")
            )
        if namespace == "param" and "param" not in self.names.variables:
            if name_token not in self.names.params:
                raise ExpressionError(
                    _("There is no parameter {name_token!r}.", name_token=name_token),
                    span,
                    suggest(name_token, self.names.params),
                )
            key, type = self.names.params[name_token]
            return Param(type, span, key)
        if namespace == "term" and "term" not in self.names.variables:
            try:
                body = self.names.term(name_token, self.names)
            except ExpressionError as error:  # its span is an offset in the text of the term
                raise ExpressionError(error.message, span, error.hint) from None
            if body is None:
                raise ExpressionError(
                    _("There is no term {name_token!r}.", name_token=name_token),
                    span,
                    suggest(name_token, self.names.terms),
                )
            return Term(body.type, span, name_token, body)
        base = self.lower(base_tree, depth)
        if not isinstance(base.type, ObjectOf):
            raise ExpressionError(_("Only an object has fields, but this is {type}.", type=base.type), base.span)
        if not isinstance(base, Fact):
            raise ExpressionError(_("Only facts have fields. Parameters and terms do not."), base.span)
        if name_token not in base.type.fields:
            message = _("{owner} has no {field!r}.", owner=".".join((base.root, *base.names)), field=name_token)
            raise ExpressionError(message, name_span, suggest(name_token, base.type.fields))
        return Fact(base.type.fields[name_token], span, base.root, (*base.names, name_token))

    def _member_dot_arg(self, tree: Tree[Token], depth: int) -> Node:
        base_tree, name = self.as_tree(tree.children[0]), str(tree.children[1])
        arguments = [self.as_tree(a) for a in self.as_tree(tree.children[2]).children] if len(tree.children) > 2 else []
        span = self.span(tree)
        if name in _REFUSED:
            raise ExpressionError(_("The language does not support {name}().", name=name), span, _REFUSED[name])
        if self.bare_name(base_tree) == "sets":
            return self.set_test(name, arguments, span, depth)
        if name in ("exists", "all"):
            return self.quantifier(tree, name, base_tree, arguments, depth)
        base = self.lower(base_tree, depth)
        if name == "size" and not arguments:
            return self.size(base, span)
        if name in _TEXT_TESTS:
            return self.text_test(name, base, arguments, span, depth)
        if name == "size":
            raise ExpressionError(_("size of a list takes no argument."), span, _("Write list.size()."))
        raise ExpressionError(_("There is no function {name!r}.", name=name), span, suggest(name, ("size", *_MEMBERS)))

    def _ident_arg(self, tree: Tree[Token], depth: int) -> Node:
        name = str(tree.children[0])
        arguments = [self.as_tree(a) for a in self.as_tree(tree.children[1]).children] if len(tree.children) > 1 else []
        span = self.span(tree)
        if name in _REFUSED:
            raise ExpressionError(_("The language does not support {name}().", name=name), span, _REFUSED[name])
        if name == "size" and len(arguments) == 1:
            return self.size(self.lower(arguments[0], depth), span)
        if name == "size":
            raise ExpressionError(_("size takes one list."), span, _("Write size(list)."))
        if name in _MEMBERS:
            raise ExpressionError(
                _("{name} must follow a dot.", name=name), span, _("Write {value}.", value=_MEMBERS[name])
            )
        raise ExpressionError(_("There is no function {name!r}.", name=name), span, suggest(name, ("size", *_MEMBERS)))

    def size(self, over: Node, span: tuple[int, int]) -> Node:
        if not isinstance(over.type, ListOf):
            raise ExpressionError(_("size needs a list, but this is {type}.", type=over.type), over.span)
        return Size(INT, span, over)

    def quantifier(self, tree: Tree[Token], kind: str, base: Tree[Token], arguments: list[Any], depth: int) -> Node:
        over = self.lower(base, depth)
        span = self.span(tree)
        if not isinstance(over.type, ListOf):
            raise ExpressionError(_("{kind} needs a list, but this is {type}.", kind=kind, type=over.type), over.span)
        if len(arguments) != 2:
            raise ExpressionError(
                _("{kind} takes a variable and a condition.", kind=kind),
                span,
                _("Write list.{kind}(x, condition).", kind=kind),
            )
        variable = self.bare_name(arguments[0])
        if variable is None:
            raise ExpressionError(_("The first argument of {kind} must be a name.", kind=kind), self.span(arguments[0]))
        if variable in RESERVED:
            message = _("{variable!r} is a reserved word of CEL.", variable=variable)
            raise ExpressionError(message, self.span(arguments[0]), _("Choose another name."))
        if variable in self.names.variables or variable in ("param", "term", "sets"):
            message = _("The name {variable!r} is taken.", variable=variable)
            raise ExpressionError(message, self.span(arguments[0]), _("Choose another name."))
        if over.type.item is None:  # empty on every day, so the body has no type
            raise ExpressionError(_("This list is always empty."), over.span)
        check_members(over)
        inner = _AstBuilder(self.text, self.names.bind(variable, over.type.item))
        return Quantifier(BOOL, span, kind, variable, over, inner.boolean(arguments[1], depth))

    def set_test(self, kind: str, arguments: list[Any], span: tuple[int, int], depth: int) -> Node:
        if kind not in _SETS:
            name = f"sets.{kind}"
            raise ExpressionError(_("There is no function {name!r}.", name=name), span, suggest(kind, _SETS))
        if len(arguments) != 2:
            hint = _("Write sets.{kind}(list, list).", kind=kind)
            raise ExpressionError(_("sets.{kind} takes two lists.", kind=kind), span, hint)
        left, right = (self.lower(argument, depth) for argument in arguments)
        check_set_test(kind, left, right)
        return SetTest(BOOL, span, kind, left, right)

    def text_test(self, kind: str, base: Node, arguments: list[Any], span: tuple[int, int], depth: int) -> Node:
        if not isinstance(base.type, Text | Enum):
            raise ExpressionError(_("{kind} needs text, but this is {type}.", kind=kind, type=base.type), base.span)
        pattern = self.lower(arguments[0], depth) if len(arguments) == 1 else None
        if not isinstance(pattern, Literal) or not isinstance(pattern.value, str):
            raise ExpressionError(_("{kind} takes one constant string.", kind=kind), span)
        if kind == "matches":
            self.check_pattern(pattern.value, pattern.span)
        return TextTest(BOOL, span, kind, base, pattern.value)

    def check_pattern(self, pattern: str, span: tuple[int, int]) -> None:
        import re2

        options = re2.Options()
        options.log_errors = False
        try:
            re2.compile(pattern, options)
        except re2.error:
            raise ExpressionError(_("This is not an RE2 pattern."), span) from None

    # --- leaves

    def _ident(self, tree: Tree[Token], depth: int) -> Node:
        name, span = str(tree.children[0]), self.span(tree)
        if name in ("true", "false"):
            return Literal(BOOL, span, name == "true")
        if name in ("param", "term") and name not in self.names.variables:
            raise ExpressionError(
                _("{name!r} must be followed by a dot.", name=name), span, _("Write {name}.name.", name=name)
            )
        if name not in self.names.variables:
            raise ExpressionError(
                _("The name {name!r} does not exist here.", name=name), span, suggest(name, self.names.variables)
            )
        return Fact(self.names.variables[name], span, name, ())

    def _paren_expr(self, tree: Tree[Token], depth: int) -> Node:
        return self.lower(self.child(tree), depth)

    def _list_lit(self, tree: Tree[Token], depth: int) -> Node:
        members = (
            [self.lower(self.as_tree(m), depth) for m in self.as_tree(tree.children[0]).children]
            if tree.children
            else []
        )
        span = self.span(tree)
        if not members:
            raise ExpressionError(_("A list needs at least one member."), span)
        values: set[str] = set()
        for member in members:
            if not isinstance(member, Literal) or isinstance(member.value, tuple):
                raise ExpressionError(_("A list can contain constants only."), member.span, _("Write a disjunction."))
            if type(member.type) is not type(members[0].type):
                raise ExpressionError(_("All members of a list must have the same type."), member.span)
            values |= member.type.values if isinstance(member.type, Enum) else set()
        item = Enum("written", frozenset(values), written=True) if values else members[0].type
        return Literal(ListOf(item), span, tuple(m.value for m in members if isinstance(m, Literal)))

    def _literal(self, tree: Tree[Token], depth: int) -> Node:
        token = tree.children[0]
        assert isinstance(token, str)
        kind, span = getattr(token, "type", ""), self.span(tree)
        match kind:
            case "INT_LIT" if not token.lstrip("-").startswith("0x"):
                return Literal(INT, span, whole_of(token, span))
            case "FLOAT_LIT":
                return Literal(NUMBER, span, number_of(token, span))
            case "STRING_LIT" | "MLSTRING_LIT":
                text = text_of(token, span)
                return Literal(Enum("written", frozenset({text}), written=True), span, text)
            case "NULL_LIT":
                raise ExpressionError(
                    _("The language does not support null."), span, _("A fact that is missing is unknown.")
                )
            case _:
                raise ExpressionError(_("Write a text, a number in decimals, or true or false."), span)

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
