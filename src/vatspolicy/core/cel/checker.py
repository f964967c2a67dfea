"""Checks of parsed expressions: types of operands, 64-bit arithmetic, depth and cost."""

from __future__ import annotations

import datetime
import re
from dataclasses import replace

from vatspolicy.core.cel.ast import Arithmetic, Literal, Node, Quantifier, SetTest, Term, children
from vatspolicy.core.cel.grammar import LARGEST, ExpressionError
from vatspolicy.core.cel.types import Bool, Day, Enum, Int, ListOf, Number, ObjectOf, Text, Type
from vatspolicy.errors import suggest
from vatspolicy.i18n import Capital, _

MAX_DEPTH = 60
"""Deepest nesting of one expression; the minimum that CEL demands of a parser is lower."""

MAX_HEIGHT = 100
"""Deepest nesting of an expression with its terms inlined. Python cannot compile 200 nested brackets."""

MAX_LOOPS = 4
"""Most nested quantifiers, terms inlined: lists have up to 32 members, and the cost is their product."""

MAX_PARTS = 10_000
"""Most nodes of an expression with its terms inlined: terms that use terms twice grow exponentially."""

_FACT = 2**53
"""Bound of a whole number in a profile or a policy, which their readers enforce."""


def check_comparison(left: Node, right: Node, ordered: bool) -> None:
    """Raise ExpressionError unless the operands can be compared. `ordered`: by `<`, `<=`, `>` or `>=`."""
    _same_kind(left, right, right.type, ordered)


def check_membership(item: Node, over: Node) -> None:
    """Raise ExpressionError unless `item` can be a member of `over`."""
    if not isinstance(over.type, ListOf):
        raise ExpressionError(_("'in' needs a list, but this is {type}.", type=over.type), over.span)
    if isinstance(item.type, ListOf | ObjectOf):
        raise ExpressionError(
            _("'in' looks for one value, but this is {type}.", type=item.type), item.span, _("Write exists.")
        )
    if over.type.item is not None:
        _same_kind(item, over, over.type.item, ordered=False)


def check_set_test(kind: str, left: Node, right: Node) -> None:
    """Raise ExpressionError unless both operands are lists of scalars of one type."""
    for side in (left, right):
        if not isinstance(side.type, ListOf):
            message = _("sets.{kind} needs two lists, but this is {type}.", kind=kind, type=side.type)
            raise ExpressionError(message, side.span)
        if isinstance(side.type.item, ListOf | ObjectOf):
            message = _("sets.{kind} compares words or numbers, but this is a list of objects.", kind=kind)
            raise ExpressionError(message, side.span, _("Write exists or all."))
    assert isinstance(left.type, ListOf) and isinstance(right.type, ListOf)
    if left.type.item is not None and right.type.item is not None:
        _same_kind(replace(left, type=left.type.item), right, right.type.item, ordered=False)


def _same_kind(left: Node, right: Node, other: Type, ordered: bool) -> None:
    """Raise unless values of `left` can be compared with `other`, the type of `right` or of its members."""
    match left.type, other:
        case (Int(), Number()) | (Number(), Int()):
            whole = left if isinstance(left.type, Int) else right
            hint = (
                _("Write {value}.0.", value=whole.value)
                if isinstance(whole, Literal) and isinstance(whole.value, int)
                else ""
            )
            raise ExpressionError(_("A whole number cannot be compared with a decimal number."), whole.span, hint)
        case (Int(), Int()) | (Number(), Number()) | (Day(), Day()):
            return
        case (Bool(), Bool()) if not ordered:
            return
        case (Day(), Enum() | Text()):
            _check_days(right, other)
        case (Enum() | Text(), Day()):
            _check_days(left, left.type)
        case (Enum(), Enum()) if not ordered:
            _check_overlap(left, right, left.type, other)
        case (Enum() | Text(), Enum() | Text()) if not ordered:
            return
        case _:
            first, second = Capital(str(left.type)), str(other)
            message = (
                _("{one} cannot be ordered against {two}.", one=first, two=second)
                if ordered
                else _("{one} cannot be compared with {two}.", one=first, two=second)
            )
            raise ExpressionError(message, right.span)


