"""Code Quality report of GitLab: actual and possible failures on the lines of a merge request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from vatspolicy.core.documents import split_part
from vatspolicy.core.engine.result import Record
from vatspolicy.errors import Problem
from vatspolicy.i18n.text import clean
from vatspolicy.reports.decision import digest, pieces
from vatspolicy.reports.decision.pieces import Entries, Run, Texts
from vatspolicy.reports.decision.results import results
from vatspolicy.reports.formats import BY_EXPLAIN, BY_KIND, EXPLAINED, KINDS, POLICY, VERSIONS, WHY

SEVERITIES = {"error": "critical", "warning": "major", "note": "info"}
"""Severity of a result by its level. An invalid spec is a blocker."""
LEAVES_OUT = {
    BY_KIND: f"{KINDS} Denial.reasons Need.effect title",
    BY_EXPLAIN: f"launch met undetermined {VERSIONS} {POLICY} Denial.layer Need.layer Duty.layer Advice.layer",
    EXPLAINED: f"Denial.curable Need.routes Need.nearest Need.authority Duty.authority {WHY}",
}


class Report(pieces.Report):
    """A list of issues, as GitLab reads it."""

    def take(self, record: Record, seconds: float = 0.0) -> Texts:
        """Return the issues of a decision: the verdict, then its results."""
        verdict = " ".join(digest.say_decision(record, self.lang))
        failing = bool(self.judgement.find_failures(record))
        issues = [_issue(record.file, 1, "verdict", "major" if failing else "info", verdict, record.product)]
        for result in results(record, self.lang, self.judgement):
            identity = "\0".join((record.product, result.subject, result.rule, result.detail))
            level = SEVERITIES[result.level]
            issues.append(_issue(record.file, result.line, result.rule, level, result.message, identity))
        for day, text in digest.changes_ahead(record, self.lang):
            issues.append(_issue(record.file, 1, "changes-ahead", "info", text, f"{record.product}\0{day}"))
        return (",\n".join(issues),)

    def write(self, entries: Entries, run: Run) -> Iterator[str]:
        """Yield the list. A spec that could not be decided, and a remark on the run, is an issue."""
        yield "[\n"
        others = [_problem(problem) for problem in sorted(set(run.problems))]
        for remark in run.remarks or ():
            severity = SEVERITIES["error" if self.judgement.fails_remark(remark) else remark.level]
            text = digest.say_remark(remark, self.lang)
            others.append(_issue(remark.file or "vatspolicy.toml", remark.line or 1, remark.kind, severity, text, text))
        between = ""
        for text in (*(text for (text,) in entries.texts()), *others):
            yield between + text
            between = ",\n"
        yield "\n]\n"


def _problem(problem: Problem) -> str:
    text = " ".join(part for part in (problem.path, problem.message, problem.hint) if part)
    return _issue(problem.file, problem.line, "invalid", "blocker", text, f"{problem.path}\0{problem.message}")


def _issue(file: str, line: int, check: str, severity: str, text: str, identity: str) -> str:
    """Return an issue as JSON. Equal issues of different runs have the same `identity`."""
    fingerprint = hashlib.sha256(f"{file}\0{check}\0{identity}".encode("utf-8", "surrogatepass")).hexdigest()
    issue = {
        "description": clean(text, one_line=True),
        "check_name": check,
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": clean(split_part(file)[0].removeprefix("./"), one_line=True), "lines": {"begin": line}},
    }
    return json.dumps(issue, ensure_ascii=False)
