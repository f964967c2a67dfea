"""A document as text for a terminal or a log: no line is wider than the room, and no text controls the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from vatspolicy.i18n import Language
from vatspolicy.i18n.text import clean, width, wrap
from vatspolicy.i18n.words import aside, joint
from vatspolicy.output import HEADING, Style
from vatspolicy.reports.document import (
    Article,
    Block,
    Code,
    Document,
    Facts,
    Mark,
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

SIGNS: Mapping[Mark, tuple[str, str]] = {
    "good": ("✔", "green"),
    "bad": ("✘", "red"),
    "ask": ("?", "blue"),
    "todo": ("☐", ""),
    "done": ("☑", ""),
    "get": ("→", "yellow"),
    "added": ("+", ""),
    "gone": ("-", ""),
    "differs": ("≠", ""),
    "note": ("!", "yellow"),
    "point": ("-", ""),
    "law": ("§", "dim"),
    "day": ("→", "blue"),
}
"""Sign and color of a mark."""
_COLORS = {"good": "green", "warn": "yellow", "bad": "red", "ask": "blue"}
_ROLES = {"strong": "bold", "soft": "dim", "badge": "bold", "struck": "dim"}
_STEP = "  "
_NARROW = 20
"""Fewest cells of the widest column of a grid."""
_GAP = 2


def write(document: Document, color: bool = False, room: int = 100) -> str:
    """Return a document as lines of at most `room` cells."""
    return "\n".join(_Printer(document.lang, Style(color), room).document(document)) + "\n"


class _Printer:
    def __init__(self, lang: Language, style: Style, room: int) -> None:
        self.lang, self.style, self.room = lang, style, room

    def document(self, document: Document) -> Iterator[str]:
        title = Span(document.title, "strong") if isinstance(document.title, str) else document.title
        yield from wrap(" · ".join(filter(None, map(self.inline, (title, document.about)))), self.room)
        yield from self.blocks(document.blocks, "")
        if document.limits:
            yield ""
        for limit in document.limits:
            yield from self.soft(limit, "")

    def blocks(self, blocks: Sequence[Block], indent: str) -> Iterator[str]:
        for block in blocks:
            yield from self.block(block, indent)

    def block(self, block: Block, indent: str) -> Iterator[str]:
        match block:
            case Section():
                if not indent:
                    yield ""
                title = (
                    self.style(clean(block.title), *HEADING)
                    if isinstance(block.title, str)
                    else self.inline(block.title)
                )
                yield from wrap(title, self.room, indent + _STEP, indent)
                yield from self.blocks(block.blocks, indent + _STEP)
            case Paragraph():
                runs = spans(block.text)
                if all(run.role == "soft" for run in runs):
                    yield from self.soft(plain(block.text), indent)
                else:
                    yield from wrap(self.inline(block.text), self.room, indent, indent)
            case Verdict():
                word = self.inline(Span(block.word, "badge", block.tone))
                about = self.inline(Span(block.about, "soft"))
                line = " · ".join(filter(None, (f"{word} {self.inline(block.title)}", about)))
                yield from wrap(line, self.room, f"{indent} ", indent)
                if block.meaning:
                    yield from wrap(self.inline(block.meaning), self.room, f"{indent} ", f"{indent} ")
            case Rows():
                yield from self.table(block, indent) if block.columns else self.list(block, indent)
            case Facts():
                for name, value in block.pairs:
                    said = f"{self.inline(name)}{joint('colon', self.lang)}{self.inline(value)}"
                    yield from wrap(said, self.room, f"{indent}  ", indent)
            case Code():
                yield from (f"{indent}{clean(line)}" for line in block.text.split("\n"))

    def list(self, rows: Rows, indent: str) -> Iterator[str]:
        for number, row in enumerate(rows.rows, 1):
            sign, color = SIGNS.get(row.mark, ("", ""))
            lead = f"{number}" if rows.ordered else sign
            first = f"{indent}{self.style(lead, *filter(None, [color]))} " if lead else indent
            below = indent + " " * (width(lead) + 1 if lead else 2)
            text = " ".join(self.inline(cell) for cell in row.cells)
            if row.mark == "law":
                yield from self.soft(" ".join(map(plain, row.cells)), below, f"{indent}{sign} ")
            else:
                yield from wrap(text, self.room, below, first)
            yield from self.below(row, below)

    def below(self, row: Row, indent: str) -> Iterator[str]:
        """Yield the law of a row, and the blocks below it."""
        for article in row.law:
            yield from self.soft(self.article(article), f"{indent}  ", f"{indent}§ ")
        yield from self.blocks(row.below, indent)

    def article(self, article: Article) -> str:
        named = joint("comma", self.lang).join(filter(None, (article.title, article.label)))
        if article.grade:
            named += aside(article.grade, self.lang)
        words = next((text for lang, text in article.words if lang == self.lang), "")
        return f"{named}{joint('colon', self.lang)}{words}" if words else named

    def table(self, table: Rows, indent: str) -> Iterator[str]:
        """Write a grid, if its widest column keeps `_NARROW` cells; otherwise a sentence for each row."""
        heads = [self.inline(column.title) for column in table.columns]
        cells = [[self.inline(cell) for cell in row.cells] for row in table.rows]
        sizes = [max(map(width, column)) for column in zip(heads, *cells, strict=True)]
        widest = sizes.index(max(sizes))
        spare = self.room - width(indent) - sum(sizes) - _GAP * (len(sizes) - 1)
        sizes[widest] += min(spare, 0)
        if sizes[widest] < min(_NARROW, sizes[widest] - min(spare, 0)):
            yield from self.sentences(table, indent)
            return
        yield self.line([self.style(head, *HEADING) for head in heads], sizes, table, indent)
        for row, texts in zip(table.rows, cells, strict=True):
            for part in self.wrapped(texts, sizes, widest):
                yield self.line(part, sizes, table, indent)
            yield from self.below(row, indent + _STEP)

    def wrapped(self, texts: Sequence[str], sizes: Sequence[int], widest: int) -> Iterator[Sequence[str]]:
        """Yield the lines of a row, whose widest cell may take several."""
        first, *more = wrap(texts[widest], sizes[widest]) or [""]
        yield [first if index == widest else text for index, text in enumerate(texts)]
        for line in more:
            yield [line if index == widest else "" for index in range(len(texts))]

    def line(self, texts: Sequence[str], sizes: Sequence[int], table: Rows, indent: str) -> str:
        cells = []
        for text, size, column in zip(texts, sizes, table.columns, strict=True):
            pad = " " * (size - width(text))
            cells.append(pad + text if column.number else text + pad)
        return (indent + (" " * _GAP).join(cells)).rstrip()

    def sentences(self, table: Rows, indent: str) -> Iterator[str]:
        for row in table.rows:
            first, *others = row.cells
            told = [
                clean(column.said, one_line=True).format(self.inline(cell))
                if column.said
                else f"{self.inline(column.title)}{joint('colon', self.lang)}{self.inline(cell)}"
                for column, cell in zip(table.columns[1:], others, strict=True)
                if plain(cell)
            ]
            yield from wrap(self.inline(first), self.room, f"{indent}  ", indent)
            if told:
                yield from wrap(joint("semicolon", self.lang).join(told), self.room, f"{indent}    ", f"{indent}  ")
            yield from self.below(row, indent + _STEP)

    def soft(self, text: str, indent: str, first: str | None = None) -> Iterator[str]:
        """Yield lines in a faint color, each of which ends its own style."""
        yield from (
            self.style(line, "dim") for line in wrap(clean(text, one_line=True), self.room, indent, first or indent)
        )

    def inline(self, text: Text) -> str:
        return "".join(self.span(span) for span in spans(text))

    def span(self, span: Span) -> str:
        text = clean(span.text, one_line=True)
        if span.role == "badge":
            text = f" {text} " if self.style.color else text
        styles = [name for name in (_ROLES.get(span.role), _COLORS.get(span.tone)) if name]
        return self.style(text, *styles)
