"""An analysis as text, Markdown, JSON, SARIF, JUnit or GitHub annotations."""

from __future__ import annotations

import json
from collections.abc import Iterator

from vatspolicy.authoring.analysis.findings import (
    ERROR,
    KINDS,
    AnalysisFinding,
    AnalysisReport,
    NotEvaluated,
    PropertyResult,
)
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.words import Counts, Table, aside, count, joint, word
from vatspolicy.origin import page
from vatspolicy.reports import findings
from vatspolicy.reports.findings import NOTE, WARNING, RuleHelp, ShownFinding
from vatspolicy.reports.formats.junit import Suite, Suites

TOOL = "vatspolicy analyze"

_WORDS: Table = {
    "accepted": Phrase("accepted"),
    "open": Phrase("NOT EVALUATED", "analysis"),
    "properties": Phrase("Properties"),
    "findings": Phrase("Findings"),
    "none": Phrase("Nothing found."),
    "tests": Phrase("for the tests of the policy"),
    "fixture": Phrase("for a fixture: the profile, then today's decision on it"),
    "proved": Phrase("proved"),
    "tested": Phrase("tested"),
    "refuted": Phrase("refuted"),
    "unknown": Phrase("unknown"),
    "day": Phrase("as of {day}: {words}"),
    "no_solver": Phrase("no solver"),
    "refuted_property": Phrase("A property of the law is refuted."),
    "unknown_property": Phrase("It is not known whether a property of the law holds."),
    "rest": Phrase("{n} not failing"),
    "not_evaluated": Phrase("{n} not evaluated"),
    "of_layer": Phrase("layer {name}"),
}
_COUNTS: Counts = {
    "rules": (Phrase("{n} rule"), Phrase("{n} rules")),
    "failing": (Phrase("{n} finding failing"), Phrase("{n} findings failing")),
    "proved": (Phrase("{proved} of {n} property proved"), Phrase("{proved} of {n} properties proved")),
}
_SIGNS = {"proved": "✔", "tested": "·", "refuted": "✘", "unknown": "?"}


def render(name: str, report: AnalysisReport, lang: Language) -> str:
    """Render the report in a format."""
    if name == "json":
        return findings.write_json(report.published)
    makers = {"text": text, "markdown": markdown, "github": github, "sarif": sarif, "junit": junit}
    return makers[name](report, lang)


# --- for people


def text(report: AnalysisReport, lang: Language) -> str:
    """Render a paragraph per finding with its test case, then properties, unevaluated parts and a total."""
    lines: list[str] = []
    for finding in report.findings:
        mark = word(_WORDS, "accepted", lang) if finding.accepted is not None else finding.severity
        lines.append(f"{finding.file}:{finding.line}: {finding.kind} ({mark}): {finding.message[lang]}")
        lines += [f"    {finding.accepted}"] if finding.accepted is not None else _case(finding, lang)
    if not report.findings and report.kinds:
        lines.append(word(_WORDS, "none", lang))
    if report.properties:
        lines += ["", word(_WORDS, "properties", lang)]
    for result in report.properties:
        lines.append(f"  {_SIGNS[result.verdict]} {_stated(result, lang)}")
        lines += [f"      {line}" for line in _shown(result, lang)]
    for gap in report.not_evaluated:
        lines.append(f"{word(_WORDS, 'open', lang)}: {gap.kind}: {' '.join(gap.about)}: {gap.reason}")
    return "\n".join([*lines, "", total(report, lang)]) + "\n"


def total(report: AnalysisReport, lang: Language) -> str:
    """Return the summary line: the amount analyzed and the results."""
    failing, proved = len(report.failing), sum(result.verdict == "proved" for result in report.properties)
    found = [
        count(_COUNTS, "rules", report.rules, lang),
        count(_COUNTS, "failing", failing, lang),
        word(_WORDS, "rest", lang, n=len(report.findings) - failing),
        word(_WORDS, "not_evaluated", lang, n=len(report.not_evaluated)),
    ]
    shown = count(_COUNTS, "proved", len(report.properties), lang, proved=proved)
    engine = aside(report.engine or word(_WORDS, "no_solver", lang), lang)
    layer = word(_WORDS, "of_layer", lang, name=report.layer) + joint("colon", lang) if report.layer else ""
    return f"{layer}{joint('comma', lang).join(found)}{joint('semicolon', lang)}{shown}{engine}"


