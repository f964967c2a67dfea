"""CEL text to a parse tree, by cel-python's grammar, and its literals.

cel-python's own parser is not used, because it loses the positions of `true` and `false`; they are names here. Text
that cel-python accepts beyond the CEL specification, or reads differently, is refused.
"""

from __future__ import annotations

import functools
import math
import re
from typing import TYPE_CHECKING, NoReturn

from vatspolicy.i18n import _

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

LARGEST = 2**63 - 1
"""Largest whole number of CEL; the smallest is `-LARGEST - 1`."""

_RESERVED = "as break const continue else for function if import let loop namespace package return var void while"
RESERVED = frozenset(("false", "in", "null", "true", *_RESERVED.split()))
"""Reserved words of CEL, which cannot name a variable."""

NO_FIELDS = frozenset(("false", "in", "null", "true"))
"""Reserved words that cannot name a field either."""

_HINTS = {
    "=": _("Write ==."),
    "&": _("Write &&."),
    "|": _("Write ||."),
    "and": _("Write &&."),
    "or": _("Write ||."),
    "not": _("Write !."),
}
_TEXTS = {
    "STRING_LIT": r"""[rR]?(?:"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""",
    "MLSTRING_LIT": r"""[rR]?(?:\"{3}(?:\\[\s\S]|[^\\])*?\"{3}|'{3}(?:\\[\s\S]|[^\\])*?'{3})""",
}
"""Terminals of texts in quotes: what stands in them is checked by `text_of`."""
_ESCAPES = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "t": "\t"}


class ExpressionError(Exception):
    """An expression outside the language. `span`: offsets of the offending text."""

    def __init__(self, message: str, span: tuple[int, int], hint: str = "") -> None:
        super().__init__(message)
        self.message, self.span, self.hint = message, span, hint


@functools.lru_cache(maxsize=8192)  # terms are parsed at every use, and most of a law again after an edit
def read(text: str) -> Tree[Token]:
    """Parse an expression. The tree is cached and must not be changed.

    Raises: ExpressionError if the text is not CEL, or has a comment.
    """
    from lark import UnexpectedCharacters, UnexpectedToken

    try:
        return _parser().parse(text)
    except UnexpectedToken as error:
        token = error.token
        if token.type == "$END":
            last = max(len(text.rstrip()) - 1, 0)
            raise ExpressionError(_("The expression ends too early."), (last, last + 1)) from None
        start = token.start_pos or 0
        words = text[:start].split()
        hint = _HINTS.get(str(token)) or (_HINTS["not"] if words[-1:] == ["not"] else "")
        raise ExpressionError(_("This is not CEL."), (start, start + len(token)), hint) from None
    except UnexpectedCharacters as error:
        start = sum(len(line) + 1 for line in text.split("\n")[: error.line - 1]) + error.column - 1
        if text[start] in "\"'":
            raise ExpressionError(_("The closing quote is missing on this line."), (start, start + 1)) from None
        raise ExpressionError(_("This is not CEL."), (start, start + 1), _HINTS.get(text[start], "")) from None


@functools.cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(
        _grammar(),
        parser="lalr",
        start="expr",
        g_regex_flags=re.MULTILINE,
        lexer_callbacks={"COMMENT": _refuse_comment},
        propagate_positions=True,
        maybe_placeholders=False,
        priority="invert",
    )


def _grammar() -> str:
    """Return cel-python's grammar, in which a text in quotes has one reading.

    Its own patterns read an escape also as two characters, so that 40 backslashes without a closing quote have 100
    million readings.
    """
    from importlib.resources import files

    text = (files("celpy") / "cel.lark").read_text(encoding="utf-8")
    for name, pattern in _TEXTS.items():
        terminal = re.search(rf"^{name} .*\n.*$", text, re.MULTILINE)
        assert terminal is not None, f"cel-python's grammar has no terminal {name}"
        start, end = terminal.span()
        text = f"{text[:start]}{name} : /{pattern}/{text[end:]}"
    return text


def _refuse_comment(token: Token) -> NoReturn:
    """Raise ExpressionError: in a folded YAML text, a comment would hide every clause after it."""
    start = token.start_pos or 0
    raise ExpressionError(
        _("An expression cannot contain comments."), (start, start + 2), _("Write a YAML comment above it.")
    )


def text_of(token: str, span: tuple[int, int]) -> str:
    """Return the text of a literal.

    Raises: ExpressionError for a form on which CEL engines differ.
    """
    raw = token[0] in "rR"
    body = token[1:] if raw else token
    quote, inner = body[0], body[1:-1]
    if body.startswith(quote * 3):
        raise ExpressionError(_("Write the text in one pair of quotes."), span)
    if raw:
        if quote in inner:
            raise ExpressionError(
                _("A raw text cannot contain its own quote."), span, _("Use the other kind of quote.")
            )
        return inner
    parts = re.split(r"\\(.)", inner)
    for index, escaped in enumerate(parts[1::2]):
        if escaped not in _ESCAPES:
            hint = _("Write the character itself, or r'...' for a pattern.")
            raise ExpressionError(_("The escape \\{escaped} is not supported.", escaped=escaped), span, hint)
        parts[2 * index + 1] = _ESCAPES[escaped]
    return "".join(parts)


def whole_of(token: str, span: tuple[int, int]) -> int:
    """Return the whole number of a literal.

    Raises: ExpressionError if it exceeds 64 bits.
    """
    digits = token.lstrip("-0")
    value = int(token) if len(digits) <= len(str(LARGEST)) else LARGEST + 1  # Python refuses to read 5,000 digits
    check_number(value, span)
    return value


def number_of(token: str, span: tuple[int, int]) -> float:
    """Return the double of a literal.

    Raises: ExpressionError for infinity, for an underflow to 0, and for a form outside CEL.
    """
    if "." in token and not re.search(r"\.[0-9]", token):
        raise ExpressionError(_("A decimal number needs digits after its point."), span)
    value = float(token)
    check_number(value, span)
    if value == 0 and re.search("[1-9]", token.lower().partition("e")[0]):
        raise ExpressionError(_("The number is too small and would be read as 0."), span)
    return value


def check_number(value: float, span: tuple[int, int]) -> None:
    """Raise ExpressionError for a number outside CEL's 64 bits."""
    whole = isinstance(value, int)
    if (whole and not -LARGEST - 1 <= value <= LARGEST) or (not whole and math.isinf(value)):
        raise ExpressionError(_("This number is too large."), span)
