"""GitHub workflow commands: annotations beside lines of a pull request."""

from __future__ import annotations

from vatspolicy.i18n.text import clean

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def command(level: str, message: str, **properties: str | int) -> str:
    """Return one command line. `level` is error, warning or note; properties are `file`, `line`, `col` and `title`.

    No text can end the command or begin another.
    """
    given = ",".join(f"{key}={_escape(str(value), ':,')}" for key, value in properties.items())
    return f"::{_COMMANDS[level]} {given}::{_escape(message)}"


def _escape(text: str, more: str = "") -> str:
    text = clean(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))
    for char in more:
        text = text.replace(char, f"%{ord(char):02X}")
    return text
