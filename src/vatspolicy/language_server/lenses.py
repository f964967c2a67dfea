"""Results of tests, shown above their rules and above the tests themselves."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from vatspolicy.authoring.testing.runner import FAILED, PASSED, SKIPPED, CaseResult
from vatspolicy.i18n import Language, Phrase, Sentences, translate
from vatspolicy.i18n.words import Counts, Table, count, joint, word
from vatspolicy.language_server.editor_text import EditorText
from vatspolicy.language_server.findings import of_cases
from vatspolicy.language_server.kinds import POLICY, TESTS
from vatspolicy.language_server.law import absolute
from vatspolicy.language_server.project import Findings, Project

RUN_CASE, RUN_RULE = "vatspolicy.runCase", "vatspolicy.runRule"
"""Commands: run one test, or all tests of a rule."""
_WORDS: Table = {
    "untested": Phrase("no test"),
    PASSED: Phrase("passed · run again"),
    FAILED: Phrase("failed · run again"),
    SKIPPED: Phrase("skipped"),
}
_COUNTS: Counts = {
    PASSED: (Phrase("{n} test passed"), Phrase("{n} tests passed")),
    FAILED: (Phrase("{n} test failed"), Phrase("{n} tests failed")),
}


def find_failures(project: Project, file: str) -> Findings:
    """Return the findings of the tests of a policy that fail, in their own file."""
    results = project.run_tests(file) if project.law_of(file).policy_of(file) else ()
    failures: Findings = {}
    for result in results:
        file_of_case = absolute(result.case.file)
        failures.setdefault(file_of_case, []).extend(of_cases([result], project.text(file_of_case), project.lang))
    return failures


def find_lenses(project: Project, file: str, uri: str) -> list[types.CodeLens]:
    """Return the lenses of a policy, or of its tests, running the tests if necessary. `uri`: address of the file."""
    kind = project.kind_of(file)
    if kind not in (POLICY, TESTS):
        return []
    results = project.run_tests(file)
    if kind == POLICY:
        return list(_above_rules(project, file, uri, results))
    text, lenses = project.text(file), []
    for result in results:
        title = word(_WORDS, result.outcome, project.lang)
        command = types.Command(title, RUN_CASE, arguments=[uri, list(result.case.place)])
        lenses.append(_lens(text, text.at(result.case.line, 1), command))
    return lenses


def _above_rules(project: Project, file: str, uri: str, results: tuple[CaseResult, ...]) -> Iterator[types.CodeLens]:
    policy, text = project.law_of(file).policy_of(file), project.text(file)
    document = project.document(file)
    if policy is None or document is None:
        return
    for index, rule in enumerate(policy.rules):
        own = [result.outcome for result in results if rule.id in result.case.expect["expect"]]
        counts = [
            count(_COUNTS, outcome, own.count(outcome), project.lang) for outcome in (FAILED, PASSED) if outcome in own
        ]
        title = joint("list", project.lang).join(counts) or word(_WORDS, "untested", project.lang)
        command = types.Command(title, RUN_RULE, arguments=[uri, rule.id]) if own else types.Command(title, "")
        yield _lens(text, text.at(*document.mark(("rules", index))), command)


def _lens(text: EditorText, start: int, command: types.Command) -> types.CodeLens:
    return types.CodeLens(text.range(text.token(start)), command)


def describe_result(result: CaseResult, lang: Language) -> str:
    """Return the result of a test as sentences: its name, and its differences from the expectation."""
    said = Sentences(*result.problems, *result.reasons)
    outcome = word(_OUTCOMES, result.outcome, lang)
    name = result.case.name
    return f"{name}{joint('colon', lang)}{outcome}" + (f"\n{translate(said, lang)}" if said else "")


def describe_results(rule: str, results: list[CaseResult], lang: Language) -> str:
    """Return the results of the tests of a rule as lines."""
    failed = [describe_result(result, lang) for result in results if result.outcome == FAILED]
    passed = sum(result.outcome == PASSED for result in results)
    counts = [count(_COUNTS, FAILED, len(failed), lang)] if failed else []
    counts += [count(_COUNTS, PASSED, passed, lang)] if passed else []
    return "\n".join([f"{rule}{joint('colon', lang)}{joint('list', lang).join(counts)}", *failed])


_OUTCOMES: Table = {PASSED: Phrase("passed"), FAILED: Phrase("failed"), SKIPPED: Phrase("skipped")}
