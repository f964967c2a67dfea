"""A mutation run as text, JSON, SARIF, JUnit or GitHub annotations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from vatspolicy.authoring.mutation.report import (
    SURVIVED,
    MutationReport,
    MutationRun,
    Survivor,
    UnnoticedMistake,
    scores,
)
from vatspolicy.i18n import Language, LocalizedText, Phrase, say, translate
from vatspolicy.origin import page
from vatspolicy.reports import findings
from vatspolicy.reports.findings import ERROR, WARNING, RuleHelp, ShownFinding
from vatspolicy.reports.formats.junit import Suites

TOOL = "vatspolicy test --mutation"

_KINDS: Mapping[str, tuple[str, LocalizedText]] = {
    "mutant-survived": (WARNING, Phrase("No test detects a small mistake at this point of the law.")),
    "score-below-threshold": (ERROR, Phrase("The tests detect fewer mistakes than the threshold requires.")),
    "test-fails-on-the-law": (ERROR, Phrase("A test fails on the current law, so no mistakes were tried.")),
}


def render(name: str, report: MutationReport, lang: Language) -> str:
    """Render a run in one of the formats text, json, sarif, junit and github."""
    if name == "json":
        return findings.write_json(published(report))
    return {"text": text, "sarif": sarif, "junit": junit, "github": github}[name](report, lang)


def text(report: MutationReport, lang: Language) -> str:
    """Return survivors with their tests, the score of each policy, and the total."""
    return "".join(f"{translate(line, lang)}\n" for line in (*report.told(), *report.totals()))


def published(report: MutationReport) -> MutationRun:
    """Return what JSON shows of a run."""
    drawn, survivors = (report.total, report.seed, report.threshold), tuple(map(_unnoticed, report.survivors))
    found = (report.whole, scores(report.results), survivors)
    return MutationRun(1, report.bundle.identity, report.failing, *drawn, *found, report.exit_code)


def _unnoticed(one: Survivor) -> UnnoticedMistake:
    subject, mistake, test = one.mutant.subject, say(one.mutant.words, "en"), say(one.test, "en") or None
    return UnnoticedMistake(subject, mistake, one.state, one.file, one.line, one.column, test)


def _total(report: MutationReport, lang: Language) -> str:
    """Return the score in one line, or why there is none."""
    return "; ".join(" ".join(translate(line, lang).split()) for line in report.totals())


def _shown(report: MutationReport, lang: Language) -> Iterator[ShownFinding]:
    whole = str(Path(report.bundle.folder) / "bundle.yaml")
    for name in report.failing:
        yield ShownFinding("test-fails-on-the-law", ERROR, name, whole, 1)
    if report.is_below:
        yield ShownFinding("score-below-threshold", ERROR, _total(report, lang), whole, 1)
    for survivor in report.survivors:
        if survivor.state == SURVIVED:
            yield ShownFinding(
                "mutant-survived", WARNING, _said(survivor), survivor.file, survivor.line, survivor.column
            )


def _said(one: Survivor) -> str:
    test = f" test: {one.test}" if one.test else ""
    return f"{one.mutant.subject}: {one.mutant.words}{test}"


def github(report: MutationReport, lang: Language) -> str:
    """Return workflow commands."""
    return findings.github(TOOL, _shown(report, lang), _total(report, lang), report.exit_code != 0, lang)


def sarif(report: MutationReport, lang: Language) -> str:
    """Return SARIF. A run that tried no mistake has not succeeded."""
    where = page("policies.md", "tests")
    rules = {id: RuleHelp(level, title, page=where) for id, (level, title) in _KINDS.items()}
    made = findings.make_run(TOOL, report.bundle.version, rules, list(_shown(report, lang)), lang)
    if not report.results:
        made.notify(ERROR, _total(report, lang))
    return made.to_json(bool(report.results), report.exit_code)


def junit(report: MutationReport, lang: Language) -> str:
    """Return JUnit XML: a case for each policy with its survivors, and one for the threshold.

    A survivor fails nothing by itself, as in the exit code.
    """
    suites = Suites(TOOL)
    for policy, score in scores(report.results).items():
        here = [
            survivor for survivor in report.survivors if survivor.mutant.policy == policy and survivor.state == SURVIVED
        ]
        lines = "\n".join(f"{one.file}:{one.line}:{one.column}: {_said(one)}" for one in here)
        told = " ".join(translate(str(score), lang).split())
        suites.add_suite(policy).add_case("mutants", policy, "\n".join(filter(None, (told, lines))))
    suite, total = suites.add_suite(TOOL), _total(report, lang)
    if report.failing:
        suite.add_failure("law", TOOL, total, "test-fails-on-the-law", "\n".join(report.failing))
    elif not report.results:
        suite.add_error("mutation", TOOL, total, "nothing-evaluated", total)
    elif report.is_below:
        suite.add_failure("threshold", TOOL, total, "score-below-threshold", total)
    else:
        suite.add_case("threshold", TOOL, total)
    return suites.to_xml()
