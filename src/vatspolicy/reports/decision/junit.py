"""JUnit XML of decisions: one suite a spec, one case a service; a service that may not launch is a failure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vatspolicy.errors import Problem
from vatspolicy.i18n import Language
from vatspolicy.i18n.words import VERDICTS, joint, word
from vatspolicy.reports.decision.digest import WAIVER_WORDS, remark_place, results, say_contested, say_remark
from vatspolicy.reports.decision.doubt import hint, verdict
from vatspolicy.reports.decision.opinions import WORDS as OPINIONS
from vatspolicy.reports.decision.opinions import say_matter, say_opinion
from vatspolicy.reports.formats.junit import Suites
from vatspolicy.reports.words import phrase

Data = Mapping[str, Any]


def render(
    records: Iterable[Data], lang: Language, problems: Iterable[Problem] = (), remarks: Iterable[Data] = ()
) -> str:
    """Return all decisions as test suites. An undecided spec is an error, an unused waiver is skipped."""
    suites = Suites("vatspolicy")
    for data in records:
        _add_decision(suites, data, lang)
    undecided: dict[str, list[str]] = {}
    for problem in sorted(set(problems)):
        undecided.setdefault(problem.file, []).append(str(problem))
    for file, lines in undecided.items():
        suites.add_suite(file, file).add_error(file, file, phrase("undecided", lang), "invalid", "\n".join(lines))
    if remarks:
        _add_remarks(suites, remarks, lang)
    return suites.to_xml()


def _add_decision(suites: Suites, data: Data, lang: Language) -> None:
    suite = suites.add_suite(data["product"], data["file"])
    subjects: dict[str, list[str]] = {"": []} | {service["id"]: [] for service in data["services"]}
    worst = dict.fromkeys(subjects, "note")
    waived: dict[str, list[str]] = {}
    decision = data.get("remaining", data["decision"])
    for result in results(data, lang):
        name = result.finding["subject"]["service"] or ""
        subjects[name].append(f"{result.level}: {result.rule}: {result.message}")
        if result.waived:
            waived.setdefault(name, []).append(f"{result.rule}: {result.waived}")
        elif result.level == "error" or (result.level == "warning" and worst[name] != "error"):
            worst[name] = result.level
    if not data["services"] or (decision == "incomplete" and "warning" not in worst.values()):
        worst[""] = "warning"
    for name, lines in subjects.items():
        case, text = (name or data["product"], data["product"]), "\n".join(lines)
        if worst[name] != "note":
            suite.add_failure(*case, word(VERDICTS, decision, lang), decision, text)
        elif name in waived:
            suite.add_skipped(*case, "; ".join(waived[name]), text)
        else:
            suite.add_case(*case, text)
    if output := _output(data, lang):
        suite.add_output("\n".join(output))


def _output(data: Data, lang: Language) -> list[str]:
    """Return what concerns the suite as a whole: other readings, limits, and changes in the days ahead."""
    lines = []
    if told := hint(data, lang):
        lines = [f"{verdict(data, lang)}{joint('colon', lang)}{told}"]
        lines += [say_contested(reading, lang) for reading in data["contested"]]
    lines += [notice["message"][lang] for notice in data["notices"]]
    if data["opinions"]:
        lines += [word(OPINIONS, "opinions", lang), *(say_opinion(opinion, lang) for opinion in data["opinions"])]
    lines += [say_matter(matter, lang) for ask in data["missing"] for matter in ask.get("about", ())]
    if data.get("changes_ahead"):
        from vatspolicy.reports.timeline import WORDS, say_ahead

        lines += [WORDS["ahead"][lang], *(say_ahead(entry, lang) for entry in data["changes_ahead"])]
    return lines


def _add_remarks(suites: Suites, remarks: Iterable[Data], lang: Language) -> None:
    """Add remarks about waivers as skipped cases; the findings themselves fail in their own suites."""
    suite = suites.add_suite(WAIVER_WORDS["remarks"][lang])
    for remark in remarks:
        suite.add_skipped(remark_place(remark), remark["kind"], say_remark(remark, lang))
