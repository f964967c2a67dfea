"""SARIF 2.1.0: what changes, at the lines of the policies that change it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.diff import wording

Data = Mapping[str, Any]

RULES = {
    "decision-tightened": ("warning", "A decision becomes stricter."),
    "decision-loosened": ("warning", "A decision becomes milder."),
    "decision-changed": ("note", "A decision changes, neither stricter nor milder."),
    "decision-possible": ("warning", "A decision can change by this rule alone; a profile shows it."),
    "not-settled": ("warning", "It is neither shown nor excluded that a decision changes by this rule."),
    "retroactive-edit": ("warning", "What was law on a past day is edited."),
    "schema-breaks": ("warning", "A schema breaks its readers."),
    "release": ("warning", "Version, changelog or review does not fit the change."),
}
"""Rules of this report: level and description."""


def render(data: Data, lang: Language) -> str:
    """One run. What could not be compared is a notification, and then the run has not succeeded."""
    invocation: dict[str, Any] = {"executionSuccessful": not data["why"], "exitCode": data["exit_code"]}
    notes = [_notification(problem) for problem in data["problems"]]
    notes += [{"level": "error", "message": {"text": why["text"][lang]}} for why in data["why"]]
    if notes:
        invocation["toolExecutionNotifications"] = notes
    rules = [
        {"id": id, "shortDescription": {"text": text}, "defaultConfiguration": {"level": level}}
        for id, (level, text) in RULES.items()
    ]
    run = {
        "tool": {
            "driver": {"name": "vatspolicy diff", "semanticVersion": data["head"]["version"] or "0", "rules": rules}
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": [_result(*result) for result in results(data, lang)],
        "properties": {"verdict": data["verdict"], "title": data["title"][lang]},
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2) + "\n"


def results(data: Data, lang: Language) -> Iterator[tuple[str, str, str, int]]:
    """Rule, message, file and line of everything that a reviewer should see beside a line."""
    for row in data["decisions"]["rows"] if data["decisions"] else []:
        id = f"decision-{row['direction']}" if row["direction"] != "neither" else "decision-changed"
        before, after = (wording.answer(row[side], lang) for side in ("before", "after"))
        text = f"{wording.subject(row)}: {before} → {after} ({wording.days(row['days'])})"
        for cause in row["because"][:1]:
            text += f" ← {cause['rule']} [{wording.law(cause, lang)}]"
        place = row["because"][0] if row["because"] else {"file": row["file"], "line": 1}
        yield id, text, place["file"], place["line"]
    for rule in data["semantic"]["rules"] if data["semantic"] else []:
        if rule["transitions"]:
            text = f"{rule['rule']}: {wording.verdict(rule, lang)} {wording.facts(rule['witness'], lang)}"
            yield "decision-possible", text, rule["file"], rule["line"]
        elif rule["verdict"] in ("unknown", "unsupported"):
            yield "not-settled", f"{rule['rule']}: {wording.verdict(rule, lang)}", rule["file"], rule["line"]
    for change in data["structure"]:
        if change["retroactive"]:
            yield (
                "retroactive-edit",
                f"{change['policy']}: {wording.edit(change, lang)}",
                change["file"],
                change["line"],
            )
    for change in data["schemas"]:
        if change["breaking"]:
            yield "schema-breaks", wording.schema_edit(change, lang), f"schemas/{change['file']}", 1
    for fault in data["release"]["faults"] if data["release"] else []:
        yield "release", fault["text"][lang], fault["file"], fault["line"]


def _result(id: str, text: str, file: str, line: int) -> dict[str, Any]:
    identity = hashlib.sha256(f"{id}\0{file}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()
    return {
        "ruleId": id,
        "ruleIndex": list(RULES).index(id),
        "level": RULES[id][0],
        "message": {"text": text},
        "locations": [_location(file, line, 1)],
        "partialFingerprints": {"changeAndFile/v1": identity},
    }


def _notification(problem: Data) -> dict[str, Any]:
    text = " ".join(problem[key] for key in ("path", "message", "hint") if problem[key])
    location = _location(problem["file"], problem["line"], problem["column"])
    return {"level": "error", "message": {"text": text}, "locations": [location]}


def _location(file: str, line: int, column: int) -> dict[str, Any]:
    uri = quote(os.fsencode(file))
    region = {"startLine": line, "startColumn": column}
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
