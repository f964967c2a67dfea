"""GitHub workflow commands: one annotation a finding, on the line of the spec that decided it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vatspolicy.report.results import results
from vatspolicy.report.terminal import clean
from vatspolicy.report.words import VERDICTS, word
from vatspolicy.vocabulary import Language

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render(records: Iterable[Mapping[str, Any]], lang: Language) -> str:
    """The annotations of all decisions, and a notice with each verdict."""
    return "".join(f"{line}\n" for data in records for line in _lines(data, lang))


def _lines(data: Mapping[str, Any], lang: Language) -> Iterator[str]:
    level = {"deny": "error", "allow": "notice"}.get(data["decision"], "warning")
    title = f"{data['product']}: {word(VERDICTS, data['decision'], lang)}"
    yield _command(level, data["file"], 1, 1, title, f"{title} ({data['as_of']})")
    for result in results(data, lang):
        yield _command(_COMMANDS[result.level], data["file"], result.line, result.column, result.rule, result.message)


def _command(level: str, file: str, line: int, column: int, title: str, message: str) -> str:
    return f"::{level} file={_property(file)},line={line},col={column},title={_property(title)}::{_message(message)}"


def _message(text: str) -> str:
    """Escaped so that a text from a spec cannot end the command or begin another."""
    return clean(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
