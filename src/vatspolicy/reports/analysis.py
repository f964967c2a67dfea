"""An analysis as a document, or as JSON, SARIF, JUnit or GitHub annotations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial

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
from vatspolicy.reports.document import Block, Code, Document, Mark, Paragraph, Row, Rows, Section, Span
from vatspolicy.reports.findings import NOTE, WARNING, RuleHelp, ShownFinding
from vatspolicy.reports.formats.junit import Suite, Suites
from vatspolicy.reports.printers import print_document

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
_MARKS: Mapping[str, Mark] = {"proved": "good", "tested": "point", "refuted": "bad", "unknown": "ask"}


def render(name: str, report: AnalysisReport, lang: Language, color: bool = False, room: int = 100) -> str:
    """Render the report in a format. `color` and `room` (columns) apply to text only."""
    if name == "json":
        return findings.write_json(report.published)
    if make := {"github": github, "sarif": sarif, "junit": junit}.get(name):
        return make(report, lang)
    return print_document(name, make_document(report, lang), color, room)


# --- for people


def make_document(report: AnalysisReport, lang: Language) -> Document:
    """Build the document of an analysis: findings with their test cases, properties, unevaluated parts and a total."""
    say, colon = partial(word, _WORDS, lang=lang), joint("colon", lang)
    found = [
        Row([(*_lead(finding, lang), finding.message[lang])], below=_case(finding, lang)) for finding in report.findings
    ]
    held = [
        Row(
            [(Span(result.id, "code"), colon, Span(say(result.verdict), "strong"), colon, result.statement[lang])],
            _MARKS[result.verdict],
            below=[Rows([Row([line]) for line in _shown(result, lang)])],
        )
        for result in report.properties
    ]
    gaps = [
        Row([(Span(gap.kind, "code"), colon, f"{' '.join(gap.about)}{colon}{gap.reason}")], "ask")
        for gap in report.not_evaluated
    ]
    parts = {"findings": found, "properties": held, "open": gaps}
    blocks: list[Block] = [Section(say(key), [Rows(rows)], key) for key, rows in parts.items() if rows]
    if report.kinds and not found:
        blocks.insert(0, Paragraph(say("none")))
    return Document(TOOL, lang, blocks, about=total(report, lang))


def _lead(finding: AnalysisFinding, lang: Language) -> Iterator[str | Span]:
    """Yield the place and the kind of a finding."""
    mark = finding.severity if finding.accepted is None else word(_WORDS, "accepted", lang)
    colon = joint("colon", lang)
    yield from (Span(f"{finding.file}:{finding.line}", "code"), colon)
    yield from (Span(f"{finding.kind}{aside(mark, lang)}", "strong"), colon)


def _case(finding: AnalysisFinding, lang: Language) -> list[Block]:
    """Return what stands below a finding: why it is accepted, or a case that shows it."""
    if finding.accepted is not None:
        return [Paragraph(finding.accepted)]
    if not finding.case:
        return []
    return [
        Paragraph(Span(word(_WORDS, finding.case_for, lang), "soft")),
        Code(finding.case.rstrip(), "yaml"),
    ]


def total(report: AnalysisReport, lang: Language) -> str:
    """Return the summary line: the scope and the results."""
    failing, proved = len(report.failing), sum(result.verdict == "proved" for result in report.properties)
    parts = [
        count(_COUNTS, "rules", report.rules, lang),
        count(_COUNTS, "failing", failing, lang),
        word(_WORDS, "rest", lang, n=len(report.findings) - failing),
        word(_WORDS, "not_evaluated", lang, n=len(report.not_evaluated)),
    ]
    shown = count(_COUNTS, "proved", len(report.properties), lang, proved=proved)
    engine = aside(report.engine or word(_WORDS, "no_solver", lang), lang)
    layer = word(_WORDS, "of_layer", lang, name=report.layer) + joint("colon", lang) if report.layer else ""
    return f"{layer}{joint('comma', lang).join(parts)}{joint('semicolon', lang)}{shown}{engine}"


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
    """Return SARIF. An unevaluated part is a notification, and then the run has not succeeded."""
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
        lines = "\n".join(f"{problem.file}:{problem.line}: {problem.message[lang]}" for problem in here)
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
