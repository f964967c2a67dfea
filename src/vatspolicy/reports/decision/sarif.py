"""SARIF of decisions: results point at the line of the spec, related locations at the line of the policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from vatspolicy.errors import Problem
from vatspolicy.gate.judgement import Judgement
from vatspolicy.i18n import Language
from vatspolicy.i18n.words import joint, word
from vatspolicy.origin import page
from vatspolicy.reports.decision.digest import WAIVER_WORDS, later_law, say_remark
from vatspolicy.reports.decision.opinions import WORDS as OPINIONS
from vatspolicy.reports.decision.opinions import say_opinion
from vatspolicy.reports.decision.results import CONTESTED, MISSING, WORDS, Result, results
from vatspolicy.reports.formats.sarif import Run, location, related_location, rule_page
from vatspolicy.reports.words import cited, phrase

if TYPE_CHECKING:
    from vatspolicy.gate.gate import GateResult

Data = Mapping[str, Any]

_HELP = {CONTESTED: "contested_help", MISSING: "missing_help"}


def render(
    records: Iterable[Data],
    lang: Language,
    problems: Iterable[Problem] = (),
    remarks: Iterable[Data] = (),
    gate: GateResult | None = None,
) -> str:
    """Return one run with the results of all decisions. A spec that could not be decided is a notification."""
    records, problems = list(records), sorted(set(problems))
    judgement = gate.judgement if gate else Judgement()
    run = Run("vatspolicy", records[0]["bundle"]["version"] if records else "0", "subjectAndRule/v1")
    for problem in problems:
        text = " ".join(part for part in (problem.path, problem.message, problem.hint) if part)
        run.notify("error", text, location(problem.file, problem.line, problem.column))
    found = [(data, result) for data in records for result in results(data, lang, judgement)]
    rules: dict[str, Result] = {}
    for _, result in found:
        rules.setdefault(result.rule, result)
    for _, result in sorted(rules.items(), key=lambda item: (item[1].finding is None, item[0])):
        _add_rule(run, result, lang)
    for data, result in found:
        _add_result(run, data, result)
    _add_later_law(run, records, lang)
    _add_opinions(run, records, lang)
    _add_changes_ahead(run, records, lang)
    _add_remarks(run, list(remarks), lang, judgement)
    if any("remaining" in data for data in records):  # SARIF 2.1.0, 3.27.23: on all results of a run or on none
        for made in run.results:
            made.setdefault("suppressions", [])
    properties = {
        "decisions": {data["file"]: data["decision"] for data in records},
        "failOn": judgement.fail_on,
        "noFail": judgement.no_fail,
        "specs": len(records),
    }
    return run.to_json(not problems, gate and int(gate.exit_code), properties)


def _add_rule(run: Run, result: Result, lang: Language) -> None:
    finding = result.finding
    if finding is None:
        text = word(WORDS, result.rule, lang)
        said = [text, word(WORDS, _HELP[result.rule], lang)] if result.rule in _HELP else [text]
        run.add_rule(result.rule, text, paragraphs=said, address=page("gate.md", "what-fails"))
        return
    citations = finding["citations"]
    comma, colon = joint("comma", lang), joint("colon", lang)
    text = " ".join(  # a Chinese report quotes no English words
        f"{c['title'][lang]}{comma}{c['label'][lang]}" + (f"{colon}{c[lang]}" if c[lang] else "") for c in citations
    )
    url = next((c["url"] for c in citations if c["url"]), None)
    policy, _, rule = result.rule.partition("/")
    run.add_rule(
        result.rule,
        finding["message"][lang],
        full=text,
        paragraphs=_help(finding, lang),
        address=url or rule_page(policy, rule),
        properties={"version": finding["version"], "effect": finding["effect"], **_layer(finding)},
    )


def _help(finding: Data, lang: Language) -> list[str]:
    """Return the paragraphs of the help of a rule, as Markdown."""
    from vatspolicy.reports.formats.templating import render_markdown

    text = render_markdown(
        "decision/rule-help.md.j2",
        articles=[(cited(citation, lang), citation[lang]) for citation in finding["citations"]],
        check=phrase("checks", lang, check=finding["check"][lang]),
        colon=joint("colon", lang),
        command=f"vatspolicy explain {finding['rule']}",
        finding=finding,
        lang=lang,
    )
    return text.strip().split("\n\n")


def _add_result(run: Run, data: Data, result: Result) -> None:
    finding = result.finding
    identity = "\0".join([data["product"], result.subject, result.rule, *([result.detail] if result.detail else [])])
    made = run.add_result(
        result.rule,
        result.level,
        result.message,
        location(data["file"], result.line, result.column),
        identity,
        related=finding and related_location(finding["policy_file"], finding["policy_line"]),
    )
    properties = {"fails": result.failing} if result.failing else {}
    if finding is not None:
        properties |= {"kind": finding["kind"]} if finding["effect"] == "advise" else {}
        properties |= _layer(finding)
    if properties:
        made["properties"] = properties
    if result.waived and finding is not None:
        made["suppressions"] = [_suppression(finding["waived"], result.waived)]


def _layer(finding: Data) -> dict[str, str]:
    return {"layer": finding["layer"]} if "layer" in finding else {}


def _suppression(waived: Data, said: str) -> dict[str, Any]:
    """Return a waiver or a baseline as SARIF knows it: kept outside the source, and accepted."""
    return {
        "kind": "external",
        "status": "accepted",
        "justification": said,
        "location": location(waived["file"], waived["line"]),
        "properties": {key: value for key, value in waived.items() if key not in ("file", "line")},
    }


def _add_later_law(run: Run, records: Iterable[Data], lang: Language) -> None:
    """Add that the law of a day is not all known, as notes under a rule of their own."""
    found = [(data, told) for data in records if (told := later_law(data, lang))]
    if found:
        run.add_rule("later-law", found[0][1], address=page("gate.md", "which-law"))
    for data, told in found:
        run.add_result("later-law", "note", told, location(data["file"], 1), f"{data['product']}\0later-law")


def _add_opinions(run: Run, records: Iterable[Data], lang: Language) -> None:
    """Add every opinion of a profile under a rule of its own."""
    given = [(data, opinion) for data in records for opinion in data["opinions"]]
    if given:
        run.add_rule("opinions", word(OPINIONS, "opinions", lang), address=page("policies.md"))
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
    from vatspolicy.reports.timeline.words import WORDS as TIMELINE
    from vatspolicy.reports.timeline.words import say_ahead

    run.add_rule("changes-ahead", TIMELINE["ahead"][lang], address=page("gate.md", "changes-ahead"))
    for data, entry in ahead:
        identity = f"{data['product']}\0changes-ahead\0{entry['day']}"
        run.add_result("changes-ahead", "note", say_ahead(entry, lang), location(data["file"], 1), identity)


def _add_remarks(run: Run, remarks: list[Data], lang: Language, judgement: Judgement) -> None:
    """Add remarks about waivers, each kind under a rule of its own; settings in use are a notification of the tool."""
    for remark in remarks:
        if remark["kind"] == "settings":
            place = location(remark["file"], remark["line"], remark["column"]) if remark["file"] else None
            run.notify("note", say_remark(remark, lang), place)
    remarks = [remark for remark in remarks if remark["kind"] != "settings"]
    for kind in sorted({remark["kind"] for remark in remarks}):
        text = f"{WAIVER_WORDS['remarks'][lang]}{joint('colon', lang)}{kind}"
        run.add_rule(f"waivers/{kind}", text, address=page("waivers.md"))
    for remark in remarks:
        level = "error" if judgement.fails_remark(remark) else remark["level"]
        place = location(remark["file"], remark["line"], remark["column"])
        identity = f"{remark['product']}\0{remark['kind']}\0{remark['rule']}\0{remark['message']['en']}"
        run.add_result(f"waivers/{remark['kind']}", level, say_remark(remark, lang), place, identity)
