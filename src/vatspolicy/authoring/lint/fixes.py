"""Automatic fixes of findings. They do not change the law in a file."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path as FilePath

from vatspolicy.authoring.formatter import format_again, format_text
from vatspolicy.authoring.lint.finding import LintFinding
from vatspolicy.authoring.lint.ignores import remove_comments
from vatspolicy.authoring.lint.policy_checks import find_texts
from vatspolicy.authoring.lint.run import LintReport
from vatspolicy.core.documents import Document, Path, parse_document
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.documents.yaml_edit import set_value
from vatspolicy.errors import InvalidInput
from vatspolicy.i18n.lint import widen_punctuation

FIXABLE = ("key-order", "translation", "ignore-unused")
"""Rules whose findings can be fixed: order of keys, punctuation of Chinese texts, comments that ignore nothing."""


def fix_files(report: LintReport) -> dict[FilePath, str]:
    """Return the new text of each file with findings that can be fixed. Findings that a comment ignores stay."""
    found = {}
    for document in report.documents:
        findings = [
            finding for finding in report.findings if finding.problem.file == document.file and finding.ignored is None
        ]
        text = fix_document(document, findings)
        if text != document.text:
            found[FilePath(document.file)] = text
    return found


def fix_document(document: Document, findings: Sequence[LintFinding]) -> str:
    """Return the text of a document without those of its findings that can be fixed.

    A file that had the canonical layout keeps it. The text stays as it was if it would hold other data than before,
    but for the order of keys and the punctuation of Chinese texts.
    """
    lines = {rule: {finding.problem.line for finding in findings if finding.rule == rule} for rule in FIXABLE}
    text = remove_comments(document, lines["ignore-unused"])
    expected = copy.deepcopy(document.data)
    for path, zh in _half_width(document, lines["translation"]):
        _put(expected, path, zh)
        text = set_value(text, path, zh)
    if text == document.text and not lines["key-order"]:
        return text
    try:
        after = parse_document(text, document.file)
        if after.data != expected:
            return document.text
        return format_text(after) if lines["key-order"] else format_again(document, text)
    except InvalidInput:
        return document.text


def _half_width(document: Document, lines: set[int]) -> Iterator[tuple[Path, str]]:
    """Yield the paths of Chinese texts with half-width punctuation at some lines, and the texts with full-width."""
    for path, text in find_texts(document.data) if lines else ():
        place = (*path, "zh")
        full = widen_punctuation(text["zh"])
        if full != text["zh"] and document.problem(place, "").line in lines:
            yield place, full


def _put(data: Tree, path: Path, value: str) -> None:
    for step in path[:-1]:
        data = data[step]
    data[path[-1]] = value
