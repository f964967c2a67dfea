"""The catalogue: it holds what Babel extracts from the source, every text has its Chinese, and both have the same values."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_keywords
from babel.messages.pofile import read_po

from tests.support.shipped import ROOT
from vatspolicy.i18n.catalogue import PATH, find_chinese, read_entries
from vatspolicy.i18n.lint import faults

SOURCE = ROOT / "src" / "vatspolicy"
KEYWORDS = parse_keywords(re.findall(r"--keyword=(\S+)", (ROOT / "Makefile").read_text(encoding="utf-8")))
"""The keywords of `make messages`."""
UPDATE = "run `make messages`"


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with Path(PATH).open(encoding="utf-8") as file:
        return read_po(file, locale="zh")


@pytest.fixture(scope="module")
def messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


@pytest.fixture(scope="module")
def extracted() -> set[tuple[str, str]]:
    found = extract_from_dir(SOURCE, method_map=[("**.py", "python")], keywords=KEYWORDS, comment_tags=())
    return {(context or "", str(text)) for _, _, text, _, context in found}


def test_the_keywords_are_those_of_make() -> None:
    assert KEYWORDS.keys() == {"_", "Phrase"}


def test_every_text_of_the_source_is_in_the_catalogue(messages: list[Message], extracted: set[tuple[str, str]]) -> None:
    assert len(extracted) > 700
    known = {(message.context or "", str(message.id)) for message in messages}
    assert extracted - known == set(), UPDATE
    assert known - extracted == set(), UPDATE


def test_nothing_is_obsolete(catalogue: Catalog) -> None:
    assert list(catalogue.obsolete) == [], UPDATE


def test_every_text_has_its_chinese(messages: list[Message]) -> None:
    assert [message.id for message in messages if not message.string or message.fuzzy] == []
    wrong = []
    for message in messages:
        shown = [re.sub(r"\{[^{}]*\}", "", str(text)) for text in (message.id, message.string)]
        if re.sub(r"--[a-z-]+", "", shown[0]).strip(":,;. "):
            wrong += [(message.id, told) for _, told, _ in faults(*shown)]
    assert wrong == []


def test_babel_finds_nothing_to_correct(catalogue: Catalog) -> None:
    for message in catalogue:
        message.flags.discard("python-format")  # no text is one: Babel takes `100 % is` for it
    assert [(message.id, errors) for message, errors in catalogue.check()] == []


def test_both_languages_take_the_same_values(messages: list[Message]) -> None:
    for message in messages:
        english, chinese = (holes(str(text)) for text in (message.id, message.string))
        assert english.keys() - {"s"} == chinese.keys(), message.id
        assert {name: english[name] for name in chinese} == chinese, message.id


def test_values_have_names(messages: list[Message]) -> None:
    """A number tells a translator nothing. Only forms of sentences of other programs have none but numbers."""
    numbered = [
        message.id
        for message in messages
        if any(name[-1].isdigit() for name in holes(str(message.id)))
        and [place for place, _ in message.locations] != ["src/vatspolicy/i18n/foreign.py"]
    ]
    assert numbered == []


def holes(text: str) -> dict[str, str]:
    """Return name and conversion of each value of a template, with its format; none for a text that is no template."""
    try:
        return {name: f"{conversion}:{spec}" for _, name, spec, conversion in Formatter().parse(text) if name}
    except ValueError:
        return {}


def test_the_program_reads_what_babel_reads(messages: list[Message]) -> None:
    assert len(read_entries(Path(PATH).read_bytes())) == len(messages) + 1  # and the head of the file
    for message in messages:
        assert find_chinese(str(message.id), message.context or "") == message.string


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_program_reads_every_form_of_an_entry(end: str) -> None:
    text = end.join(
        [
            'msgid ""',
            'msgstr ""',
            '"Language: zh\\n"',
            "",
            'msgid "a \\"b\\""',
            'msgstr "甲"',
            "",
            "#: a.py",
            'msgctxt "c"',
            'msgid "a"',
            'msgstr ""',
            '"乙"',
            '"丙"',
        ]
    )
    assert read_entries(b"# head" + end.encode() + text.encode()) == {
        b'msgid ""': b"Language: zh\\n",
        b'msgid "a \\"b\\""': "甲".encode(),
        b'msgctxt "c"\nmsgid "a"': "乙丙".encode(),
    }


def test_a_text_that_the_catalogue_does_not_have_has_no_chinese() -> None:
    assert find_chinese("No such text.") == ""
    assert find_chinese("closed", "no such context") == ""
    assert find_chinese("closed", "access matrix") == "不开放"
