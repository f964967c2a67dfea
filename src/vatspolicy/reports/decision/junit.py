"""JUnit XML of decisions: one suite a spec, one case a service; a service that fails the gate is a failure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from vatspolicy.errors import Problem
from vatspolicy.gate.judgement import Judgement
from vatspolicy.i18n import Language
from vatspolicy.i18n.words import VERDICTS, joint, word
from vatspolicy.reports.decision.digest import WAIVER_WORDS, remark_place, say_remark, some_waived
from vatspolicy.reports.decision.doubt import hint, verdict
from vatspolicy.reports.decision.opinions import WORDS as OPINIONS
from vatspolicy.reports.decision.opinions import say_opinion
from vatspolicy.reports.decision.results import Result, decided, results
from vatspolicy.reports.formats.junit import Suite, Suites
from vatspolicy.reports.words import phrase

if TYPE_CHECKING:
    from vatspolicy.gate.gate import GateResult

Data = Mapping[str, Any]


def render(
    records: Iterable[Data],
    lang: Language,
    problems: Iterable[Problem] = (),
    remarks: Iterable[Data] = (),
    gate: GateResult | None = None,
) -> str:
    """Return all decisions as test suites. An undecided spec is an error, an unused waiver is skipped.

    There is a failure or an error exactly if the run ends with another exit code than 0.
    """
    records, judgement = list(records), gate.judgement if gate else Judgement()
    suites = Suites("vatspolicy", gate.started if gate else "", {"specs": str(len(records))})
    seconds = gate.seconds if gate else ()
    for data, spent in zip(records, seconds or [0.0] * len(records), strict=True):
        _add_decision(suites.add_suite(data["product"], data["file"], spent), data, lang, judgement)
    undecided: dict[str, list[str]] = {}
    for problem in sorted(set(problems)):
        undecided.setdefault(problem.file, []).append(str(problem))
    for file, lines in undecided.items():
        suites.add_suite(file, file).add_error(file, file, phrase("undecided", lang), "invalid", "\n".join(lines))
    if remarks:
        _add_remarks(suites, remarks, lang, judgement)
    return suites.to_xml()


def _add_decision(suite: Suite, data: Data, lang: Language, judgement: Judgement) -> None:
    subjects: dict[str, list[Result]] = {"": []} | {service["id"]: [] for service in data["services"]}
    for result in results(data, lang, judgement):
        subjects[result.service if result.service in subjects else ""].append(result)
    for name, found in subjects.items():
        case, text = (name or data["product"], data["product"]), "\n".join(_line(result) for result in found)
        failing = list(dict.fromkeys(result.failing for result in found if result.failing))
        waived = [f"{result.rule}: {result.waived}" for result in found if result.waived]
        if failing:
            said = word(VERDICTS, decided(data), lang)
            suite.add_failure(*case, f"{said}: {', '.join(failing)} ≥ --fail-on {judgement.fail_on}", failing[0], text)
        elif waived:
            suite.add_skipped(*case, "; ".join(waived), text)
        else:
            suite.add_case(*case, text)
    if output := _output(data, lang):
        suite.add_output("\n".join(output))


def _line(result: Result) -> str:
    return f"{result.level}: {result.rule}: {result.message}"


def _output(data: Data, lang: Language) -> list[str]:
    """Return what concerns the suite as a whole: the verdict, limits, opinions, and changes in the days ahead."""
    lines = [joint("colon", lang).join(part for part in (verdict(data, lang), hint(data, lang)) if part)]
    if "remaining" in data and (told := some_waived(data, lang)):
        lines.append(told)
    lines += [notice["message"][lang] for notice in data["notices"]]
    if data["opinions"]:
        lines += [word(OPINIONS, "opinions", lang), *(say_opinion(opinion, lang) for opinion in data["opinions"])]
    if data.get("changes_ahead"):
        from vatspolicy.reports.timeline.words import WORDS, say_ahead

        lines += [WORDS["ahead"][lang], *(say_ahead(entry, lang) for entry in data["changes_ahead"])]
    return lines


def _add_remarks(suites: Suites, remarks: Iterable[Data], lang: Language, judgement: Judgement) -> None:
    """Add remarks about waivers as skipped cases, or as failures where the gate is strict about them."""
    suite = suites.add_suite(WAIVER_WORDS["remarks"][lang])
    for remark in remarks:
        case, said = (remark_place(remark), remark["kind"]), say_remark(remark, lang)
        if judgement.fails_remark(remark):
            suite.add_failure(*case, said, remark["kind"], said)
        else:
            suite.add_skipped(*case, said)
