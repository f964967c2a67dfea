"""Decisions as CSV: one row per finding, for spreadsheets and scripts. Column and effect names are the same always."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping

from vatspolicy.core.engine.result import DutyRecord, NeedRecord, Record
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import joint
from vatspolicy.reports.decision import digest, pieces
from vatspolicy.reports.decision.pieces import Entries, Run, Texts
from vatspolicy.reports.decision.results import Result, results
from vatspolicy.reports.formats import BY_EXPLAIN, BY_KIND, EXPLAINED, POLICY, VERSIONS, WHY
from vatspolicy.reports.words import law_of

COLUMNS = (
    *("file", "line", "product", "title", "day", "launch", "decision", "effect", "state", "level", "fails", "rule"),
    *("service", "class", "message", "authority", "articles", "deadline", "due", "waived", "until"),
    "bearer",
)
_FORMULA = re.compile("[\\s\u200b-\u200f\u2060\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\\t\\r]")
"""Beginning of a formula in a spreadsheet, including full-width forms, behind any blanks that an import may remove."""
LEAVES_OUT = {
    BY_KIND: "Denial.reasons",
    BY_EXPLAIN: f"met undetermined {VERSIONS} {POLICY} Denial.layer Need.layer Duty.layer Advice.layer",
    EXPLAINED: f"Denial.curable Need.routes Need.nearest {WHY}",
}


class Report(pieces.Report):
    """Rows of CSV."""

    def take(self, record: Record, seconds: float = 0.0) -> Texts:
        """Return the rows of a decision: the verdict, classes, findings, opinions and changes ahead."""
        lang = self.lang
        lead: dict[str, object] = {"file": record.file, "product": record.product, "title": record.title}
        lead |= {"day": record.as_of, "launch": record.launch, "decision": record.decision}
        text = _row(lead, effect="verdict", message=" ".join(digest.say_decision(record, lang)))
        for service in record.services:
            for activity in service.activities:
                subject = {"service": service.id, "class": activity.class_}
                text += _row(lead | subject, effect="class", state=activity.outcome, message=activity.title[lang])
        text += "".join(_row(lead, **self._cells(result)) for result in results(record, lang, self.judgement))
        for opinion in record.opinions:
            text += _row(lead, effect="opinion", line=opinion.line, message=digest.say_opinion(opinion, lang))
        for day, said in digest.changes_ahead(record, lang):
            text += _row(lead, effect="change", due=day, message=said)
        return (text,)

    def _cells(self, result: Result) -> dict[str, object]:
        lang, finding = self.lang, result.finding
        service, _, activity = result.subject.partition("/")
        cells: dict[str, object] = {"line": result.line, "level": result.level, "fails": result.failing}
        cells |= {"service": service, "class": activity, "waived": result.waived, "message": result.message}
        if finding is None:
            rule, _, reading = result.detail.partition("\0")
            return cells | {"effect": result.rule, "rule": rule if reading else ""}
        law = law_of(finding.citations, lang)
        cells |= {"effect": finding.effect, "state": finding.state, "rule": finding.rule, "articles": law}
        cells |= {"message": result.message.replace(f" [{law}]", ""), "until": finding.waived and finding.waived.until}
        if isinstance(finding, DutyRecord):
            cells |= {"deadline": finding.deadline.text[lang], "due": finding.deadline.date}
        if isinstance(finding, DutyRecord | NeedRecord):
            holders = [finding] if isinstance(finding, DutyRecord) else finding.offers
            cells["bearer"] = digest.say_bearer(finding, lang)
            bodies = dict.fromkeys(body.title[lang] for holder in holders for body in holder.authority)
            cells["authority"] = joint("bodies", lang).join(bodies)
        return cells

    def write(self, entries: Entries, run: Run) -> Iterator[str]:
        """Yield the head, the rows of each decision, then specs not decided and remarks on the run."""
        yield _row({name: name for name in COLUMNS})
        yield from (text for (text,) in entries.texts())
        for problem in sorted(set(run.problems)):
            said = f"{problem.message} {problem.hint}".strip()
            yield _row({"file": problem.file, "line": problem.line}, effect="invalid", level="error", message=said)
        for remark in run.remarks or ():
            position = {"file": remark.file, "line": remark.line, "product": remark.product, "rule": remark.rule}
            yield _row(position, effect=remark.kind, level=remark.level, message=digest.say_remark(remark, self.lang))


def _row(lead: Mapping[str, object], **more: object) -> str:
    """Return a row in one line. A cell is never a formula for a spreadsheet, whatever its first character."""
    held, cells = io.StringIO(), {**lead, **more}
    texts = (clean(str(cells.get(name) or ""), one_line=True) for name in COLUMNS)
    row = [f"'{text}" if _FORMULA.match(text) else text for text in texts]
    csv.writer(held, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(row)
    return held.getvalue()
