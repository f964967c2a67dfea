"""Findings of lint as text, JSON, SARIF, JUnit or GitHub annotations, and the page of its rules."""

from __future__ import annotations

from collections.abc import Iterator

from vatspolicy.authoring.lint.catalogue import ERROR, RULES
from vatspolicy.authoring.lint.finding import LintFinding
from vatspolicy.authoring.lint.result import LintRun, PlacedFinding
from vatspolicy.authoring.lint.run import LintReport
from vatspolicy.errors import Problem, in_language
from vatspolicy.errors import render as render_problem
from vatspolicy.i18n import Language, Phrase, say
from vatspolicy.i18n.words import Counts, Table, count, joint, word
from vatspolicy.origin import page
from vatspolicy.reports import findings
from vatspolicy.reports.findings import RuleHelp, ShownFinding
from vatspolicy.reports.formats.junit import Suites

TOOL = "vatspolicy lint"
PAGE = "lint.md"
"""Page of the documentation with a section for each rule."""

_WORDS: Table = {
    "ignored": Phrase("ignored: {reason}: "),
    "warning": Phrase("warning: "),
    "nothing": Phrase("No findings"),
    "some_ignored": Phrase("{n} ignored"),
}
_COUNTS: Counts = {
    "errors": (Phrase("{n} error", "lint"), Phrase("{n} errors", "lint")),
    "warnings": (Phrase("{n} warning"), Phrase("{n} warnings")),
    "fixtures": (Phrase("{n} fixture"), Phrase("{n} fixtures")),
    "total": (Phrase("{found} in {n} policy and {fixtures}"), Phrase("{found} in {n} policies and {fixtures}")),
}

_PAGE_HEAD = """\
# Rules of lint

`vatspolicy lint` checks policies, their tests, fixtures and schemas. It prints one line for each finding, with the ID
of the rule, and a total. An error ends the run with 1; a warning does not. `-f` and `-o` write `json`, `sarif`, `junit`
and `github` as well.

A comment on the line of a finding, or on the line above it, ignores that finding for a reason:

```yaml
# lint: ignore source-number-missing The notice was published without a number.
source: {issuer: {en: Ministry, zh: 部}}
```

The finding no longer fails the run, but every format still shows it with the reason. A comment without a reason has no
effect and is a finding itself, and so is a comment that ignores nothing.

`vatspolicy lint FILE...` checks single policies and their tests, with the rest of the law as context, in about a second
after an edit. It leaves out schemas, fixtures and tests without a policy.

`vatspolicy lint --fix` fixes what needs no decision of a person: the order of keys, half-width punctuation in Chinese
texts, and comments that ignore nothing. It shows the changes as a diff, keeps all other comments and the layout, and
reports what is left. A file stays as it was if it would say anything else afterwards. `vatspolicy fmt` lays out whole
files.

`vatspolicy lint --list` writes this page.
"""


def render(name: str, report: LintReport, lang: Language) -> str:
    """Render a report in one of the formats text, json, sarif, junit and github."""
    if name == "json":
        return findings.write_json(published(report, lang))
    return {"text": text, "sarif": sarif, "junit": junit, "github": github}[name](report, lang)


def text(report: LintReport, lang: Language) -> str:
    """Render a line for each finding, and the total."""
    return "".join(
        f"{line}\n" for line in (*(_line(finding, lang) for finding in report.findings), total(report, lang))
    )


def _line(finding: LintFinding, lang: Language) -> str:
    state = ""
    if finding.ignored is not None:
        state = word(_WORDS, "ignored", lang, reason=finding.ignored)
    elif finding.level != ERROR:
        state = word(_WORDS, "warning", lang)
    first, newline, excerpt = render_problem(finding.problem, lang).partition("\n")
    where = _place(finding.problem)
    return f"{where}: {state}{first.removeprefix(f'{where}: ')} [{finding.rule}]{newline}{excerpt}"


def _place(problem: Problem) -> str:
    return f"{problem.file}:{problem.line}:{problem.column}"


def total(report: LintReport, lang: Language) -> str:
    """Return the last line: the number of findings and of files read."""
    counts = report.counts
    if counts.errors or counts.warnings:
        parts = [count(_COUNTS, "errors", counts.errors, lang), count(_COUNTS, "warnings", counts.warnings, lang)]
    else:
        parts = [word(_WORDS, "nothing", lang)]
    if counts.ignored:
        parts.append(word(_WORDS, "some_ignored", lang, n=counts.ignored))
    fixtures = count(_COUNTS, "fixtures", report.fixtures, lang)
    return count(_COUNTS, "total", report.policies, lang, found=joint("comma", lang).join(parts), fixtures=fixtures)


def _said(problem: Problem, lang: Language) -> str:
    """Return path, message and hint, without the place in the file."""
    return str(in_language(problem, lang)).removeprefix(f"{_place(problem)}: ")


def published(report: LintReport, lang: Language) -> LintRun:
    """Return the JSON data of a run, in a language."""
    findings, files = tuple(_finding(finding, lang) for finding in report.findings), (report.policies, report.fixtures)
    return LintRun(1, report.bundle.identity, report.counts, *files, findings, report.exit_code)


def _finding(finding: LintFinding, lang: Language) -> PlacedFinding:
    at = finding.problem
    position, said = (at.file, at.line, at.column, at.path), (say(at.message, lang), say(at.hint, lang))
    return PlacedFinding(finding.rule, finding.level, *position, *said, finding.ignored)


def _shown(report: LintReport, lang: Language) -> Iterator[ShownFinding]:
    for finding in report.findings:
        at = finding.problem
        yield ShownFinding(finding.rule, finding.level, _said(at, lang), at.file, at.line, at.column, finding.ignored)


def github(report: LintReport, lang: Language) -> str:
    """Return workflow commands."""
    return findings.github(TOOL, _shown(report, lang), total(report, lang), report.exit_code != 0, lang)


def sarif(report: LintReport, lang: Language) -> str:
    """Return SARIF, in which an ignored finding is a suppressed result."""
    rules = {id: RuleHelp(rule.level, rule.title, rule.help, page(PAGE, id)) for id, rule in RULES.items()}
    made = findings.make_run(TOOL, report.bundle.version, rules, list(_shown(report, lang)), lang)
    return made.to_json(True, report.exit_code)


def junit(report: LintReport, lang: Language) -> str:
    """Return JUnit XML: a case for each rule, which fails if a file breaks the rule."""
    suites = Suites(TOOL)
    suite = suites.add_suite(TOOL)
    for id in RULES:
        here = [finding for finding in report.findings if finding.rule == id]
        lines = "\n".join(_line(finding, lang) for finding in here)
        failing = [finding for finding in here if finding.fails]
        if failing:
            suite.add_failure(id, TOOL, _said(failing[0].problem, lang), id, lines)
        elif here and all(finding.ignored is not None for finding in here):
            suite.add_skipped(id, TOOL, "; ".join(str(finding.ignored) for finding in here), lines)
        else:
            suite.add_case(id, TOOL, lines)
    return suites.to_xml()


def rules_page() -> str:
    """Return the page of the rules, in Markdown: a section for each, in English and Chinese."""
    parts = [_PAGE_HEAD]
    for id, rule in RULES.items():
        kind = "Error" if rule.level == ERROR else "Warning"
        note = "" if rule.can_ignore else " It cannot be ignored."
        parts.append(f"\n## {id}\n\n{kind}. {rule.title['en']}{note}\n\n{rule.help['en']}\n\n")
        parts.append(f"> {rule.title['zh']}{rule.help['zh']}\n")
    return "".join(parts)
