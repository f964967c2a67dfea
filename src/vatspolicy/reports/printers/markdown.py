"""A document as Markdown for job summaries, pull requests and pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vatspolicy.i18n import Language
from vatspolicy.i18n.words import aside, joint
from vatspolicy.reports.document import (
    Article,
    Block,
    Code,
    Document,
    Facts,
    Paragraph,
    Row,
    Rows,
    Section,
    Span,
    Text,
    Verdict,
    plain,
    spans,
)
from vatspolicy.reports.printers.escapes import (
    code,
    escape_address,
    escape_line_of_html,
    escape_markdown,
    fence,
    is_address,
)
from vatspolicy.reports.printers.text import SIGNS

_UNSIGNED = ("", "point", "added", "gone", "law")
"""Marks whose sign Markdown would read as a list, or which a quotation shows."""
_BOXES = {"todo": "[ ] ", "done": "[x] "}


def write(document: Document) -> str:
    """Return a document as Markdown, without two blank lines in a row."""
    return "\n".join(_squeeze(_Printer(document.lang).document(document))) + "\n"


def _squeeze(lines: Iterator[str]) -> Iterator[str]:
    """Yield lines without blank ones at the start or after another blank one."""
    blank = True
    for line in lines:
        if line or not blank:
            yield line
        blank = not line


class _Printer:
    def __init__(self, lang: Language) -> None:
        self.lang = lang

    def document(self, document: Document) -> Iterator[str]:
        yield f"## {self.inline(document.title)}"
        if about := self.inline(document.about):
            yield from ("", about)
        yield from self.blocks(document.blocks, 3)
        for limit in document.limits:
            yield from ("", f"<sub>{escape_line_of_html(limit)}</sub>")

    def blocks(self, blocks: Sequence[Block], level: int, indent: str = "") -> Iterator[str]:
        for block in blocks:
            if not indent or isinstance(block, Paragraph):  # otherwise the line would go on
                yield ""
            yield from (f"{indent}{line}" if line else "" for line in self.block(block, level))

    def block(self, block: Block, level: int) -> Iterator[str]:
        match block:
            case Section(folded=True):
                yield from (f"<details><summary>{escape_line_of_html(plain(block.title))}</summary>", "")
                yield from self.blocks(block.blocks, level + 1)
                yield from ("", "</details>")
            case Section():
                yield f"{'#' * min(level, 6)} {self.inline(block.title)}"
                yield from self.blocks(block.blocks, level + 1)
            case Paragraph():
                yield self.inline(block.text)
            case Verdict():
                yield f"**{escape_markdown(block.word)}**{joint('colon', self.lang)}{escape_markdown(block.title)}"
                if about := " ".join(filter(None, (self.inline(block.meaning), _soft(block.about)))):
                    yield from ("", about)
            case Rows():
                yield from self.table(block) if block.columns else self.list(block, level)
            case Facts():
                for name, value in block.pairs:
                    yield f"- {escape_markdown(name)}{joint('colon', self.lang)}{self.inline(value)}"
            case Code():
                yield from fence(block.text, block.language).split("\n")

    def list(self, rows: Rows, level: int) -> Iterator[str]:
        for number, row in enumerate(rows.rows, 1):
            sign = "" if row.mark in _UNSIGNED or row.mark in _BOXES else f"{SIGNS[row.mark][0]} "
            lead = f"{number}. " if rows.ordered else f"- {_BOXES.get(row.mark, '')}"
            yield f"{lead}{sign}{' '.join(map(self.inline, row.cells))}"
            yield from self.below(row, level, " " * (len(f"{number}. ") if rows.ordered else 2))

    def below(self, row: Row, level: int, indent: str) -> Iterator[str]:
        for article in row.law:
            yield f"{indent}> {self.article(article)}"
        yield from self.blocks(row.below, level, indent)

    def article(self, article: Article) -> str:
        named = escape_markdown(joint("comma", self.lang).join(filter(None, (article.title, article.label))))
        if article.grade:
            named += aside(escape_markdown(article.grade), self.lang)
        words = next((text for lang, text in article.words if lang == self.lang), "")
        return f"{named}{joint('colon', self.lang)}{escape_markdown(words)}" if words else named

    def table(self, table: Rows) -> Iterator[str]:
        yield f"| {' | '.join(escape_markdown(column.title) for column in table.columns)} |"
        yield f"|{'|'.join('--:' if column.number else '---' for column in table.columns)}|"
        for row in table.rows:
            first, *cells = map(self.inline, row.cells)
            law = "<br>".join(self.article(article) for article in row.law)
            cells = [*cells[:-1], "<br>".join(filter(None, (cells[-1], law)))] if cells else cells
            yield f"| {' | '.join([first, *cells])} |"

    def inline(self, text: Text) -> str:
        return "".join(map(self.span, spans(text)))

    def span(self, span: Span) -> str:
        start, end = " " * span.text[:1].isspace(), " " * span.text[-1:].isspace()
        if not span.text.strip():
            return start
        text = code(span.text) if span.role == "code" else escape_markdown(span.text)
        marks = {"strong": "**", "badge": "**", "soft": "*", "struck": "~~"}.get(span.role, "")
        text = f"{marks}{text}{marks}"
        if span.to.startswith("http") and is_address(span.to):
            text = f"[{text}]({escape_address(span.to)})"
        return f"{start}{text}{end}"


def _soft(text: str) -> str:
    return f"*{escape_markdown(text)}*" if text else ""
