"""Findings of an open file from its loader and lint, with their parts of the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lsprotocol import types

from vatspolicy.authoring.lint.catalogue import RULES
from vatspolicy.authoring.lint.finding import LintFinding
from vatspolicy.authoring.testing.runner import FAILED, CaseResult
from vatspolicy.errors import Problem, in_language
from vatspolicy.i18n import Language, Listing, Message, Sentences, translate
from vatspolicy.i18n.text import cells
from vatspolicy.language_server.editor_text import EditorText, Span

_LEVELS = {"error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning}
LOADER, TEST = "loader", "test-failed"
"""Codes of findings from other sources than lint."""
_CARETS = re.compile(r"\^+")


@dataclass(frozen=True)
class EditorFinding:
    """A finding and its place in a file."""

    span: Span
    message: str
    level: types.DiagnosticSeverity
    code: str
    words: tuple[str, ...] = ()
    """Words that a hint proposes."""
    replaced: Span | None = None
    """The part of the text that such a word replaces."""

    def diagnostic(self, text: EditorText) -> types.Diagnostic:
        """Return the finding in the form of the protocol."""
        place = text.range(self.span)
        return types.Diagnostic(place, self.message, severity=self.level, code=self.code, source="vatspolicy")


def of_problems(problems: Iterable[Problem], text: EditorText, lang: Language) -> list[EditorFinding]:
    """Return the findings of a loader, which cannot be ignored."""
    return [_finding(problem, text, lang, _LEVELS["error"], LOADER) for problem in problems]


def of_lint(findings: Iterable[LintFinding], text: EditorText, lang: Language) -> list[EditorFinding]:
    """Return the findings of lint; a finding ignored in the file shows the reason, and is a hint."""
    lint = []
    for finding in findings:
        ignored = finding.ignored is not None
        level = types.DiagnosticSeverity.Hint if ignored else _LEVELS[RULES[finding.rule].level]
        lint.append(_finding(finding.problem, text, lang, level, finding.rule, finding.ignored or ""))
    return lint


def of_cases(results: Iterable[CaseResult], text: EditorText, lang: Language) -> Iterator[EditorFinding]:
    """Yield a finding for each test that fails, with the clauses that decide it."""
    for result in results:
        if result.outcome == FAILED:
            sentences = [translate(message, lang) for message in (*result.problems, *result.reasons)]
            start = text.at(result.case.line, 1)
            start += len(text.line_after(start)) - len(text.line_after(start).lstrip())
            span = Span(start, start + len(text.line_after(start)))
            yield EditorFinding(span, "\n".join(sentences), _LEVELS["error"], TEST)


def _finding(
    problem: Problem, text: EditorText, lang: Language, level: types.DiagnosticSeverity, code: str, reason: str = ""
) -> EditorFinding:
    said = in_language(problem, lang)
    gap = "" if said.message.endswith("。") else " "
    message = "\n".join(filter(None, (f"{said.message}{gap}{said.hint}".rstrip(), reason)))
    span = _span(problem, text)
    words = _words(problem.hint)
    return EditorFinding(span, message, level, code, words, _replaced(problem, text, span) if words else None)


def _span(problem: Problem, text: EditorText) -> Span:
    """Return the part marked by carets in the excerpt of a problem, or the key or value at its place."""
    start = text.at(problem.line, problem.column)
    if problem.excerpt and (carets := _CARETS.search(problem.excerpt.rpartition("\n")[2])):
        left, end = len(carets.group()), start
        while left > 0 and end < len(text.content) and text.content[end] != "\n":
            left -= cells(text.content[end])
            end += 1
        return Span(start, end)
    return text.token(start)


def _words(hint: str) -> tuple[str, ...]:
    """Return the words that a hint proposes: those of a quoted list."""
    if isinstance(hint, Listing):
        return tuple(map(str, hint.members)) if hint.quoted else ()
    if isinstance(hint, Sentences):
        return tuple(word for part in hint.parts for word in _words(part))
    if isinstance(hint, Message):
        return tuple(word for value in hint.values.values() if isinstance(value, str) for word in _words(value))
    return ()


def _replaced(problem: Problem, text: EditorText, span: Span) -> Span | None:
    """Return the place of the word that a proposal replaces: a word quoted in the message, else a single word."""
    part = text.content[span.start : span.end]
    values = problem.message.values.values() if isinstance(problem.message, Message) else ()
    quoted = sorted((value for value in values if isinstance(value, str) and value in part), key=len, reverse=True)
    if quoted and quoted[0]:
        start = span.start + part.index(quoted[0])
        return Span(start, start + len(quoted[0]))
    return span if re.fullmatch(r"[\w./-]+", part) else None