def _check_overlap(left: Node, right: Node, first: Enum, second: Enum) -> None:
    """Raise for a written word that the enumeration lacks, or for enumerations without a common word."""
    for node, written, against in ((left, first, second), (right, second, first)):
        strange = sorted(written.values - against.values)
        if strange and written.written and not against.written:
            message = _("{value!r} is not one of the {name} values.", value=strange[0], name=against.name)
            raise ExpressionError(message, node.span, suggest(strange[0], against.values))
    if not first.values & second.values and not (first.written and second.written):
        raise ExpressionError(
            _("{left} and {right} have no value in common.", left=first.name, right=second.name), right.span
        )


def _check_days(node: Node, type: Type) -> None:
    """Raise unless every value of the written type is a calendar day."""
    if not isinstance(type, Enum) or not type.written:
        raise ExpressionError(_("A day can be compared only with a day, but this is {type}.", type=type), node.span)
    for value in sorted(type.values):
        try:
            datetime.date.fromisoformat(value)
            valid = re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) is not None
        except ValueError:
            valid = False
        if not valid:
            raise ExpressionError(_("This is not a calendar date."), node.span, _("Write YYYY-MM-DD."))


def check_members(over: Node) -> None:
    """Raise ExpressionError for a constant list with a whole number too large for arithmetic on a quantified member."""
    constants = over
    while isinstance(constants, Term):
        constants = constants.body
    if isinstance(constants, Literal) and any(
        isinstance(constant, int) and abs(constant) > _FACT for constant in constants.value
    ):
        raise ExpressionError(_("This number is too large."), over.span)


def check_size(node: Node) -> None:
    """Raise ExpressionError if arithmetic can overflow the 64 bits of CEL, which is an error in its engines."""
    if _largest(node) > LARGEST:
        product = isinstance(node, Arithmetic) and node.op == "*"
        hint = _("One side of * must be a constant of at most 1000.") if product else ""
        raise ExpressionError(_("This can become larger than the whole numbers of CEL (64 bits)."), node.span, hint)


def _largest(node: Node) -> int:
    """Return a bound of the absolute value of a whole number."""
    match node:
        case Literal(value=value):
            return abs(int(value))
        case Term(body=body):
            return _largest(body)
        case Arithmetic(op="*", left=left, right=right):
            return _largest(left) * _largest(right)
        case Arithmetic(left=left, right=right):
            return _largest(left) + _largest(right)
        case _:
            return _FACT


def check_depth(node: Node) -> None:
    """Raise ExpressionError if an expression, with its terms inlined, is too deep or too costly."""
    height, loops, parts = _measure(node)
    if height > MAX_HEIGHT:
        message = _("This is nested deeper than {max_height} levels, including its terms.", max_height=MAX_HEIGHT)
        raise ExpressionError(message, node.span, _("Use fewer nested terms."))
    if loops > MAX_LOOPS:
        message = _(
            "There are more than {max_loops} nested quantifiers, including those of terms.", max_loops=MAX_LOOPS
        )
        raise ExpressionError(message, node.span, _("Quantify over fewer lists at once."))
    if parts > MAX_PARTS:
        message = _("This has more than {max_parts} parts, including the parts of its terms.", max_parts=MAX_PARTS)
        raise ExpressionError(message, node.span, _("Use fewer nested terms."))


def _measure(node: Node) -> tuple[int, int, int]:
    """Return the height of a tree, the depth of its quantifiers, and the number of its nodes."""
    parts = [_measure(child) for child in children(node)]
    height = 1 + max((part[0] for part in parts), default=0)
    loops = max((part[1] for part in parts), default=0)
    if isinstance(node, Quantifier):  # the list is evaluated once, the body once per member
        (_, outer, _), (_, inner, _) = parts
        loops = max(outer, 1 + inner)
    elif isinstance(node, SetTest):  # one list is looked through for each member of the other
        loops = 1
    return height, loops, 1 + sum(part[2] for part in parts)
