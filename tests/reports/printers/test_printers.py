"""Printers of documents: every text in every format, no text that speaks for the format, lines that fit."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import get_args

import icalendar
import pytest

from tests.support.html_tree import HOSTILE, Tree
from vatspolicy.i18n.text import clean, width
from vatspolicy.reports.document import (
    ESSENTIAL,
    FINE,
    PROOF,
    Article,
    Code,
    Column,
    Document,
    Facts,
    Mark,
    Paragraph,
    Row,
    Rows,
    Section,
    Span,
    Verdict,
    select,
    walk,
)
from vatspolicy.reports.printers import html, ics, markdown, print_document, text
from vatspolicy.reports.printers.text import SIGNS


def make_document(said: Callable[[str], str] = lambda name: f"word-{name}") -> Document:
    """A document with every kind of part; `said` makes the text of each."""
    article = Article(
        said("law"), said("label"), said("grade"), "warn", [("en", said("quote"))], "https://a.example/b", "a1"
    )
    table = Rows(
        [
            Row([said("cell one"), said("cell two"), "12"], "bad", [article]),
            Row([said("cell three"), (said("mixed"), Span(said("link"), to="https://x.example/")), "7"]),
        ],
        [Column(said("head one")), Column(said("head two"), "from {}"), Column(said("head three"), number=True)],
        title=said("caption"),
    )
    rows = Rows(
        [
            Row([said("to do")], "todo", day="2027-03-31", ref="a/b"),
            Row([said("past")], "done", day="2027-03-30"),
            Row([Span(said("struck"), "struck")], "note", [article], [Rows([Row([said("below")], "point")])]),
            *(Row([said(f"marked {mark}")], mark) for mark in get_args(Mark)),
        ]
    )
    return Document(
        said("title"),
        "en",
        [
            Verdict(said("verdict"), "bad", said("of"), said("day"), said("meaning")),
            Paragraph((said("paragraph"), Span(said("soft"), "soft"), Span(said("badge"), "badge", "ask"))),
            Section(said("section"), [rows], key="first"),
            Section(said("folded"), [table], key="second", folded=True),
            Section(said("dated"), [Facts([(said("name"), said("value"))])], key="third", day="2028-02-29"),
            Section(said("code section"), [Code(said("code")), Rows([Row([said("one")])], ordered=True)], key="fourth"),
        ],
        about=said("about"),
        limits=[said("limit")],
    )


def squeeze(shown: str) -> str:
    """Without white space, which printers may break."""
    return re.sub(r"\s", "", shown)


def test_every_text_is_in_every_printer() -> None:
    document = make_document()
    texts = [one for one in walk(document) if one]
    assert len(texts) > 40
    shown = {
        "text": squeeze(text.write(document)),
        "markdown": squeeze(re.sub(r"\\|\*|\]\(https[^)]*\)|(?<=mixed)\[", "", markdown.write(document))),
        "html": squeeze(Tree(html.write(document)).words()),
    }
    for name, whole in shown.items():
        assert [one for one in texts if squeeze(one) not in whole] == [], name


@pytest.mark.parametrize("room", [40, 60, 80, 100, 200])
@pytest.mark.parametrize("script", ["word and more words", "中文文本，一个很长的句子，没有空格"])
def test_no_line_is_wider_than_the_room(room: int, script: str) -> None:
    document = make_document(lambda name: name if name == "code" else f"{name} {script}")  # code is not broken
    lines = text.write(document, color=True, room=room).splitlines()
    assert [line for line in lines if width(line) > room] == []


def test_a_table_is_a_grid_where_it_fits_and_sentences_elsewhere() -> None:
    table = Rows(
        [Row(["a", "the second cell", "12"])],
        [Column("First"), Column("Second", "called {}"), Column("N", number=True)],
    )
    document = Document("t", "en", [table])
    assert "First  Second            N\na      the second cell  12\n" in text.write(document, room=80)
    wide = Document("t", "en", [Rows([Row([f"{'a' * 30}", "b" * 30, "12"])], table.columns)])
    assert text.write(wide, room=40).splitlines()[1:] == ["a" * 30, f"  called {'b' * 30};", "    N: 12"]


def test_what_stands_below_a_row_of_markdown_begins_under_its_text() -> None:
    """Otherwise it would stand beside the list."""
    below = [Rows([Row(["below"], "point")])]
    document = Document(
        "t", "en", [Rows([Row(["one"], law=[Article("law", "art. 1", "")], below=below)], ordered=True)]
    )
    assert markdown.write(document).splitlines()[2:] == ["1. one", "   > law, art. 1", "   - below"]


def test_evidence_stands_in_pages_alone() -> None:
    document = Document("t", "en", [Paragraph("evidence", rank=PROOF)])
    shown = {format for format in ("text", "markdown", "html") if "evidence" in print_document(format, document)}
    assert shown == {"html"}


def test_hostile_texts_stay_texts() -> None:
    document = make_document(lambda name: f"{HOSTILE} {name}")
    page = html.write(document)
    tree = Tree(page)
    assert {name for name, _ in tree.elements} & {"script", "iframe", "object"} == set()
    assert [one["href"] for one in tree.named("a") if not str(one["href"]).startswith(("#", "https:"))] == []
    assert not re.search(r"(?m)^\s*::", page)
    written = markdown.write(document)
    assert "<script>" not in re.sub(r"(?s)```.*?```", "", written).replace("\\<", "")
    for format in (text.write(document, color=True), written, page, ics.write(document)):
        assert "\u202e" not in format
        assert "\x1b[31m]]" not in format
    assert clean(HOSTILE)[:8] in text.write(document)


def test_an_address_that_runs_code_is_no_link() -> None:
    evil = Document("t", "en", [Paragraph(Span("x", to="javascript:alert(1)")), Paragraph(Span("y", to="//host/a"))])
    assert Tree(html.write(evil)).named("a") == [{"href": "#_content", "class": "skip"}]
    assert "(" not in markdown.write(evil)


def test_ids_of_a_part_begin_with_its_prefix() -> None:
    part = html.write_part(make_document(), "d1-")
    tree = Tree(part)
    assert tree.ids() == ["d1-first", "d1-second", "d1-third", "d1-fourth"]
    assert tree.elements[0][0] == "h2"


def test_a_long_page_has_contents() -> None:
    tree = Tree(html.write(make_document()))
    assert [one["href"] for one in tree.named("a") if str(one["href"]).startswith("#f")] == ["#first", "#fourth"]


def test_a_calendar_has_the_dated_rows_that_are_open() -> None:
    document = make_document()
    calendar = icalendar.Calendar.from_ical(ics.write(document))
    events = [(str(one["summary"]), str(one.decoded("dtstart"))) for one in calendar.walk("vevent")]
    assert events == [("word-to do", "2027-03-31"), ("word-dated", "2028-02-29")]
    assert [str(one["description"]).splitlines()[-1] for one in calendar.walk("vevent")] == ["word-limit"] * 2
    assert ics.write(document) == ics.write(make_document())
    assert all(len(line.encode()) <= 75 for line in io.StringIO(ics.write(document), newline="").read().split("\r\n"))


def test_an_event_keeps_its_identity_when_its_words_change() -> None:
    def identities(word: str) -> list[str]:
        row = Row([word], "todo", day="2027-03-31", ref="a/b")
        made = icalendar.Calendar.from_ical(ics.write(Document("t", "en", [Rows([row])])))
        return [str(one["uid"]) for one in made.walk("vevent")]

    assert identities("before") == identities("after")


def test_a_selection_leaves_out_what_is_above_its_rank() -> None:
    rows = Rows([Row(["kept"]), Row(["fine"], rank=FINE), Row(["outer"], below=[Paragraph("inner", rank=FINE)])])
    blocks = [Section("s", [rows]), Section("details", [Paragraph("p")], rank=FINE)]
    kept = [one for block in select(blocks, ESSENTIAL) for one in walk(block)]
    assert kept == ["s", "kept", "outer"]
    assert [one for block in select(blocks, FINE) for one in walk(block)] == [
        *("s", "kept", "fine", "outer", "inner", "details", "p"),
    ]


def test_every_mark_has_a_sign() -> None:
    assert SIGNS.keys() == set(get_args(Mark)) - {""}
