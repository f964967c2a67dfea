"""The decision as a checklist in Excel: a row for each license, filing and duty, and a sheet of the decisions."""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from vatspolicy.core.engine.result import Citation, Record
from vatspolicy.core.policies.model import VERIFICATIONS
from vatspolicy.errors import Problem
from vatspolicy.gate.judgement import Remark
from vatspolicy.i18n import Language
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import VERDICTS
from vatspolicy.reports.decision import digest
from vatspolicy.reports.decision.memo import LEAVES_OUT as LEAVES_OUT
from vatspolicy.reports.decision.memo import make_memo
from vatspolicy.reports.decision.summary import worst_first
from vatspolicy.reports.formats.html_words import PageWords
from vatspolicy.reports.formats.office import FORMULA, settle
from vatspolicy.reports.words import GROUPS, KNOWN

_LONGEST = 32_767
"""Maximum characters of a cell."""
_CHECKLIST = {
    "done": 8,
    "product": 22,
    "decision": 14,
    "kind": 12,
    "item": 44,
    "authority": 30,
    "bearer": 22,
    "class_and_route": 30,
    "group": 16,
    "due": 34,
    "day": 12,
    "article": 44,
    "grade": 14,
}
_PRODUCTS = {
    "product": 30,
    "decision": 16,
    "reason": 60,
    "blocks": 60,
    "contested": 60,
    "sources": 60,
    "opinions": 60,
    "ahead": 60,
    "notices": 60,
    "law_day": 12,
    "launch": 12,
    "spec": 30,
    "rules_used": 30,
}
"""Columns of the two sheets, with their widths."""


def render(
    records: Iterable[Record], lang: Language, problems: Iterable[Problem] = (), remarks: Iterable[Remark] = ()
) -> bytes:
    """Render all decisions (records), the worst first; the rest has rows in the second sheet."""
    say, records = PageWords(lang), worst_first(records)
    book = Workbook()
    book.properties.creator = "vatspolicy"
    checklist: Worksheet = book.active or book.create_sheet()
    checklist.title = say.html("checklist")
    _fill(checklist, _CHECKLIST, [row for record in records for row in _tasks(record, say)], say)
    choice = DataValidation(type="list", formula1=f'"{say.html("true")},{say.html("false")}"', allow_blank=True)
    choice.add(f"A2:A{max(checklist.max_row, 2)}")
    checklist.add_data_validation(choice)
    rows = [_product(record, say) for record in records]
    rows += [[problem.file, say.phrase("undecided"), str(problem)] for problem in sorted(set(problems))]
    kind = say.word(digest.WAIVER_WORDS, "remarks")
    rows += [[digest.remark_place(remark), kind, digest.say_remark(remark, lang)] for remark in remarks]
    _fill(book.create_sheet(say.html("decisions")), _PRODUCTS, rows, say)
    held = io.BytesIO()
    book.save(held)
    return settle(held.getvalue())


def _tasks(record: Record, say: PageWords) -> Iterator[Sequence[object]]:
    made = make_memo(record, say)
    lead = [record.title, say.word(VERDICTS, record.decision)]
    for license in made.licenses:
        title = (f"{say.html('or')} " if license.alternative else "") + license.title
        if license.service:
            title += say.aside(license.service)
        by = say.comma.join(part for part in (license.activity, license.route) if part)
        when = [say.word(GROUPS, "before-launch"), say.html("to_get"), _day(record.launch)]
        law = [say.names(license.citations), _grade(license.citations, say)]
        yield ["", *lead, say.html("license"), title, license.authority, license.bearer, by, *when, *law]
    for item in made.tasks:
        if not item.license:
            when = [say.word(GROUPS, item.group), item.when, _day(item.day)]
            done = say.html("true") if item.done else ""
            law = [say.names(item.citations), _grade(item.citations, say)]
            yield [done, *lead, say.html("filing"), item.title, item.body_names, item.bearer, "", *when, *law]


def _product(record: Record, say: PageWords) -> Sequence[object]:
    made = make_memo(record, say)
    return [
        record.title,
        made.verdict,
        "\n".join([made.reason, *made.remarks]),
        "\n".join(f"{block.text}{say.gap}{block.way}" for block in made.blocks),
        "\n".join(f"{subject} {say.semicolon.join(readings)}" for subject, readings in made.contested),
        "\n".join([made.sources, *(f"{grade}{say.semicolon}{names}" for grade, names in made.weak)]),
        "\n".join(made.opinions),
        "\n".join(made.ahead),
        "\n".join(made.notices),
        _day(record.as_of),
        _day(record.launch),
        record.file,
        say.deciding(record.bundle),
    ]


def _grade(citations: Iterable[Citation], say: PageWords) -> str:
    """Return the weakest verification of articles."""
    grades = {cited.verification for cited in citations}
    return next((say.word(KNOWN, grade) for grade in reversed(VERIFICATIONS) if grade in grades), "")


def _day(day: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(day) if day else None


def _fill(sheet: Worksheet, columns: Mapping[str, int], rows: Iterable[Sequence[object]], say: PageWords) -> None:
    for line, row in enumerate([[say.html(key) for key in columns], *rows], 1):
        for column, value in enumerate(row, 1):
            _write(sheet, line, column, value)
    for column, width in enumerate(columns.values(), 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
        head = sheet.cell(1, column)
        head.font, head.fill = Font(bold=True), PatternFill("solid", fgColor="E7EDF7")
    last = get_column_letter(len(columns))
    sheet.freeze_panes, sheet.auto_filter.ref = "A2", f"A1:{last}{sheet.max_row}"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation, sheet.page_setup.paperSize, sheet.page_setup.fitToHeight = "landscape", 9, 0
    if sheet.sheet_properties.pageSetUpPr:
        sheet.sheet_properties.pageSetUpPr.fitToPage = True


def _write(sheet: Worksheet, line: int, column: int, value: object) -> None:
    """Write a cell. Text stays text, whatever its first character, even after editing."""
    cell = sheet.cell(line, column)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if value and isinstance(value, str):
        text = clean(value)[:_LONGEST]
        cell.value, cell.data_type = text, "s"
        cell.quotePrefix = text.startswith(FORMULA)
    elif isinstance(value, datetime.date):
        cell.value = value
