"""JUnit XML: one suite a spec, one case a service; a service that may not launch is a failure."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from typing import Any

from vatspolicy.errors import Problem
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import VERDICTS, word
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.decision.results import results
from vatspolicy.reports.decision.words import phrase


def render(
    records: Iterable[Mapping[str, Any]],
    lang: Language,
    problems: Iterable[Problem] = (),
    remarks: Iterable[Mapping[str, Any]] = (),
) -> str:
    """All decisions as test suites; a spec that could not be decided is an error, a waiver of no use is skipped."""
    root = ET.Element("testsuites", name="vatspolicy")
    for data in records:
        _suite(root, data, lang)
    undecided: dict[str, list[str]] = {}
    for problem in sorted(set(problems)):
        undecided.setdefault(problem.file, []).append(str(problem))
    for file, lines in undecided.items():
        name = clean(file)
        suite = ET.SubElement(root, "testsuite", name=name, file=name, tests="1", failures="0", errors="1")
        case = ET.SubElement(suite, "testcase", name=name, classname=name)
        error = ET.SubElement(case, "error", message=phrase("undecided", lang), type="invalid")
        error.text = clean("\n".join(lines))
    if remarks:
        _add_remarks(root, list(remarks), lang)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, data: Mapping[str, Any], lang: Language) -> None:
    suite = ET.SubElement(root, "testsuite", name=clean(data["product"]), file=clean(data["file"]))
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
    failures = skipped = 0
    for name, lines in subjects.items():
        case = ET.SubElement(suite, "testcase", name=clean(name or data["product"]), classname=clean(data["product"]))
        if worst[name] != "note":
            failures += 1
            failure = ET.SubElement(case, "failure", message=word(VERDICTS, decision, lang), type=decision)
            failure.text = clean("\n".join(lines))
        elif name in waived:
            skipped += 1
            ET.SubElement(case, "skipped", message=clean("; ".join(waived[name]), one_line=True))
            ET.SubElement(case, "system-out").text = clean("\n".join(lines))
        elif lines:
            ET.SubElement(case, "system-out").text = clean("\n".join(lines))
    if data.get("changes_ahead"):
        from vatspolicy.reports.timeline import WORDS, say_ahead

        lines = [WORDS["ahead"][lang], *(say_ahead(entry, lang) for entry in data["changes_ahead"])]
        ET.SubElement(suite, "system-out").text = clean("\n".join(lines))
    suite.set("tests", str(len(subjects)))
    suite.set("failures", str(failures))
    suite.set("errors", "0")
    if skipped:
        suite.set("skipped", str(skipped))


def _add_remarks(root: ET.Element, remarks: list[Mapping[str, Any]], lang: Language) -> None:
    """What there is to say about waivers, as skipped cases: the findings themselves fail where they stand."""
    from vatspolicy.reports.decision.waived import WORDS, remark_place, say_remark

    count = str(len(remarks))
    suite = ET.SubElement(root, "testsuite", name=WORDS["remarks"][lang], tests=count, failures="0", errors="0")
    suite.set("skipped", count)
    for remark in remarks:
        case = ET.SubElement(suite, "testcase", name=remark_place(remark), classname=remark["kind"])
        ET.SubElement(case, "skipped", message=say_remark(remark, lang))
