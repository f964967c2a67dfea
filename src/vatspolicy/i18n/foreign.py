"""Chinese for English texts of other programs: typer, the operating system.

They arrive as finished sentences, so they are recognized by their form. Texts of vatspolicy itself never are.
"""

from __future__ import annotations

import re
from functools import cache

from vatspolicy.i18n.chinese import join_members, look_up


def _(form: str) -> str:
    """Mark a form for extraction."""
    return form


SENTENCES = (
    # --- typer
    _("Usage: {0}"),
    _("No such option: {0}"),
    _("No such option: {0} (Possible options: {1!l})"),
    _("No such option: {0} Did you mean {1!l}?"),
    _("No such command {0!r}."),
    _("No such command {0!r}. Did you mean {1!l}?"),
    _("Missing command."),
    _("Missing argument {0!r}."),
    _("Missing argument {0!r}. Choose from: {1!l}"),
    _("Missing option {0!r}."),
    _("Missing parameter {0!r}."),
    _("Invalid value: {0!s}"),
    _("Invalid value for {0!r}: {1!s}"),
    _("Invalid value for {0!r} (env var: {1!r}): {2!s}"),
    _("Invalid value for {0!l}: {1!s}"),
    _("{0!r} is not one of {1!l}."),
    _("{0!r} is not a valid integer."),
    _("{0!r} is not a valid float."),
    _("{0!r} is not a valid boolean."),
    _("{0} is not in the range {1}."),
    _("File {0!r} does not exist."),
    _("Directory {0!r} does not exist."),
    _("Path {0!r} does not exist."),
    _("Got unexpected extra argument ({0})"),
    _("Got unexpected extra arguments ({0})"),
    _("Option {0!r} requires an argument."),
    _("Option {0!r} requires {1} arguments."),
    _("Option {0!r} does not take a value."),
    _("Argument {0!r} takes {1} values."),
    # --- reasons of the operating system
    _("No such file or directory"),
    _("Permission denied"),
    _("Is a directory"),
    _("Not a directory"),
    _("File exists"),
    _("File name too long"),
    _("No space left on device"),
    _("Read-only file system"),
    _("Address already in use"),
    _("Input/output error"),
    _("No such device or address"),
    _("Invalid argument"),
    _("File too large"),
    _("Operation not permitted"),
    _("Text file busy"),
    _("Broken pipe"),
    _("Too many levels of symbolic links"),
    # --- reasons of Python's reader of JSON, in the middle of a sentence
    _("expecting value"),
    _("expecting property name enclosed in double quotes"),
    _("expecting ',' delimiter"),
    _("expecting ':' delimiter"),
    _("unterminated string starting at"),
    _("extra data"),
    _("invalid control character at"),
    _("invalid \\escape"),
    _("invalid \\uxxxx escape"),
    _("illegal trailing comma before end of object"),
    _("illegal trailing comma before end of array"),
)
"""Forms. `{0}` is a value, `{0!r}` a quoted value, `{0!l}` a list, `{0!s}` another of these texts."""

_HOLE = re.compile(r"\{(\d)(?:!([rls]))?\}")
_QUOTED = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"")
_VALUES = {"r": r"'[^'\n]*'|\"[^\"\n]*\""}


def match(text: str) -> str:
    """Return a text of another program in Chinese, or unchanged if no form matches."""
    line = " ".join(text.split()) if "\n" in text else text
    for english, pattern in _patterns():
        if matched := pattern.fullmatch(line):
            return _HOLE.sub(lambda hole: _value(matched[f"v{hole[1]}"], hole[2]), look_up(english))
    return text


def _value(text: str, kind: str | None) -> str:
    """Return a value as the Chinese sentence shows it."""
    if kind == "s":
        return match(text)
    if kind == "r":
        return f"“{text[1:-1]}”"
    if kind == "l":
        parts = re.split(r", | or ", text)
        members = [_QUOTED.sub(lambda quoted: f"“{quoted[1] or quoted[2] or ''}”", part) for part in parts]
        return join_members(members, "or" if " or " in text else "")
    return text


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Return the forms: those that begin with a word first, sorted by number of words."""
    forms = sorted(SENTENCES, key=lambda form: (form.startswith("{"), -len(_HOLE.sub("", form))))
    return [(form, _pattern(form)) for form in forms]


def _pattern(form: str) -> re.Pattern[str]:
    written, last = "", 0
    for hole in _HOLE.finditer(form):
        inner = _VALUES.get(hole[2]) or (".+" if hole.end() == len(form) else ".+?")
        written += f"{re.escape(form[last : hole.start()])}(?P<v{hole[1]}>{inner})"
        last = hole.end()
    return re.compile(written + re.escape(form[last:]), re.DOTALL)
