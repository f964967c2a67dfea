"""The document of a result: what a report says, in one language and without a format.

A builder makes it from a result, and a printer of `reports/printers` writes it. A builder knows no format, a printer no
result. A selection of a document is made by rank: `select`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal, TypeAlias, TypeVar, dataclass_transform

from vatspolicy.i18n import Language

ESSENTIAL, USUAL, FINE, PROOF = range(4)
"""Ranks of a part: it decides; it is usual; it is a detail; it is evidence that only a page has."""

Tone = Literal["", "good", "warn", "bad", "ask"]
"""Meaning of a color. The words alone must be sufficient."""
Role = Literal["", "strong", "soft", "code", "badge", "struck", "value"]
"""Kind of a run of text. `value` is a fact of a spec, which a comment on a pull request leaves out."""
Mark = Literal[
    "", "good", "bad", "ask", "todo", "done", "get", "added", "gone", "differs", "note", "point", "law", "day"
]
"""Meaning of a row, for which each printer has a sign."""


@dataclass_transform(frozen_default=True)
class Part:
    """A part of a document. Its class lists the fields; the type checker holds them to be frozen.

    A dataclass would take a fifth of a millisecond of every start, and there are ten parts.
    """

    names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls.names = tuple(cls.__annotations__)

    def __init__(self, *values: object, **named: object) -> None:
        self.__dict__.update(zip(self.names, values, strict=False), **named)


class Span(Part):
    """A run of text with a role."""

    text: str
    role: Role = ""
    tone: Tone = ""
    to: str = ""
    """Address of a link, `#key` for a section of this document; empty for none."""
    lang: str = ""
    """Language, if it is not the document's."""


Text: TypeAlias = "str | Span | Sequence[str | Span]"


class Article(Part):
    """An article of law behind a row."""

    title: str
    """Title of the instrument."""
    label: str
    grade: str
    """Verification of the article in words; empty if the report does not say it."""
    tone: Tone = ""
    words: Sequence[tuple[str, str]] = ()
    """Its words by language, the language of the document first."""
    url: str = ""
    """Address of the official text."""
    key: str = ""
    """Identity within a document, for references."""


class Paragraph(Part):
    """A paragraph."""

    text: Text
    tone: Tone = ""
    rank: int = ESSENTIAL


class Verdict(Part):
    """A decision word, with its subject, day and meaning."""

    word: str
    tone: Tone
    title: str
    about: str = ""
    """The day and the law of the decision."""
    meaning: Text = ""
    rank: int = ESSENTIAL


class Column(Part):
    """A column of a table."""

    title: str
    said: str = ""
    """Phrase with `{}` for a printer that writes rows as sentences; without it, `title: cell`."""
    number: bool = False


class Row(Part):
    """A row of a table, or an entry of a list."""

    cells: Sequence[Text]
    mark: Mark = ""
    law: Sequence[Article] = ()
    below: Sequence[Block] = ()
    day: str = ""
    """Day of the event, in ISO format, if the row is one."""
    ref: str = ""
    """ID of the rule behind it."""
    key: str = ""
    """Name of its place in a page."""
    rank: int = ESSENTIAL


class Rows(Part):
    """A table, or a list if it has no columns."""

    rows: Sequence[Row]
    columns: Sequence[Column] = ()
    ordered: bool = False
    title: str = ""
    """Caption of a table, for screen readers. The heading above says the same."""
    rank: int = ESSENTIAL


class Facts(Part):
    """Names with their values."""

    pairs: Sequence[tuple[str, Text]]
    rank: int = ESSENTIAL


class Code(Part):
    """Lines of code."""

    text: str
    language: str = ""
    rank: int = ESSENTIAL


class Section(Part):
    """Blocks under a heading."""

    title: Text
    blocks: Sequence[Block]
    key: str = ""
    """Name of its place in a page; a section with a name stands in the contents."""
    brief: str = ""
    """What stands for it where it is left out: `2 notes for review`."""
    folded: bool = False
    day: str = ""
    rank: int = ESSENTIAL


Block: TypeAlias = "Paragraph | Verdict | Rows | Facts | Code | Section"


class Document(Part):
    """A report."""

    title: Text
    lang: Language
    blocks: Sequence[Block]
    about: Text = ""
    """The law and the days of the report, beside the title."""
    limits: Sequence[str] = ()
    """Sentences on what the report does not say."""


def select(blocks: Sequence[Block], rank: int) -> list[Block]:
    """Return the blocks and rows up to a rank."""
    kept: list[Block] = []
    for block in blocks:
        if block.rank > rank:
            continue
        if isinstance(block, Section):
            block = replace(block, blocks=select(block.blocks, rank))
        elif isinstance(block, Rows):
            rows = [replace(row, below=select(row.below, rank)) for row in block.rows if row.rank <= rank]
            block = replace(block, rows=rows)
        kept.append(block)
    return kept


P = TypeVar("P", bound="Part")


def replace(part: P, **values: object) -> P:
    """Return a part with other values."""
    return type(part)(**{**part.__dict__, **values})


def spans(text: Text) -> list[Span]:
    """Return the runs of a text."""
    parts = [text] if isinstance(text, str | Span) else text
    return [part if isinstance(part, Span) else Span(part) for part in parts]


def plain(text: Text) -> str:
    """Return a text without roles."""
    return "".join(span.text for span in spans(text))


def walk(block: Block | Document) -> Iterator[str]:
    """Yield every text of a block or a document, in order of appearance."""
    match block:
        case Document():
            yield plain(block.title)
            yield plain(block.about)
            for inner in block.blocks:
                yield from walk(inner)
            yield from block.limits
        case Paragraph():
            yield plain(block.text)
        case Verdict():
            yield from (block.word, block.title, block.about, plain(block.meaning))
        case Rows():
            yield from (column.title for column in block.columns)
            for row in block.rows:
                yield from map(plain, row.cells)
                for article in row.law:
                    yield from (article.title, article.label, article.grade)
                for inner in row.below:
                    yield from walk(inner)
        case Facts():
            for name, value in block.pairs:
                yield from (name, plain(value))
        case Code():
            yield block.text
        case Section():
            yield plain(block.title)
            for inner in block.blocks:
                yield from walk(inner)
