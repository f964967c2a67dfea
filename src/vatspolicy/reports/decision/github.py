"""GitHub annotations of decisions: one for each finding, on the line of the spec that decided it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vatspolicy.i18n import Language
from vatspolicy.i18n.words import aside, joint, word
from vatspolicy.reports.decision import doubt
from vatspolicy.reports.decision.digest import later_law, results, say_contested, say_remark, some_waived
from vatspolicy.reports.decision.opinions import WORDS as OPINIONS
from vatspolicy.reports.decision.opinions import say_matter, say_opinion
from vatspolicy.reports.formats.github import command

Data = Mapping[str, Any]


def render(records: Iterable[Data], lang: Language, remarks: Iterable[Data] = ()) -> str:
    """Return the annotations of all decisions, one for each verdict, and the remarks about waivers."""
    lines = [line for data in records for line in _lines(data, lang)]
    for one in remarks:
        place = {"file": one["file"], "line": one["line"], "col": one["column"]} if one["file"] else {}
        lines.append(command(one["level"], say_remark(one, lang), **place, title=one["kind"]))
    return "".join(f"{line}\n" for line in lines)


def _lines(data: Data, lang: Language) -> Iterator[str]:
    level = {"deny": "error", "allow": "note"}.get(data.get("remaining", data["decision"]), "warning")
    title = f"{data['product']}{joint('colon', lang)}{doubt.verdict(data, lang)}"
    told = doubt.hint(data, lang)
    more = f" {told}" if told else ""
    if level == "note" and any(reading["stricter"] for reading in data["contested"]):
        level = "warning"
    if "remaining" in data:
        more += f" {told}" if (told := some_waived(data, lang) or "") else ""
    more += f" {later}" if (later := later_law(data, lang)) else ""
    top = {"file": data["file"], "line": 1, "col": 1}
    yield command(level, f"{title}{aside(data['as_of'], lang)}{more}", **top, title=title)
    for reading in data["contested"]:
        place = {"file": data["file"], "line": reading["location"]["line"], "col": reading["location"]["column"]}
        yield command("note", say_contested(reading, lang), **place, title=reading["rule"])
    for opinion in data["opinions"]:
        place = {"file": data["file"], "line": opinion["line"], "col": opinion["column"]}
        yield command("note", say_opinion(opinion, lang), **place, title=word(OPINIONS, "opinions", lang))
    for matter in (matter for ask in data["missing"] for matter in ask.get("about", ())):
        yield command("warning", say_matter(matter, lang), **top, title=matter["name"])
    if data.get("changes_ahead"):
        from vatspolicy.reports.timeline import WORDS, say_ahead

        ahead = word(WORDS, "ahead", lang)
        for entry in data["changes_ahead"]:
            yield command("note", say_ahead(entry, lang), **top, title=f"{data['product']}: {ahead}")
    for result in results(data, lang):
        place = {"file": data["file"], "line": result.line, "col": result.column}
        yield command("note" if result.waived else result.level, result.message, **place, title=result.rule)
