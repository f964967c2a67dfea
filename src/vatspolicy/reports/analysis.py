"""An analysis as text, Markdown, JSON, GitHub annotations or SARIF."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from vatspolicy.authoring.analysis.findings import (
    ERROR,
    KINDS,
    AnalysisFinding,
    AnalysisReport,
    NotEvaluated,
    PropertyResult,
)
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.formats.github import command
from vatspolicy.reports.formats.sarif import Run, location

FORMATS = ("text", "markdown", "json", "github", "sarif")

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "accepted": "accepted",
        "open": "NOT EVALUATED",
        "properties": "Properties",
        "findings": "Findings",
        "none": "Nothing found.",
        "tests": "for the tests of the policy",
        "fixture": "for a fixture: the profile, then what is decided of it today",
        "proved": "proved",
        "tested": "tested",
        "refuted": "refuted",
        "unknown": "unknown",
        "day": "as of {day}: {words}",
        "no_solver": "no solver",
        "total": "{rules} rules, {failing} findings that fail, {rest} others, {open} not evaluated; "
        "{proved} of {all} properties proved ({engine})",
    },
    "zh": {
        "accepted": "已接受",
        "open": "未评估",
        "properties": "性质",
        "findings": "发现",
        "none": "未发现问题。",
        "tests": "可加入该法规文件的测试",
        "fixture": "可作为样例：先为规格，后为当前决定",
        "proved": "已证明",
        "tested": "已测试",
        "refuted": "已推翻",
        "unknown": "未知",
        "day": "截至{day}：{words}",
        "no_solver": "无求解器",
        "total": "规则{rules}条，不通过的发现{failing}项，其他{rest}项，未评估{open}项；"
        "性质{all}条中{proved}条已证明（{engine}）",
    },
}
_SIGNS = {"proved": "✔", "tested": "·", "refuted": "✘", "unknown": "?"}


def render(name: str, report: AnalysisReport, lang: Language) -> str:
    """Render the report in one of `FORMATS`."""
    makers: Mapping[str, Callable[[AnalysisReport, Language], str]] = {
        "text": text,
        "markdown": markdown,
        "json": plain_json,
        "github": github,
        "sarif": sarif,
    }
    return makers[name](report, lang)


# --- for people


def text(report: AnalysisReport, lang: Language) -> str:
    """Render a paragraph per finding with its test case, then properties, unevaluated parts and a total."""
    word = _WORDS[lang]
    lines: list[str] = []
    for finding in report.findings:
        mark = word["accepted"] if finding.accepted is not None else finding.severity
        lines.append(f"{finding.file}:{finding.line}: {finding.kind} ({mark}): {finding.message[lang]}")
        lines += [f"    {finding.accepted}"] if finding.accepted is not None else _case(finding, word)
    if not report.findings and report.kinds:
        lines.append(word["none"])
    if report.properties:
        lines += ["", word["properties"]]
    for result in report.properties:
        lines.append(f"  {_SIGNS[result.verdict]} {result.id}: {word[result.verdict]}: {result.statement[lang]}")
        lines += [f"      {line}" for line in _shown(result, lang)]
    for gap in report.not_evaluated:
        lines.append(f"{word['open']}: {gap.kind}: {' '.join(gap.about)}: {gap.reason}")
    return "\n".join([*lines, "", total(report, lang)]) + "\n"


def total(report: AnalysisReport, lang: Language) -> str:
    """Return the summary line: the amount analyzed and the results."""
    return _WORDS[lang]["total"].format(
        rules=report.rules,
        failing=len(report.failing),
        rest=len(report.findings) - len(report.failing),
        open=len(report.not_evaluated),
        proved=sum(result.verdict == "proved" for result in report.properties),
        all=len(report.properties),
        engine=report.engine or _WORDS[lang]["no_solver"],
    )


def _case(finding: AnalysisFinding, word: Mapping[str, str]) -> Iterator[str]:
    if finding.case:
        yield f"    # {word[finding.case_for]}"
        yield from (f"    {line}" for line in finding.case.rstrip().split("\n"))


def _shown(result: PropertyResult, lang: Language) -> Iterator[str]:
    if result.verdict in ("proved", "tested"):
        yield result.scope[lang]
    if result.reason:
        yield result.reason
    if result.witness is not None:
        yield _WORDS[lang]["day"].format(day=result.as_of, words=" → ".join(result.decisions))
        yield json.dumps(result.witness, ensure_ascii=False)
    if result.other is not None:
        yield json.dumps(result.other, ensure_ascii=False)


def markdown(report: AnalysisReport, lang: Language) -> str:
    """Render Markdown for a pull request comment or a page."""
    word = _WORDS[lang]
    lines = [f"**{total(report, lang)}**", ""]
    if report.findings:
        lines += [f"### {word['findings']}", ""]
    for finding in report.findings:
        mark = word["accepted"] if finding.accepted is not None else finding.severity
        lines.append(f"- `{finding.kind}` ({mark}) `{finding.file}:{finding.line}`: {finding.message[lang]}")
        if finding.accepted is None and finding.case:
            lines += ["", "  ```yaml", *(f"  {line}" for line in finding.case.rstrip().split("\n")), "  ```", ""]
    if report.properties:
        lines += ["", f"### {word['properties']}", ""]
    for result in report.properties:
        lines.append(f"- {_SIGNS[result.verdict]} `{result.id}` ({word[result.verdict]}): {result.statement[lang]}")
        lines += [f"  - {line}" for line in _shown(result, lang)]
    lines += [f"- {word['open']}: `{g.kind}` {' '.join(g.about)}: {g.reason}" for g in report.not_evaluated]
    return "\n".join(lines) + "\n"


# --- for programs


def data(report: AnalysisReport) -> dict[str, Any]:
    """Return the report as data (analysis.schema.json)."""
    return {
        "schema": 1,
        "bundle": {"version": report.bundle_version, "digest": report.bundle_digest},
        "engine": report.engine,
        "kinds": list(report.kinds),
        "rules": report.rules,
        "findings": [{**asdict(f), "about": list(f.about), "severity": f.severity} for f in report.findings],
        "properties": [{**asdict(r), "cite": list(r.cite), "decisions": list(r.decisions)} for r in report.properties],
        "not_evaluated": [{**asdict(gap), "about": list(gap.about)} for gap in report.not_evaluated],
        "exit_code": report.exit_code,
    }


def plain_json(report: AnalysisReport, _lang: Language) -> str:
    """JSON with sorted keys; both languages are in it."""
    return json.dumps(data(report), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _results(report: AnalysisReport, lang: Language) -> Iterator[tuple[str, str, str, str, int]]:
    """Rule, level, message, file and line of everything that is to be shown beside a line."""
    for finding in report.findings:
        if finding.accepted is None:
            level = "error" if finding in report.failing else "note"
            yield finding.kind, level, finding.message[lang], finding.file, finding.line
    for result in report.properties:
        if result.verdict in ("refuted", "unknown"):
            message = f"{result.id}: {_WORDS[lang][result.verdict]}: {result.statement[lang]} {result.reason}".rstrip()
            level = "error" if result.verdict == "refuted" else "warning"
            yield f"property-{result.verdict}", level, message, report.file, result.line


def github(report: AnalysisReport, lang: Language) -> str:
    """Return workflow commands: one annotation for each finding."""
    lines = [
        command(level, message, file=file, line=line, title=id)
        for id, level, message, file, line in _results(report, lang)
    ]
    lines += [command("warning", _line(gap), title=_WORDS[lang]["open"]) for gap in report.not_evaluated]
    lines.append(command("note" if report.exit_code == 0 else "error", total(report, lang), title="vatspolicy analyze"))
    return "".join(f"{line}\n" for line in lines)


def _line(gap: NotEvaluated) -> str:
    return f"{gap.kind}: {' '.join(gap.about)}: {gap.reason}"


def sarif(report: AnalysisReport, lang: Language) -> str:
    """Return SARIF. A part that was not evaluated is a notification, and the run has not succeeded then."""
    run = Run("vatspolicy analyze", report.bundle_version, "findingAndFile/v1")
    for id, kind in KINDS.items():
        level = "error" if kind.severity == ERROR else "note"
        run.add_rule(id, kind.title[lang], defaultConfiguration={"level": level})
    for id in ("property-refuted", "property-unknown"):
        run.add_rule(id, id, defaultConfiguration={"level": "error"})
    for id, level, message, file, line in _results(report, lang):
        run.add_result(id, level, message, location(file, line), f"{id}\0{file}\0{message}")
    for gap in report.not_evaluated:
        run.notify("warning", _line(gap))
    return run.to_json(not report.not_evaluated, report.exit_code)
