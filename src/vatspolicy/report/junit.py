"""JUnit XML: one suite a spec, one case a service; a service that may not launch is a failure."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from typing import Any

from vatspolicy.report.results import results
from vatspolicy.report.terminal import clean
from vatspolicy.report.words import VERDICTS, word
from vatspolicy.vocabulary import Language


def render(records: Iterable[Mapping[str, Any]], lang: Language) -> str:
    """All decisions as test suites."""
    root = ET.Element("testsuites", name="vatspolicy")
    for data in records:
        _suite(root, data, lang)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, data: Mapping[str, Any], lang: Language) -> None:
    suite = ET.SubElement(root, "testsuite", name=clean(data["product"]), file=clean(data["file"]))
    subjects: dict[str, list[str]] = {"": []} | {service["id"]: [] for service in data["services"]}
    worst = dict.fromkeys(subjects, "note")
    for result in results(data, lang):
        name = result.subject.partition("/")[0]
        subjects[name].append(f"{result.level}: {result.rule}: {result.message}")
        if result.level == "error" or (result.level == "warning" and worst[name] != "error"):
            worst[name] = result.level
    if not data["services"] or (data["decision"] == "incomplete" and "warning" not in worst.values()):
        worst[""] = "warning"
    failures = 0
    for name, lines in subjects.items():
        case = ET.SubElement(suite, "testcase", name=clean(name or data["product"]), classname=clean(data["product"]))
        if worst[name] != "note":
            failures += 1
            failure = ET.SubElement(
                case, "failure", message=word(VERDICTS, data["decision"], lang), type=data["decision"]
            )
            failure.text = clean("\n".join(lines))
        elif lines:
            ET.SubElement(case, "system-out").text = clean("\n".join(lines))
    suite.set("tests", str(len(subjects)))
    suite.set("failures", str(failures))
    suite.set("errors", "0")
