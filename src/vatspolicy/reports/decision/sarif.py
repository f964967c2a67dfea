"""SARIF of decisions: results point at the line of the spec, related locations at the line of the policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vatspolicy.errors import Problem
from vatspolicy.i18n import Language
from vatspolicy.i18n.words import joint, word
from vatspolicy.reports.decision.digest import WAIVER_WORDS, Result, later_law, results, say_contested, say_remark
from vatspolicy.reports.decision.doubt import WORDS
from vatspolicy.reports.decision.opinions import WORDS as OPINIONS
from vatspolicy.reports.decision.opinions import say_opinion
from vatspolicy.reports.formats.sarif import Run, location

Data = Mapping[str, Any]


def render(
    records: Iterable[Data], lang: Language, problems: Iterable[Problem] = (), remarks: Iterable[Data] = ()
) -> str:
    """Return one run with the results of all decisions. A spec that could not be decided is a notification."""
    records, problems = list(records), sorted(set(problems))
    run = Run("vatspolicy", records[0]["bundle"]["version"] if records else "0", "subjectAndRule/v1")
    for problem in problems:
        text = " ".join(part for part in (problem.path, problem.message, problem.hint) if part)
        run.notify("error", text, location(problem.file, problem.line, problem.column))
    found = [(data, result) for data in records for result in results(data, lang)]
    rules: dict[str, Result] = {}
    for _, result in found:
        rules.setdefault(result.rule, result)
    for _, result in sorted(rules.items()):
        _add_rule(run, result, lang)
    for data, result in found:
        _add_result(run, data, result)
    _add_contested(run, records, lang)
    _add_later_law(run, records, lang)
    _add_opinions(run, records, lang)
    _add_changes_ahead(run, records, lang)
    _add_remarks(run, list(remarks), lang)
    if any("remaining" in data for data in records):  # SARIF 2.1.0, 3.27.23: on all results of a run or on none
        for made in run.results:
            made.setdefault("suppressions", [])
    return run.to_json(not problems, properties={"decisions": {data["file"]: data["decision"] for data in records}})


def _add_rule(run: Run, result: Result, lang: Language) -> None:
    finding = result.finding
    citations = finding["citations"]
    comma, colon = joint("comma", lang), joint("colon", lang)
    text = " ".join(  # a Chinese report quotes no English words
        f"{c['title'][lang]}{comma}{c['label'][lang]}" + (f"{colon}{c[lang]}" if c[lang] else "") for c in citations
    )
    url = next((c["url"] for c in citations if c["url"]), None)
    run.add_rule(
        result.rule,
        finding["message"][lang],
        fullDescription={"text": text},
        properties={"version": finding["version"], "effect": finding["effect"]},
        **({"helpUri": url} if url else {}),
    )


def _add_result(run: Run, data: Data, result: Result) -> None:
    finding = result.finding
    made = run.add_result(
        result.rule,
        result.level,
        result.message,
        location(data["file"], result.line, result.column),
        f"{data['product']}\0{result.subject}\0{result.rule}",
        related=location(finding["policy_file"], finding["policy_line"]),
    )
    if result.waived:
        made["suppressions"] = [_suppression(finding["waived"], result.waived)]


def _suppression(waived: Data, said: str) -> dict[str, Any]:
    """Return a waiver or a baseline as SARIF knows it: kept outside the source, and accepted."""
    return {
        "kind": "external",
        "status": "accepted",
        "justification": said,
        "location": location(waived["file"], waived["line"]),
        "properties": {key: value for key, value in waived.items() if key not in ("file", "line")},
    }


def _add_contested(run: Run, records: Iterable[Data], lang: Language) -> None:
    """Add other readings of the law, under a rule of their own: those that are stricter as warnings."""
    found = [(data, reading) for data in records for reading in data["contested"]]
    if not found:
        return
    run.add_rule("contested", word(WORDS, "contested", lang))
    for data, reading in found:
        identity = f"{data['product']}\0contested\0{reading['rule']}\0{reading['subject']}\0{reading['reading']}"
        place = location(data["file"], reading["location"]["line"], reading["location"]["column"])
        level = "warning" if reading["stricter"] else "note"
        run.add_result("contested", level, say_contested(reading, lang), place, identity)


def _add_later_law(run: Run, records: Iterable[Data], lang: Language) -> None:
    """Add that the law of a day is not all known, as notes under a rule of their own."""
    found = [(data, told) for data in records if (told := later_law(data, lang))]
    if found:
        run.add_rule("later-law", found[0][1])
    for data, told in found:
        run.add_result("later-law", "note", told, location(data["file"], 1), f"{data['product']}\0later-law")


def _add_opinions(run: Run, records: Iterable[Data], lang: Language) -> None:
    """Add every opinion of a profile under a rule of its own, and the matters on which one is missing."""
    given = [(data, opinion) for data in records for opinion in data["opinions"]]
    if given:
        run.add_rule("opinions", word(OPINIONS, "opinions", lang))
    for data, opinion in given:
        identity = f"{data['product']}\0opinions\0{opinion['about']}\0{opinion['service']}\0{opinion['date']}"
        place = location(data["file"], opinion["line"], opinion["column"])
        made = run.add_result("opinions", "note", say_opinion(opinion, lang), place, identity)
        made["properties"] = {
            key: opinion[key] for key in ("about", "service", "reading", "classes", "by", "date", "state")
        }


def _add_changes_ahead(run: Run, records: Iterable[Data], lang: Language) -> None:
    """Add changes of decisions in the days ahead, as notes under a rule of their own."""
    ahead = [(data, entry) for data in records for entry in data.get("changes_ahead", ())]
    if not ahead:
        return
    from vatspolicy.reports.timeline import WORDS, say_ahead

    run.add_rule("changes-ahead", WORDS["ahead"][lang])
    for data, entry in ahead:
        identity = f"{data['product']}\0changes-ahead\0{entry['day']}"
        run.add_result("changes-ahead", "note", say_ahead(entry, lang), location(data["file"], 1), identity)


def _add_remarks(run: Run, remarks: list[Data], lang: Language) -> None:
    """Add remarks about waivers, each kind under a rule of its own; settings in use are a notification of the tool."""
    for remark in remarks:
        if remark["kind"] == "settings":
            place = location(remark["file"], remark["line"], remark["column"]) if remark["file"] else None
            run.notify("note", say_remark(remark, lang), place)
    remarks = [remark for remark in remarks if remark["kind"] != "settings"]
    for kind in sorted({remark["kind"] for remark in remarks}):
        run.add_rule(f"waivers/{kind}", f"{WAIVER_WORDS['remarks'][lang]}: {kind}")
    for remark in remarks:
        place = location(remark["file"], remark["line"], remark["column"])
        identity = f"{remark['product']}\0{remark['kind']}\0{remark['rule']}\0{remark['message']['en']}"
        run.add_result(f"waivers/{remark['kind']}", remark["level"], say_remark(remark, lang), place, identity)
