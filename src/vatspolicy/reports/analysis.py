"""An analysis as text, Markdown, JSON, SARIF, JUnit or GitHub annotations."""

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
from vatspolicy.i18n.words import counted
from vatspolicy.origin import page
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports import findings
from vatspolicy.reports.findings import NOTE, WARNING, RuleHelp, Shown
from vatspolicy.reports.formats.junit import Suite, Suites

TOOL = "vatspolicy analyze"
FORMATS = ("text", "markdown", "json", "github", "sarif", "junit")

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
        "refuted_property": "A property of the law is refuted.",
        "unknown_property": "It is not known whether a property of the law holds.",
        "total": "{rules}, {failing} failing, {rest} not failing, {open} not evaluated; "
        "{proved} of {all} proved ({engine})",
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
        "refuted_property": "一项法规性质已被推翻。",
        "unknown_property": "未能判定一项法规性质是否成立。",
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
        "junit": junit,
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
    failing, proved = len(report.failing), sum(result.verdict == "proved" for result in report.properties)
    in_english = lang == "en"
    return _WORDS[lang]["total"].format(
        rules=counted(report.rules, "rule") if in_english else report.rules,
        failing=counted(failing, "finding") if in_english else failing,
        rest=len(report.findings) - failing,
        open=len(report.not_evaluated),
        proved=proved,
        all=counted(len(report.properties), "property", "properties") if in_english else len(report.properties),
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
    from vatspolicy.reports.formats.templating import render_markdown

    return render_markdown(
        "analysis.md.j2",
        lang=lang,
        place=lambda finding: f"{finding.file}:{finding.line}",
        report=report,
        shown=_shown,
        signs=_SIGNS,
        total=total(report, lang),
        words=_WORDS[lang],
    )


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


def _shown_findings(report: AnalysisReport, lang: Language) -> Iterator[Shown]:
    """Yield what is shown beside a line: findings, accepted ones with the reason, and properties that do not hold."""
    for finding in report.findings:
        level = ERROR if finding in report.failing else NOTE
        yield Shown(finding.kind, level, finding.message[lang], finding.file, finding.line, ignored=finding.accepted)
    for result in report.properties:
        if result.verdict in ("refuted", "unknown"):
            message = f"{result.id}: {_WORDS[lang][result.verdict]}: {result.statement[lang]} {result.reason}".rstrip()
            level = ERROR if result.verdict == "refuted" else WARNING
            yield Shown(f"property-{result.verdict}", level, message, report.file, result.line)


def github(report: AnalysisReport, lang: Language) -> str:
    """Return workflow commands: annotations for findings, and for parts that were not evaluated."""
    title = _WORDS[lang]["open"]
    gaps = [Shown(gap.kind, WARNING, f"{title}: {_line(gap)}", report.file, 1) for gap in report.not_evaluated]
    shown = [*_shown_findings(report, lang), *gaps]
    return findings.github(TOOL, shown, total(report, lang), report.exit_code != 0, lang)


def _line(gap: NotEvaluated) -> str:
    return f"{gap.kind}: {' '.join(gap.about)}: {gap.reason}"


def sarif(report: AnalysisReport, lang: Language) -> str:
    """Return SARIF. A part that was not evaluated is a notification, and the run has not succeeded then."""
    where = page("analyzing-a-bundle.md")
    rules = {
        id: RuleHelp(ERROR if kind.severity == ERROR else NOTE, kind.title, page=where) for id, kind in KINDS.items()
    }
    for verdict in ("refuted", "unknown"):
        title = {"en": _WORDS["en"][f"{verdict}_property"], "zh": _WORDS["zh"][f"{verdict}_property"]}
        rules[f"property-{verdict}"] = RuleHelp(ERROR, title, page=where)
    run = findings.make_run(TOOL, report.bundle_version, rules, list(_shown_findings(report, lang)), lang)
    for gap in report.not_evaluated:
        run.notify(WARNING, _line(gap))
    return run.to_json(not report.not_evaluated, report.exit_code)


def junit(report: AnalysisReport, lang: Language) -> str:
    """Return JUnit XML: a case for each kind of finding, and for each property."""
    suites = Suites(TOOL)
    if report.kinds:
        _add_kinds(suites.add_suite(_WORDS[lang]["findings"]), report, lang)
    if report.properties:
        _add_properties(suites.add_suite(_WORDS[lang]["properties"], report.file), report, lang)
    if report.exit_code == 5:
        suites.add_suite(TOOL).add_error("analyze", TOOL, total(report, lang), "nothing-evaluated", total(report, lang))
    return suites.to_xml()


def _add_kinds(suite: Suite, report: AnalysisReport, lang: Language) -> None:
    for kind in dict.fromkeys((*report.kinds, *(finding.kind for finding in report.findings))):
        here = [finding for finding in report.findings if finding.kind == kind]
        lines = "\n".join(f"{one.file}:{one.line}: {one.message[lang]}" for one in here)
        failing = [finding for finding in here if finding in report.failing]
        accepted = [finding.accepted for finding in here if finding.accepted is not None]
        gaps = [gap for gap in report.not_evaluated if gap.kind == kind]
        if failing:
            suite.add_failure(kind, TOOL, failing[0].message[lang], kind, lines)
        elif gaps:
            suite.add_error(kind, TOOL, _WORDS[lang]["open"], kind, "\n".join(map(_line, gaps)))
        elif accepted and len(accepted) == len(here):
            suite.add_skipped(kind, TOOL, "; ".join(accepted), lines)
        else:
            suite.add_case(kind, TOOL, lines)


def _add_properties(suite: Suite, report: AnalysisReport, lang: Language) -> None:
    word = _WORDS[lang]
    for result in report.properties:
        lines = "\n".join((result.statement[lang], *_shown(result, lang)))
        if result.verdict == "refuted":
            suite.add_failure(result.id, TOOL, word["refuted"], "property-refuted", lines)
        elif result.verdict == "unknown":
            suite.add_error(result.id, TOOL, word["unknown"], "property-unknown", lines)
        else:
            suite.add_case(result.id, TOOL, lines)