def _case(finding: AnalysisFinding, lang: Language) -> Iterator[str]:
    if finding.case:
        yield f"    # {word(_WORDS, finding.case_for, lang)}"
        yield from (f"    {line}" for line in finding.case.rstrip().split("\n"))


def _stated(result: PropertyResult, lang: Language) -> str:
    return f"{result.id}: {word(_WORDS, result.verdict, lang)}: {result.statement[lang]}"


def _shown(result: PropertyResult, lang: Language) -> Iterator[str]:
    if result.verdict in ("proved", "tested"):
        yield result.scope[lang]
    if result.reason:
        yield result.reason
    if result.witness is not None:
        yield word(_WORDS, "day", lang, day=result.as_of, words=" → ".join(result.decisions))
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
        words={key: text[lang] for key, text in _WORDS.items()},
    )


# --- for programs


def _shown_findings(report: AnalysisReport, lang: Language) -> Iterator[ShownFinding]:
    """Yield the annotations of lines: findings, accepted findings with the reason, and violated properties."""
    for finding in report.findings:
        level = ERROR if finding in report.failing else NOTE
        yield ShownFinding(
            finding.kind, level, finding.message[lang], finding.file, finding.line, ignored=finding.accepted
        )
    for result in report.properties:
        if result.verdict in ("refuted", "unknown"):
            message = f"{_stated(result, lang)} {result.reason}".rstrip()
            level = ERROR if result.verdict == "refuted" else WARNING
            yield ShownFinding(f"property-{result.verdict}", level, message, result.file, result.line)


def github(report: AnalysisReport, lang: Language) -> str:
    """Return workflow commands: annotations for findings, and for parts that were not evaluated."""
    title = word(_WORDS, "open", lang)
    gaps = [ShownFinding(gap.kind, WARNING, f"{title}: {_line(gap)}", report.file, 1) for gap in report.not_evaluated]
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
        rules[f"property-{verdict}"] = RuleHelp(ERROR, _WORDS[f"{verdict}_property"], page=where)
    run = findings.make_run(TOOL, report.bundle.version, rules, list(_shown_findings(report, lang)), lang)
    for gap in report.not_evaluated:
        run.notify(WARNING, _line(gap))
    return run.to_json(not report.not_evaluated, report.exit_code)


def junit(report: AnalysisReport, lang: Language) -> str:
    """Return JUnit XML: a case for each kind of finding, and for each property."""
    suites = Suites(TOOL)
    if report.kinds:
        _add_kinds(suites.add_suite(word(_WORDS, "findings", lang)), report, lang)
    if report.properties:
        _add_properties(suites.add_suite(word(_WORDS, "properties", lang), report.file), report, lang)
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
            suite.add_error(kind, TOOL, word(_WORDS, "open", lang), kind, "\n".join(map(_line, gaps)))
        elif accepted and len(accepted) == len(here):
            suite.add_skipped(kind, TOOL, "; ".join(accepted), lines)
        else:
            suite.add_case(kind, TOOL, lines)


def _add_properties(suite: Suite, report: AnalysisReport, lang: Language) -> None:
    for result in report.properties:
        lines = "\n".join((result.statement[lang], *_shown(result, lang)))
        if result.verdict == "refuted":
            suite.add_failure(result.id, TOOL, word(_WORDS, "refuted", lang), "property-refuted", lines)
        elif result.verdict == "unknown":
            suite.add_error(result.id, TOOL, word(_WORDS, "unknown", lang), "property-unknown", lines)
        else:
            suite.add_case(result.id, TOOL, lines)
