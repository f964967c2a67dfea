"""A document as one page with its style, without a network or a script; or as a part of another page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from vatspolicy.i18n import Language, Phrase
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
from vatspolicy.reports.printers.escapes import digest, escape_html, is_address
from vatspolicy.reports.printers.text import SIGNS

LANGUAGE_TAGS = {"en": "en", "zh": "zh-Hans"}
"""Language codes of pages in HTML."""
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Cpath d='M2 2h12v9L8 15 2 11z' fill='%231b4f83'/%3E%3C/svg%3E"
)
_SKIP, _CONTENTS = Phrase("Skip to the content"), Phrase("On this page")
_MEANT: Mapping[str, Phrase] = {
    "good": Phrase("met"),
    "bad": Phrase("not met"),
    "ask": Phrase("not known"),
}
"""Words for marks that a reader hears in place of the sign."""
_ELEMENTS = {"strong": "strong", "code": "code", "struck": "s"}
_FEWEST = 3
"""Fewest sections of a page with a table of contents."""


def write(document: Document) -> str:
    """Return a document as a page."""
    return "".join(_Printer(document.lang).page(document))


def write_part(document: Document, prefix: str = "", level: int = 2) -> str:
    """Return a document for another page, which has the style; `prefix` begins every id, `level` is of its heading."""
    return "".join(_Printer(document.lang, prefix).body(document, level))


@cache
def read_stylesheet() -> str:
    """Return the style of every page."""
    folder = Path(__file__).parent
    return (folder.parent / "formats" / "page.css").read_text(encoding="utf-8") + (folder / "document.css").read_text(
        encoding="utf-8"
    )


class _Printer:
    def __init__(self, lang: Language, prefix: str = "") -> None:
        self.lang, self.prefix = lang, prefix

    def page(self, document: Document) -> Iterator[str]:
        style = read_stylesheet()
        entries = [block for block in document.blocks if isinstance(block, Section) and block.key]
        toc = entries if len(entries) >= _FEWEST else []
        allowed = f"style-src 'sha256-{digest(style)}'; img-src data:"
        policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
        yield f'<!doctype html>\n<html lang="{LANGUAGE_TAGS[self.lang]}"><head><meta charset="utf-8">'
        yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield '<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">'
        yield f"<title>{escape_html(' '.join(plain(document.title).split()))}</title>"
        yield f'<link rel="icon" href="{ICON}"><style>{style}</style></head><body>'
        yield f'<a href="#_content" class="skip">{_SKIP[self.lang]}</a>'
        yield '<header class="top"><span class="name">vatspolicy</span></header>'
        yield f'<div class="page{" with-toc" if toc else ""}">'
        if toc:
            yield f'<nav class="toc" aria-labelledby="_contents"><h2 id="_contents">{_CONTENTS[self.lang]}</h2><ul>'
            yield from (f'<li><a href="#{self.place(one.key)}">{escape_html(plain(one.title))}</a></li>' for one in toc)
            yield "</ul></nav>"
        yield '<main id="_content" tabindex="-1">'
        yield from self.body(document, 1)
        yield "</main></div></body></html>\n"

    def body(self, document: Document, level: int) -> Iterator[str]:
        yield f"<h{level}>{self.inline(document.title)}</h{level}>"
        if about := self.inline(document.about):
            yield f'<p class="soft">{about}</p>'
        yield from self.blocks(document.blocks, level + 1)
        if document.limits:
            yield f'<p class="limits soft">{self.gap.join(map(escape_html, document.limits))}</p>'

    @property
    def gap(self) -> str:
        return "" if self.lang == "zh" else " "

    def place(self, key: str) -> str:
        return escape_html(f"{self.prefix}{key}")

    def blocks(self, blocks: Sequence[Block], level: int) -> Iterator[str]:
        for block in blocks:
            yield from self.block(block, level)

    def block(self, block: Block, level: int) -> Iterator[str]:
        match block:
            case Section():
                yield from self.section(block, level)
            case Paragraph():
                yield f"<p{_class(block.tone)}>{self.inline(block.text)}</p>"
            case Verdict():
                yield f'<p class="verdict"><strong class="badge {block.tone}">{escape_html(block.word)}</strong> '
                yield f"{escape_html(block.title)}</p>"
                if block.meaning or block.about:
                    yield f'<p>{self.inline(block.meaning)} <span class="soft">{escape_html(block.about)}</span></p>'
            case Rows():
                yield from self.table(block, level) if block.columns else self.list(block, level)
            case Facts():
                pairs = (f"<dt>{escape_html(name)}</dt><dd>{self.inline(value)}</dd>" for name, value in block.pairs)
                yield f"<dl>{''.join(pairs)}</dl>"
            case Code():
                yield f"<pre>{escape_html(block.text)}</pre>"

    def section(self, section: Section, level: int) -> Iterator[str]:
        place = f' id="{self.place(section.key)}"' if section.key else ""
        title = self.inline(section.title)
        if section.folded:
            yield f"<details{place}><summary>{title}</summary>"
            yield from self.blocks(section.blocks, level + 1)
            yield "</details>"
            return
        yield f"<section><h{min(level, 6)}{place}>{title}</h{min(level, 6)}>"
        yield from self.blocks(section.blocks, level + 1)
        yield "</section>"

    def list(self, rows: Rows, level: int) -> Iterator[str]:
        element = "ol" if rows.ordered else "ul"
        yield f'<{element} class="rows">'
        for row in rows.rows:
            place = f' id="{self.place(row.key)}"' if row.key else ""
            sign = f'<span class="sign" aria-hidden="true">{SIGNS[row.mark][0]}</span> ' if row.mark else ""
            if row.mark in _MEANT:
                sign += f'<span class="hidden">{_MEANT[row.mark][self.lang]} </span>'
            yield f"<li{_class(row.mark)}{place}>{sign}{' '.join(map(self.inline, row.cells))}"
            yield from self.below(row, level)
            yield "</li>"
        yield f"</{element}>"

    def below(self, row: Row, level: int) -> Iterator[str]:
        if row.law:
            yield f'<p class="law">{joint("semicolon", self.lang).join(map(self.article, row.law))}</p>'
        yield from self.blocks(row.below, level)

    def article(self, article: Article) -> str:
        named = escape_html(joint("comma", self.lang).join(filter(None, (article.title, article.label))))
        text = (
            f'<a href="{escape_html(article.url)}" rel="noreferrer">{named}</a>' if is_address(article.url) else named
        )
        if article.grade:
            grade = f"<span{_class(article.tone)}>{escape_html(article.grade)}</span>"
            text += aside(grade, self.lang)
        if not article.words:
            return text
        words = (f"<p{self.foreign(lang)}>{escape_html(said)}</p>" for lang, said in article.words)
        return f"<details><summary>{text}</summary><blockquote>{''.join(words)}</blockquote></details>"

    def table(self, table: Rows, level: int) -> Iterator[str]:
        title = escape_html(table.title)
        yield f'<div class="scroll" role="group" aria-label="{title}" tabindex="0"><table class="cards">'
        yield f'<caption><span class="hidden">{title}</span></caption><thead><tr>'
        yield from (
            f'<th scope="col"{_class("number" if one.number else "")}>{escape_html(one.title)}</th>'
            for one in table.columns
        )
        yield "</tr></thead><tbody>"
        for row in table.rows:
            first, *cells = map(self.inline, row.cells)
            yield f'<tr{_class(row.mark)}><th scope="row">{first}</th>'
            for position, (column, cell) in enumerate(zip(table.columns[1:], cells, strict=True), 2):
                yield f'<td data-head="{escape_html(column.title)}"{_class("number" if column.number else "")}>{cell}'
                if position == len(table.columns):
                    yield from self.below(row, level)
                yield "</td>"
            yield "</tr>"
        yield "</tbody></table></div>"

    def foreign(self, lang: str) -> str:
        return f' lang="{LANGUAGE_TAGS.get(lang, lang)}"' if lang and lang != self.lang else ""

    def inline(self, text: Text) -> str:
        return "".join(map(self.span, spans(text)))

    def span(self, span: Span) -> str:
        text, element = escape_html(span.text), _ELEMENTS.get(span.role, "span")
        names = " ".join(
            filter(None, ("badge" if span.role == "badge" else "", "soft" if span.role == "soft" else "", span.tone))
        )
        if element != "span" or names or span.lang:
            text = f"<{element}{_class(names)}{self.foreign(span.lang)}>{text}</{element}>"
        if span.to and is_address(span.to):
            to = f"#{self.prefix}{span.to[1:]}" if span.to.startswith("#") else span.to
            away = ' rel="noreferrer"' if ":" in to else ""
            text = f'<a href="{escape_html(to)}"{away}>{text}</a>'
        return text


def _class(names: str) -> str:
    return f' class="{names}"' if names else ""
