"""YAML's plain scalars: numbers, booleans, null, and scalars that YAML readers interpret differently."""

from __future__ import annotations

import re

from vatspolicy.core.documents.reader import QUOTE_TEXT
from vatspolicy.i18n import _

WIDE_COLON = r"[A-Za-z_][A-Za-z0-9_-]* *\uff1a"
"""Pattern of a key before a full-width colon."""
ASCII_COLON = _("Write an ASCII colon and a space after the key.")
_DIGITS = r"[-+0-9._:]+"
# Plain scalars that YAML 1.1, YAML 1.2 or a hasty reader may misinterpret. The first match gives the message.
_DOUBTFUL: tuple[tuple[str, str, str], ...] = (
    (
        r"yes|no|on|off|y|n|true|false",
        _("This is neither text nor a boolean."),
        _("Write true or false, or put a text in quotes."),
    ),
    (r"~|null", _("This is neither text nor null."), _("Write it in quotes, or null.")),
    (r"[-+]?\.?(nan|inf|infinity)", _("Infinity and NaN are not valid numbers."), QUOTE_TEXT),
    (r"[-+]?0(x[0-9a-f_]+|o[0-7_]+|b[01_]+)", _("Write numbers in decimal."), QUOTE_TEXT),
    (r"[-+]?[0-9][0-9_]*(:[0-9_]+)+(\.[0-9_]*)?", _("YAML may read this as base 60."), _("Put it in quotes.")),
    (r"[-+]?[0-9]*\.?[0-9]*_[0-9_.]*", _("A number cannot contain underscores."), QUOTE_TEXT),
    (r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)e[-+]?[0-9]+", _("A number cannot have an exponent."), _("Write it in full.")),
    (r"[-+]?0[0-9]+(\.[0-9]*)?", _("A number cannot begin with 0."), _("Put it in quotes if it is a code.")),
    (r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)|-0", _("Write a number like 12 or -12.5."), QUOTE_TEXT),
)
_WORDS = frozenset(["yes", "no", "on", "off", "y", "n", "true", "false", "null", "nan", "inf", "infinity"])
"""Doubtful words that begin with a letter."""
_LONGEST_NUMBER = 400  # characters; keeps the patterns above fast on any text
_SPECIAL_START = frozenset("+-.0123456789~yYnNoOtTfFiI")


def is_surely_text(text: str) -> bool:
    """Return True if a plain scalar begins like text for every reader: a fast check, true for most scalars."""
    return bool(text) and text[0] not in _SPECIAL_START


def is_number(text: str) -> bool:
    """Return True for a decimal number that every reader reads alike."""
    whole, dot, rest = text.removeprefix("-").partition(".")
    if not (whole.isascii() and whole.isdigit()) or (whole[0] == "0" and whole != "0"):
        return False
    return rest.isascii() and rest.isdigit() if dot else text != "-0"


def doubt(text: str) -> tuple[str, str] | None:
    """Return the reason why readers disagree about a plain scalar, and a hint; None if all read it as text."""
    if text.isascii() and text[:1].isalpha() and text.lower() not in _WORDS:
        return None
    if len(text) > _LONGEST_NUMBER:
        return _DOUBTFUL[-1][1:] if re.compile(_DIGITS).fullmatch(text) else None
    return next(((message, hint) for form, message, hint in _DOUBTFUL if re.fullmatch(form, text, re.IGNORECASE)), None)
