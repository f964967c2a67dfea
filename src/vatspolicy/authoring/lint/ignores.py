"""Ignore comments: `# lint: ignore ID reason`, on the line of a finding or on the line above it."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from vatspolicy.authoring.lint.catalogue import RULES
from vatspolicy.authoring.lint.finding import LintFinding
from vatspolicy.core.documents import Document
from vatspolicy.core.documents.positions import line_starts, position
from vatspolicy.core.documents.yaml_tree import list_comments
from vatspolicy.errors import Problem, suggest
from vatspolicy.i18n import _

_COMMENT = re.compile(r"(?<!\S)#[ \t]*lint:[ \t]*ignore\b[ \t]*(?P<id>[^\s#]*)[ \t]*(?P<reason>[^\n]*)")
_FORM = _("Write: # lint: ignore ID reason")


@dataclass(frozen=True)
class IgnoreComment:
    """An ignore comment of a file."""

    line: int
    column: int
    rule: str
    reason: str
    target: int
    """Line that the comment applies to: its own line, or the next line of code for a comment on its own line."""

    def covers(self, finding: LintFinding) -> bool:
        """Return True if the comment is next to the finding and names its rule."""
        return finding.rule == self.rule and finding.problem.line == self.target


def find_comments(document: Document) -> Iterator[IgnoreComment]:
    """Yield the ignore comments of a YAML file. Text in a scalar is not a comment."""
    if not _COMMENT.search(document.text):
        return
    lines, starts = document.text.split("\n"), line_starts(document.text)
    for at, comment in list_comments(document.text):
        if found := _COMMENT.search(comment):
            number, column = position(starts, at + found.start())
            is_beside = lines[number - 1][: column - 1].strip()
            target = number if is_beside else _next_line(lines, number)
            yield IgnoreComment(number, column, found["id"].rstrip(":,"), found["reason"].strip(), target)


def remove_comments(document: Document, lines: Container[int]) -> str:
    """Return the text of a YAML file without the ignore comments of some lines. Empty lines are removed."""
    kept: list[str | None] = list(document.text.split("\n"))
    for comment in find_comments(document):
        line = kept[comment.line - 1]
        if comment.line in lines and line is not None:
            kept[comment.line - 1] = line[: comment.column - 1].rstrip() or None
    return "\n".join(line for line in kept if line is not None)


def _next_line(lines: Sequence[str], number: int) -> int:
    """Return the number of the next line that is neither empty nor a comment."""
    following = enumerate(lines[number:], number + 1)
    return next((at for at, line in following if line.strip() and not line.lstrip().startswith("#")), number)


def apply_ignores(findings: Sequence[LintFinding], documents: Iterable[Document]) -> list[LintFinding]:
    """Return the findings with the reasons from ignore comments, and the findings about these comments."""
    by_file: dict[str, list[LintFinding]] = {}
    for finding in findings:
        by_file.setdefault(finding.problem.file, []).append(finding)
    result: list[LintFinding] = []
    for document in documents:
        comments = list(find_comments(document))
        if not comments:
            continue
        here = by_file.pop(document.file, [])
        valid = [
            comment
            for comment in comments
            if comment.reason and comment.rule in RULES and RULES[comment.rule].can_ignore
        ]
        used: set[IgnoreComment] = set()
        for finding in here:
            covering = [one for one in valid if one.covers(finding)]
            used.update(covering)
            result.append(finding._replace(ignored=covering[0].reason) if covering else finding)
        result += (problem for comment in comments if (problem := _about(document, comment, comment in used)))
    return sorted([*result, *(finding for some in by_file.values() for finding in some)])


def _about(document: Document, comment: IgnoreComment, is_used: bool) -> LintFinding | None:
    """Return the finding about a comment that is wrong or has no effect."""

    def finding(rule: str, message: str, hint: str) -> LintFinding:
        return LintFinding(Problem(document.file, comment.line, comment.column, "", message, hint), rule)

    if not comment.rule:
        return finding("ignore-unknown", _("This comment does not contain the ID of a lint rule."), _FORM)
    if comment.rule not in RULES:
        hint = suggest(comment.rule, RULES) or _FORM
        return finding("ignore-unknown", _("There is no rule of lint {rule!r}.", rule=comment.rule), hint)
    if not RULES[comment.rule].can_ignore:
        return finding(
            "ignore-unknown", _("The rule {rule!r} cannot be ignored.", rule=comment.rule), _("Remove the comment.")
        )
    if not comment.reason:
        return finding("ignore-without-reason", _("This comment gives no reason, so it has no effect."), _FORM)
    if not is_used:
        message = _("There is no finding {rule!r} here to ignore.", rule=comment.rule)
        return finding("ignore-unused", message, _("Remove the comment, or move it to the line of the finding."))
    return None
