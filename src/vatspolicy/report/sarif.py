"""SARIF 2.1.0: results point at the line of the spec, related locations at the line of the policy."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from vatspolicy.errors import Problem
from vatspolicy.report.results import Result, results
from vatspolicy.vocabulary import Language


def render(records: Iterable[Mapping[str, Any]], lang: Language, problems: Iterable[Problem] = ()) -> str:
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
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": [_result(data, result, order) for data, result in found],
        "properties": {"decisions": {data["file"]: data["decision"] for data in records}},
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2) + "\n"


def _rule(result: Result, lang: Language) -> dict[str, Any]:
    finding = result.finding
    citations = finding["citations"]
    text = " ".join(
        f"{c['title'][lang]}, {c['label'][lang]}: {c['zh'] if lang == 'zh' and c['zh'] else c['en']}" for c in citations
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
    return {
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
