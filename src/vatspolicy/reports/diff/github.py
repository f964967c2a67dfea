"""GitHub workflow commands: the title, and one annotation for each line of a policy that changes something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vatspolicy.i18n.text import clean
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.diff.sarif import RULES, results
from vatspolicy.reports.diff.summary import sentences

Data = Mapping[str, Any]

_LEVELS = {"warning": "warning", "note": "notice"}


def render(data: Data, lang: Language) -> str:
    """The annotations; results on one line of one kind are one annotation."""
    return "".join(f"{line}\n" for line in _lines(data, lang))


def _lines(data: Data, lang: Language) -> Iterator[str]:
    level = "error" if data["why"] or data["failed_on"] else "notice"
    yield _command(level, {"title": data["title"][lang]}, "\n".join(sentences(data, lang)) or data["title"][lang])
    for problem in data["problems"]:
        where = {"file": problem["file"], "line": str(problem["line"]), "col": str(problem["column"])}
        yield _command("error", where, f"{problem['path']} {problem['message']} {problem['hint']}".strip())
    together: dict[tuple[str, str, int], list[str]] = {}
    for id, text, file, line in results(data, lang):
        together.setdefault((id, file, line), []).append(text)
    for (id, file, line), texts in together.items():
        more = f"\n… +{len(texts) - 5}" if len(texts) > 5 else ""
        where = {"file": file, "line": str(line), "title": RULES[id][1]}
        yield _command(_LEVELS[RULES[id][0]], where, "\n".join(texts[:5]) + more)


def _command(level: str, properties: Mapping[str, str], message: str) -> str:
    given = ",".join(f"{key}={_escape(value, ':,')}" for key, value in properties.items())
    return f"::{level} {given}::{_escape(message)}"


def _escape(text: str, more: str = "") -> str:
    """Escaped so that no text can end the command or begin another."""
    text = clean(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))
    for char in more:
        text = text.replace(char, f"%{ord(char):02X}")
    return text
