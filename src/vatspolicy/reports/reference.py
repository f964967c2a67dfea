"""The values that a spec may use: a list in the terminal, as JSON, and all of them as a page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from vatspolicy.core.documents.word_search import Word
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.word_lists import WordList, word_lists
from vatspolicy.i18n import LANGUAGES, Language, LocalizedText, Phrase, _
from vatspolicy.i18n.text import width as width_of
from vatspolicy.i18n.text import wrap
from vatspolicy.i18n.words import Table, word
from vatspolicy.output import write_file
from vatspolicy.reports.formats.templating import render_markdown, trust
from vatspolicy.reports.policy import Foreign
from vatspolicy.reports.policy.page import MARK

WORDS: Table = {
    "lists": Phrase("Lists of values. Show one: vatspolicy list offers [WORD]"),
    "written": Phrase("Write it as {example} under {facts}."),
    "example": Phrase("Example: {text}"),
    "synonyms": Phrase("Also: {words}"),
    "found": Phrase("{count} of {all} values match. All values: vatspolicy list {name}"),
    "search": Phrase("{all} values. Search them: vatspolicy list {name} WORD"),
}
_PAGE: Table = {
    "heading": Phrase("Values of a spec"),
    "meaning": Phrase("Meaning"),
    "example_head": Phrase("Example"),
    "synonyms_head": Phrase("Also called"),
}
_LEAD = Phrase(
    "Every value of each fact: its meaning in English and Chinese, an example, and its other names. Search here, or"
    " in a terminal: `vatspolicy list offers CRM`. The other names are for searching only. In a spec, write the "
    "value itself. `vatspolicy ask` asks for the facts one by one."
)
"""First paragraph of the page of all values, in Markdown."""
_NARROW = 24
"""Widest column of values in a terminal."""


def render_overview(lists: Iterable[WordList], lang: Language, width: int) -> str:
    """Return the names of the lists, with their subjects."""
    rows = [(word_list.name, f"{_about(word_list)[lang]} ({len(word_list.words)})") for word_list in lists]
    return "\n".join([word(WORDS, "lists", lang), "", *_columns(rows, width)]) + "\n"


def render_list(word_list: WordList, total: int, is_search: bool, lang: Language, width: int) -> str:
    """Return the values of a list in a terminal, those of a search with examples and synonyms."""
    facts = ", ".join(word_list.written[:3]) + (" …" if len(word_list.written) > 3 else "")
    lines = [
        *wrap(_about(word_list)[lang], width),
        *wrap(word(WORDS, "written", lang, example=word_list.example, facts=facts), width),
        "",
    ]
    if is_search:
        for entry in word_list.words:
            lines += _columns([(entry.value, _name(entry.name, lang))], width)
            lines += [line for text in _details(entry, lang) for line in wrap(text, width, indent=" " * 4)]
    else:
        lines += _columns([(entry.value, _name(entry.name, lang)) for entry in word_list.words], width)
    end = "found" if is_search else "search"
    closing = word(WORDS, end, lang, count=str(len(word_list.words)), all=str(total), name=word_list.name)
    return "\n".join([*lines, "", *wrap(closing, width)]) + "\n"


def to_data(word_list: WordList) -> dict[str, object]:
    """Return a list as JSON data."""
    return {
        "list": word_list.name,
        "title": dict(word_list.title),
        "question": dict(word_list.question) if word_list.question else None,
        "written": list(word_list.written),
        "values": [
            {
                "value": word.value,
                "name": dict(word.name) if word.name else None,
                "example": dict(word.example) if word.example else None,
                "synonyms": list(word.synonyms),
            }
            for word in word_list.words
        ],
    }


def render_json(data: object) -> str:
    """Return data as JSON with line breaks."""
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def reference_page(bundle: Bundle) -> str:
    """Return the reference of the values that specs may use under a bundle, as a Markdown page in both languages."""
    titles = {id: instrument.title for id, instrument in bundle.instruments.items()}
    return render_markdown(
        "reference.md.j2",
        about=_about,
        lead={lang: trust(_LEAD[lang]) for lang in LANGUAGES},
        lists=[word_list.with_names(titles) for word_list in word_lists(bundle.schemas).values()],
        mark=trust(MARK),
        name=lambda entry, lang: _name(entry.name, lang),
        synonyms=lambda word_list: any(entry.synonyms for entry in word_list.words),
        words=_PAGE,
    )


def write_reference(path: Path, text: str) -> None:
    """Write the page. Raises Foreign for an existing file that this program did not create, and OSError."""
    if path.exists() and MARK not in path.read_text(encoding="utf-8", errors="replace")[:200]:
        raise Foreign(_("This command did not create {path}. Move it, or choose another folder.", path=path))
    write_file(path, text)


def _about(word_list: WordList) -> LocalizedText:
    return word_list.question or word_list.title


def _name(name: LocalizedText | None, lang: Language) -> str:
    return name[lang] if name else ""


def _details(entry: Word, lang: Language) -> Iterator[str]:
    if entry.example:
        yield word(WORDS, "example", lang, text=entry.example[lang])
    if entry.synonyms:
        yield word(WORDS, "synonyms", lang, words=", ".join(entry.synonyms))


def _columns(rows: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    """Yield lines of a value and its meaning; a long value has its own line."""
    room = min(_NARROW, max((width_of(value) for value, _ in rows), default=0)) + 4
    for value, meaning in rows:
        start = f"  {value}"
        if width_of(start) + 2 > room:
            yield start
            start = ""
        yield from wrap(meaning, width, indent=" " * room, first=start.ljust(room)) if meaning else [start.rstrip()]
