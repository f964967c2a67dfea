"""GitHub workflow commands: one annotation a finding, on the line of the spec that decided it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import VERDICTS, aside, joint, word
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.decision.results import results

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render(records: Iterable[Mapping[str, Any]], lang: Language, remarks: Iterable[Mapping[str, Any]] = ()) -> str:
    """The annotations of all decisions, a notice with each verdict, and what there is to say about waivers."""
    lines = [line for data in records for line in _lines(data, lang)]
    if remarks:
        from vatspolicy.reports.decision.waived import say_remark

        lines += [
            _command(
                _COMMANDS[one["level"]], one["file"], one["line"], one["column"], one["kind"], say_remark(one, lang)
            )
            for one in remarks
        ]
    return "".join(f"{line}\n" for line in lines)


def _lines(data: Mapping[str, Any], lang: Language) -> Iterator[str]:
    level = {"deny": "error", "allow": "notice"}.get(data.get("remaining", data["decision"]), "warning")
    title = f"{data['product']}{joint('colon', lang)}{word(VERDICTS, data['decision'], lang)}"
    more = ""
    if "remaining" in data:
        from vatspolicy.reports.decision.waived import some_waived

        more = f" {told}" if (told := some_waived(data, lang)) else ""
    yield _command(level, data["file"], 1, 1, title, f"{title}{aside(data['as_of'], lang)}{more}")
    if data.get("changes_ahead"):
        from vatspolicy.reports.timeline import WORDS, say_ahead

        ahead = word(WORDS, "ahead", lang)
        for entry in data["changes_ahead"]:
            yield _command("notice", data["file"], 1, 1, f"{data['product']}: {ahead}", say_ahead(entry, lang))
    for result in results(data, lang):
        command = "notice" if result.waived else _COMMANDS[result.level]
        yield _command(command, data["file"], result.line, result.column, result.rule, result.message)


def _command(level: str, file: str, line: int, column: int, title: str, message: str) -> str:
    return f"::{level} file={_property(file)},line={line},col={column},title={_property(title)}::{_message(message)}"


def _message(text: str) -> str:
    """Escaped so that a text from a spec cannot end the command or begin another."""
    return clean(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
