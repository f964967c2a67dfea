"""A run of tests as text, JSON, SARIF, JUnit or GitHub annotations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from vatspolicy.authoring.testing.result import CaseOutcome, Covered, RunRecord, UncoveredClause
from vatspolicy.authoring.testing.runner import FAILED, SKIPPED, CaseResult, CoverageResult, RunResult
from vatspolicy.i18n import Language, Listing, LocalizedText, Phrase, _, say, translate
from vatspolicy.origin import page
from vatspolicy.reports import findings
from vatspolicy.reports.findings import ERROR, NOTE, RuleHelp, ShownFinding
from vatspolicy.reports.formats.junit import Suites

TOOL = "vatspolicy test"

_KINDS: Mapping[str, tuple[str, LocalizedText]] = {
    "test-failed": (ERROR, Phrase("The result differs from the expectation of a test.")),
    "test-skipped": (NOTE, Phrase("A test is skipped for the stated reason.")),
    "coverage-below-threshold": (ERROR, Phrase("The tests cover less than the threshold requires.")),
    "clause-not-covered": (NOTE, Phrase("No test shows the clause true, or none shows it false.")),
    "rule-never-fires": (NOTE, Phrase("No test shows the rule applying.")),
}


def render(name: str, run: RunResult, lang: Language) -> str:
    """Render a run in one of the formats text, json, sarif, junit and github."""
    if name == "json":
        return findings.write_json(published(run, lang))
    return {"text": text, "sarif": sarif, "junit": junit, "github": github}[name](run, lang)


def text(run: RunResult, lang: Language) -> str:
    """Render failures and skipped tests, then the coverage and the total."""
    lines: list[str] = []
    for result in run.results:
        where = f"{result.case.file}:{result.case.line}"
        if result.outcome == FAILED:
            lines.append(f"{where}: {result.case.name}")
            lines += [f"    {translate(problem, lang)}" for problem in result.problems]
            lines += [f"        {translate(reason, lang)}" for reason in result.reasons]
        elif result.outcome == SKIPPED:
            skipped = f"{result.case.name}: {result.case.skipped}"
            lines.append(translate(_("{where}: skipped: {skipped}", where=where, skipped=skipped), lang))
    if run.coverage is not None and run.has_run:
        lines += [translate(line, lang) for line in _coverage_lines(run.coverage)]
    return "\n".join([*lines, total(run, lang)]) + "\n"


def total(run: RunResult, lang: Language) -> str:
    """Return the last line: the numbers of passed, failed and skipped tests."""
    passed, failed, skipped = run.counts.passed, run.counts.failed, run.counts.skipped
    if not run.has_run:
        return translate(_("No test ran: {skipped} skipped.", skipped=skipped) if skipped else _("No test ran."), lang)
    words = (
        _("{passed} passed, {failed} failed, {skipped} skipped", passed=passed, failed=failed, skipped=skipped)
        if skipped
        else _("{passed} passed, {failed} failed", passed=passed, failed=failed)
    )
    return translate(words, lang)


def _coverage_lines(coverage: CoverageResult) -> Iterator[str]:
    for _kind, file, line, words in _gaps(coverage):
        yield _("{file}:{line}: {words}", file=file, line=line, words=words)
    share = f"{coverage.percent:.1f} %"
    yield _("{share} of clause outcomes covered", share=share)
    if coverage.is_below:
        yield _("below the threshold of {threshold:g} %", threshold=coverage.threshold)


def _gaps(coverage: CoverageResult) -> Iterator[tuple[str, str, int, str]]:
    """Yield kind, file, line and words of each gap."""
    for gap in coverage.gaps:
        words = _("never {outcomes}: {name}", outcomes=Listing(gap.never, "nor"), name=gap.name)
        yield "clause-not-covered", gap.file, gap.line, words
    for rule in coverage.silent:
        yield "rule-never-fires", rule.file, rule.line, _("never fires: {name}", name=rule.rule)


def published(run: RunResult, lang: Language) -> RunRecord:
    """Return the JSON data of a run, in a language."""
    tests = tuple(_outcome(result, lang) for result in run.results)
    coverage = None if run.coverage is None else _covered(run.coverage)
    return RunRecord(1, run.bundle.identity, run.counts, tests, coverage, run.exit_code)


def _outcome(result: CaseResult, lang: Language) -> CaseOutcome:
    case = result.case
    problems, reasons = (tuple(say(text, lang) for text in texts) for texts in (result.problems, result.reasons))
    return CaseOutcome(case.name, case.file, case.line, case.as_of, result.outcome, problems, reasons, case.skipped)


def _covered(coverage: CoverageResult) -> Covered:
    gaps = tuple(UncoveredClause(gap.file, gap.line, gap.name, gap.never) for gap in coverage.gaps)
    return Covered(round(coverage.percent, 1), coverage.threshold, gaps, coverage.silent)


def _shown(run: RunResult, lang: Language) -> Iterator[ShownFinding]:
    for result in run.results:
        case = result.case
        if result.outcome == FAILED:
            message = f"{case.name}: {' '.join(translate(problem, lang) for problem in result.problems)}"
            yield ShownFinding("test-failed", ERROR, message, case.file, case.line)
        elif result.outcome == SKIPPED:
            yield ShownFinding("test-skipped", NOTE, f"{case.name}: {case.skipped}", case.file, case.line)
    if run.coverage is None or not run.has_run:
        return
    if run.coverage.is_below:
        *_, share, below = (translate(line, lang) for line in _coverage_lines(run.coverage))
        file = str(Path(run.bundle.folder) / "bundle.yaml")
        yield ShownFinding("coverage-below-threshold", ERROR, f"{share}: {below}", file, 1)
    for kind, file, line, words in _gaps(run.coverage):
        yield ShownFinding(kind, NOTE, translate(words, lang), file, line)


def github(run: RunResult, lang: Language) -> str:
    """Return workflow commands."""
    return findings.github(TOOL, _shown(run, lang), total(run, lang), run.exit_code != 0, lang)


def sarif(run: RunResult, lang: Language) -> str:
    """Return SARIF. A run without tests has not succeeded."""
    rules = {id: RuleHelp(level, title, page=page("policies.md", "tests")) for id, (level, title) in _KINDS.items()}
    made = findings.make_run(TOOL, run.bundle.version, rules, list(_shown(run, lang)), lang)
    if not run.has_run:
        made.notify(ERROR, total(run, lang))
    return made.to_json(run.has_run, run.exit_code)


def junit(run: RunResult, lang: Language) -> str:
    """Return JUnit XML: a suite for each file of tests, a case for each test, with its time."""
    suites = Suites(TOOL)
    by_file: dict[str, list[CaseResult]] = {}
    for result in run.results:
        by_file.setdefault(result.case.file, []).append(result)
    for file, results in by_file.items():
        suite = suites.add_suite(file, file)
        for result in results:
            classname, __, name = result.case.name.partition(": ")
            if result.outcome == FAILED:
                problems = [translate(problem, lang) for problem in result.problems]
                where = f"{file}:{result.case.line}"
                reasons = [translate(reason, lang) for reason in result.reasons]
                lines = "\n".join([where, *problems, *reasons])
                suite.add_failure(name, classname, problems[0], "test-failed", lines, result.seconds)
            elif result.outcome == SKIPPED:
                suite.add_skipped(name, classname, str(result.case.skipped))
            else:
                suite.add_case(name, classname, seconds=result.seconds)
    if run.coverage is not None and run.has_run:
        suite = suites.add_suite("coverage")
        lines = "\n".join(translate(line, lang) for line in _coverage_lines(run.coverage))
        if run.coverage.is_below:
            message = translate(_("below the threshold of {threshold:g} %", threshold=run.coverage.threshold), lang)
            suite.add_failure("threshold", "coverage", message, "coverage-below-threshold", lines)
        else:
            suite.add_case("threshold", "coverage", lines)
    if not run.has_run:
        suites.add_suite(TOOL).add_error("run", TOOL, total(run, lang), "nothing-ran", total(run, lang))
    return suites.to_xml()
