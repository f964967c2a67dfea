"""The frame of every page: one file with its style, no network, no color needed to understand it.

The template of a page extends `page.html.j2`, fills its block `main`, and uses the macros of `parts.html.j2`. Classes
of page.css that it may use: `soft`, `path`, `badge`, `good`, `warn`, `bad`, `ask`, `number`, `hidden` (for screen
readers only), `screen` (not on paper), `wide` (on main).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vatspolicy.i18n import Language, Phrase
from vatspolicy.reports.formats.html import trust
from vatspolicy.reports.formats.templating import render_html

LANGUAGE_TAGS = {"en": "en", "zh": "zh-Hans"}
"""Languages of pages as HTML names them."""
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Cpath d='M2 2h12v9L8 15 2 11z' fill='%231b4f83'/%3E%3C/svg%3E"
)
_WORDS = {
    "skip": Phrase("Skip to the content"),
    "contents": Phrase("On this page"),
    "where": Phrase("You are here"),
    "pages": Phrase("Pages"),
}

Link = tuple[str, str]
"""A text, and the address it leads to ("" for the page itself)."""
Entry = tuple[str, str, Sequence[tuple[str, str]]]
"""A title of the contents, the id of its place, and the titles and ids below it."""


@dataclass(frozen=True)
class Frame:
    """Everything around the contents of a page."""

    title: str
    lang: Language
    style: str = ""
    """Further CSS, from a file of this package; never from the contents of a page."""
    script: str = ""
    """JavaScript, from a file of this package."""
    toc: Sequence[Entry] = ()
    end: str = ""
    """The lines at the foot of the page."""
    wide: bool = False
    """True for tables that want the whole width."""
    nav: Sequence[Link] = ()
    """The pages of a site."""
    crumbs: Sequence[Link] = ()
    """The way here, this page last."""
    other: Link | None = None
    """This page in the other language."""
    made_by: str = ""
    """A comment behind the doctype by which a command knows its own files."""
    home: str = ""
    """The first page of the site."""
    icon: str = ICON

    def say(self, key: str) -> str:
        """Return a phrase of the frame."""
        return _WORDS[key][self.lang]

    @property
    def lang_tag(self) -> str:
        """The language as HTML names it."""
        return LANGUAGE_TAGS[self.lang]

    @property
    def other_tag(self) -> str:
        """The other language as HTML names it."""
        return LANGUAGE_TAGS["zh" if self.lang == "en" else "en"]


def render_page(name: str, frame: Frame, /, **values: object) -> str:
    """Render the template of a page in its frame."""
    css, code = trust(_stylesheet() + frame.style), trust(frame.script)
    title = " ".join(frame.title.split())
    return str(render_html(name, frame=frame, title=title, css=css, code=code, lang=frame.lang, **values))


def place_entries(places: Iterable[tuple[str, str]]) -> list[Entry]:
    """Return the contents of a page from titles and ids, with nothing below them."""
    return [(title, id, ()) for title, id in places]


def read_asset(name: str) -> str:
    """Return a stylesheet or script from the folder of this module."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


@functools.cache
def _stylesheet() -> str:
    return read_asset("page.css")
