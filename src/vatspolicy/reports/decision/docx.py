"""The decision as a memo for counsel, in Word: one to two pages a product."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from docx import Document
from docx.enum.text import WD_BREAK
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from vatspolicy.core.engine.result import Record
from vatspolicy.errors import Problem
from vatspolicy.gate.judgement import Remark
from vatspolicy.i18n import Language
from vatspolicy.i18n.text import clean
from vatspolicy.reports.decision import digest
from vatspolicy.reports.decision.memo import LEAVES_OUT as LEAVES_OUT
from vatspolicy.reports.decision.memo import Memo, by_day, make_memo, no_license, say_filings
from vatspolicy.reports.decision.summary import worst_first
from vatspolicy.reports.formats.html_words import PageWords
from vatspolicy.reports.formats.office import settle

_COLORS = {"allow": "1C5C2E", "needs-license": "734600", "deny": "8B1C17", "incomplete": "2A4879"}
_LATIN, _CHINESE = "Calibri", "SimSun"


def render(
    records: Iterable[Record], lang: Language, problems: Iterable[Problem] = (), remarks: Iterable[Remark] = ()
) -> bytes:
    """Render a memo of all decisions (records), the worst first, then undecided specs."""
    memo, records = _Document(lang), worst_first(records)
    for position, record in enumerate(records):
        if position:
            memo.document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
        memo.add(record)
    problems = sorted(set(problems))
    if problems:
        memo.heading(memo.say.phrase("undecided"))
        memo.bullets(str(problem) for problem in problems)
    memo.remarks(remarks)
    rules = dict.fromkeys(memo.say.deciding(record.bundle) for record in records)
    memo.footer(memo.say.gap.join(rules))
    titles = ", ".join(clean(record.title, one_line=True) for record in records)
    memo.document.core_properties.title, memo.document.core_properties.author = titles[:255], "vatspolicy"
    held = io.BytesIO()
    memo.document.save(held)
    return settle(held.getvalue())


class _Document:
    def __init__(self, lang: Language) -> None:
        self.say, self.document = PageWords(lang), Document()
        section = self.document.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(20)
        section.top_margin = section.bottom_margin = Mm(18)
        for name in ("Normal", "Heading 1", "Heading 2", "Title"):
            style = self.document.styles[name]
            style.font.name = _LATIN
            fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
            for key in [key for key in fonts.attrib if key.endswith("Theme")]:
                del fonts.attrib[key]
            fonts.set(qn("w:eastAsia"), _CHINESE)
            style.paragraph_format.space_after = Pt(3)
        normal = self.document.styles["Normal"]
        normal.font.size = Pt(10)

    def add(self, record: Record) -> None:
        """Add a decision."""
        say, made = self.say, make_memo(record, self.say)
        self.document.add_heading(self.text(record.title), 1)
        verdict = self.document.add_paragraph().add_run(made.verdict)
        verdict.bold, verdict.font.size = True, Pt(14)
        verdict.font.color.rgb = RGBColor.from_string(_COLORS[record.decision])
        for paragraph in (made.reason, *made.remarks, say.gap.join(made.notices)):
            self.document.add_paragraph(self.text(paragraph))
        launch = record.launch or say.html("no_launch")
        days = [f"{say.html('law_day')} {record.as_of}", f"{say.html('launch')} {launch}"]
        self.document.add_paragraph(self.text(" · ".join([*days, f"{say.html('spec')} {record.file}"])))
        if made.opinions:
            self.heading(say.phrase("opinions"))
            self.bullets(made.opinions)
        self.licenses(made, record)
        if made.blocks:
            self.heading(say.html("blocks" if record.denials else "facts_needed"))
            self.bullets(f"{block.text}{say.gap}{block.way}" for block in made.blocks)
        self.filings(made, record)
        if made.contested:
            self.heading(say.phrase("contested"))
            self.bullets(f"{subject} {say.semicolon.join(readings)}" for subject, readings in made.contested)
        self.heading(say.html("sources"))
        self.document.add_paragraph(self.text(made.sources))
        self.bullets(f"{grade}{say.semicolon}{names}" for grade, names in made.weak)
        if made.ahead:
            self.heading(say.phrase("ahead"))
            self.bullets(made.ahead)

    def licenses(self, made: Memo, record: Record) -> None:
        """Add the table of licenses."""
        say = self.say
        self.heading(say.html("licenses"))
        if not made.licenses:
            self.document.add_paragraph(no_license(record, say))
            return
        self.table(
            [say.html(key) for key in ("instrument", "authority", "bearer", "class", "route", "article")],
            [
                [
                    (f"{say.html('or')} " if license.alternative else "") + license.title,
                    license.authority,
                    license.bearer,
                    license.activity or "–",
                    license.route or "–",
                    say.names(license.citations),
                ]
                for license in made.licenses
            ],
        )

    def filings(self, made: Memo, record: Record) -> None:
        """Add the table of filings: each before the launch, each with a day, and the number of the others."""
        say = self.say
        self.heading(say_filings(made, record, say))
        before = say.html("before_launch_by", day=record.launch) if record.launch else say.html("before_launch")
        rows = [[before, item.title, item.body_names, item.bearer] for item in made.before_launch]
        for day, items in by_day(made.dated).items():
            rows += [[say.html("by_day", day=day), item.title, item.body_names, item.bearer] for item in items]
        if made.undated:
            rows.append([say.html("undated"), say.count("undated", len(made.undated)), "", ""])
        if rows:
            self.table([say.html(key) for key in ("due", "what", "authority", "bearer")], rows)
        else:
            self.document.add_paragraph(say.html("filings_none"))

    def remarks(self, remarks: Iterable[Remark]) -> None:
        """Add the remarks about waivers and a baseline."""
        lines = [f"{digest.remark_place(remark)} {digest.say_remark(remark, self.say.lang)}" for remark in remarks]
        if lines:
            self.heading(self.say.word(digest.WAIVER_WORDS, "remarks"))
            self.bullets(lines)

    # --- parts

    def text(self, text: str) -> str:
        """Return a text without the characters that Word rejects."""
        return clean(text, one_line=True)

    def heading(self, text: str) -> None:
        """Add a heading."""
        self.document.add_heading(self.text(text), 2)

    def bullets(self, lines: Iterable[str]) -> None:
        """Add a list."""
        for line in lines:
            self.document.add_paragraph(self.text(line), style="List Bullet").paragraph_format.space_after = Pt(1)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Add a table whose first row is repeated on each page."""
        table = self.document.add_table(rows=0, cols=len(heads), style="Light Grid Accent 1")
        for position, row in enumerate([heads, *rows]):
            cells = table.add_row().cells
            for cell, text in zip(cells, row, strict=True):
                cell.text = self.text(text)
                for run in cell.paragraphs[0].runs:
                    run.font.size, run.bold = Pt(9), not position
        properties = table.rows[0]._tr.get_or_add_trPr()
        properties.append(properties.makeelement(qn("w:tblHeader"), {qn("w:val"): "true"}))

    def footer(self, text: str) -> None:
        """Add the footer of every page."""
        run = self.document.sections[0].footer.paragraphs[0].add_run(self.text(text))
        run.font.size = Pt(7)
