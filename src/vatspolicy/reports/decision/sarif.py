"""SARIF 2.1.0: results point at the line of the spec, related locations at the line of the policy."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from vatspolicy.errors import Problem
from vatspolicy.i18n.words import joint
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.decision.results import Result, results


def render(
    records: Iterable[Mapping[str, Any]],
    lang: Language,
    problems: Iterable[Problem] = (),
    remarks: Iterable[Mapping[str, Any]] = (),
) -> str:
    """One run with the results of all decisions; a spec that could not be decided is a notification of the tool."""
    records, problems = list(records), sorted(set(problems))
    found = [(data, result) for data in records for result in results(data, lang)]
    rules: dict[str, Result] = {}
    for _, result in found:
        rules.setdefault(result.rule, result)
    order = {name: index for index, name in enumerate(sorted(rules))}
    version = records[0]["bundle"]["version"] if records else "0"
    driver: dict[str, Any] = {
        "name": "vatspolicy",
        "semanticVersion": version,
        "rules": [_rule(rules[name], lang) for name in order],
    }
    invocation: dict[str, Any] = {"executionSuccessful": not problems}
    if problems:
        invocation["toolExecutionNotifications"] = [_notification(problem) for problem in problems]
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": [_result(data, result, order) for data, result in found],
        "properties": {"decisions": {data["file"]: data["decision"] for data in records}},
    }
    ahead = [(data, entry) for data in records for entry in data.get("changes_ahead", ())]
    if ahead:
        _add_changes_ahead(run, ahead, lang)
    if remarks:
        _add_remarks(run, list(remarks), lang)
    if any("remaining" in data for data in records):  # SARIF 2.1.0, 3.27.23: on all results of a run or on none
        for result in run["results"]:
            result.setdefault("suppressions", [])
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2) + "\n"


def _add_changes_ahead(run: dict[str, Any], ahead: list[tuple[Mapping[str, Any], Any]], lang: Language) -> None:
    """Changes of decisions in the days ahead, as notes under a rule of their own."""
    from vatspolicy.reports.timeline import WORDS, say_ahead

    rules = run["tool"]["driver"]["rules"]
    rules.append({"id": "changes-ahead", "shortDescription": {"text": WORDS["ahead"][lang]}})
    for data, entry in ahead:
        identity = f"{data['product']}\0changes-ahead\0{entry['day']}"
        run["results"].append(
            {
                "ruleId": "changes-ahead",
                "ruleIndex": len(rules) - 1,
                "level": "note",
                "message": {"text": say_ahead(entry, lang)},
                "locations": [_location(data["file"], 1, 1)],
                "partialFingerprints": {
                    "subjectAndRule/v1": hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
                },
            }
        )


def _add_remarks(run: dict[str, Any], remarks: list[Mapping[str, Any]], lang: Language) -> None:
    """What there is to say about waivers, each kind under a rule of its own."""
    from vatspolicy.reports.decision.waived import WORDS, say_remark

    rules = run["tool"]["driver"]["rules"]
    index = {}
    for kind in sorted({remark["kind"] for remark in remarks}):
        index[kind] = len(rules)
        text = f"{WORDS['remarks'][lang]}: {kind}"
        rules.append({"id": f"waivers/{kind}", "shortDescription": {"text": text}})
    for remark in remarks:
        identity = f"{remark['product']}\0{remark['kind']}\0{remark['rule']}\0{remark['message']['en']}"
        run["results"].append(
            {
                "ruleId": f"waivers/{remark['kind']}",
                "ruleIndex": index[remark["kind"]],
                "level": remark["level"],
                "message": {"text": say_remark(remark, lang)},
                "locations": [_location(remark["file"], remark["line"], remark["column"])],
                "partialFingerprints": {
                    "subjectAndRule/v1": hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
                },
            }
        )


def _suppression(waived: Mapping[str, Any], said: str) -> dict[str, Any]:
    """A waiver or a baseline as SARIF knows it: kept outside the source, and accepted."""
    return {
        "kind": "external",
        "status": "accepted",
        "justification": said,
        "location": _location(waived["file"], waived["line"], 1),
        "properties": {key: value for key, value in waived.items() if key not in ("file", "line")},
    }


def _rule(result: Result, lang: Language) -> dict[str, Any]:
    finding = result.finding
    citations = finding["citations"]
    comma, colon = joint("comma", lang), joint("colon", lang)
    text = " ".join(  # a Chinese report quotes no English words
        f"{c['title'][lang]}{comma}{c['label'][lang]}" + (f"{colon}{c[lang]}" if c[lang] else "") for c in citations
    )
    rule: dict[str, Any] = {
        "id": result.rule,
        "shortDescription": {"text": finding["message"][lang]},
        "fullDescription": {"text": text},
        "properties": {"version": finding["version"], "effect": finding["effect"]},
    }
    url = next((c["url"] for c in citations if c["url"]), None)
    if url:
        rule["helpUri"] = url
    return rule


def _result(data: Mapping[str, Any], result: Result, order: Mapping[str, int]) -> dict[str, Any]:
    finding = result.finding
    identity = f"{data['product']}\0{result.subject}\0{result.rule}"
    made: dict[str, Any] = {
        "ruleId": result.rule,
        "ruleIndex": order[result.rule],
        "level": result.level,
        "message": {"text": result.message},
        "locations": [_location(data["file"], result.line, result.column)],
        "relatedLocations": [_location(finding["policy_file"], finding["policy_line"], 1)],
        "partialFingerprints": {
            "subjectAndRule/v1": hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
        },
    }
    if result.waived:
        made["suppressions"] = [_suppression(finding["waived"], result.waived)]
    return made


def _notification(problem: Problem) -> dict[str, Any]:
    text = " ".join(part for part in (problem.path, problem.message, problem.hint) if part)
    location = _location(problem.file, problem.line, problem.column)
    return {"level": "error", "message": {"text": text}, "locations": [location]}


def _location(file: str, line: int, column: int) -> dict[str, Any]:
    uri = quote(os.fsencode(file.replace(os.sep, "/")))
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri},
            "region": {"startLine": line, "startColumn": column},
        }
    }
