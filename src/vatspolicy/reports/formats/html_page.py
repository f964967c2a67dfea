"""The frame of every page: one file with its style, no network, no color needed to understand it.

A page is made of `frame.page` around contents that `element.tag` made; `table`, `badge` and `contents` are the parts
that most pages share. Classes of page.css that contents may use: `soft`, `path`, `badge`, `good`, `warn`, `bad`, `ask`,
`number`, `hidden` (for screen readers only), `screen` (not on paper), `wide` (on main).
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from vatspolicy.i18n import Phrase
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.formats.html import EMPTY, Content, Html, escape, link, tag

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

Link = tuple[Content, str]
"""A text, and the address it leads to ("" for the page itself)."""


def page(
    title: str,
    body: Content,
    lang: Language,
    *,
    style: str = "",
    script: str = "",
    crumbs: Sequence[Link] = (),
    nav: Sequence[Link] = (),
    other: Link | None = None,
    toc: Content = None,
    end: Content = None,
    wide: bool = False,
    made_by: str = "",
    name: Link = ("vatspolicy", ""),
) -> str:
    """Render a whole page as text. The body contains the h1; the frame has none.

    style, script: further CSS and JavaScript, from files of this package; never from page content.
    crumbs: the way here, this page last. nav: the pages of a site. other: this page in the other language.
    toc: what `contents` gives. end: what stands at the foot. wide: for tables that want the whole width.
    made_by: a comment behind the doctype by which a command knows its own files.
    """
    css = _stylesheet() + style
    allowed = [f"default-src 'none'; style-src 'sha256-{_digest(css)}'; img-src data:"]
    if script:
        allowed.append(f"script-src 'sha256-{_digest(script)}'")
    policy = "; ".join([*allowed, "base-uri 'none'; form-action 'none'"])
    head = (
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<title>{escape(" ".join(title.split()))}</title>\n<link rel="icon" href="{ICON}">\n<style>{css}</style>'
    )
    top = tag(
        "header",
        link(name[0], name[1], class_="name") if name[1] else tag("span", name[0], class_="name"),
        _navigation(_WORDS["pages"][lang], nav),
        _crumbs(crumbs, lang),
        tag("p", _other(other, lang), class_="other") if other else None,
        class_="top",
    )
    middle = tag(
        "div",
        tag("nav", tag("h2", _WORDS["contents"][lang], id="_contents"), toc, class_="toc", aria_labelledby="_contents")
        if toc
        else None,
        tag("main", body, id="_content", tabindex=-1, class_="wide" if wide else None),
        class_="page with-toc" if toc else "page",
    )
    foot = tag("footer", end, class_="end") if end else EMPTY
    skip = tag("a", _WORDS["skip"][lang], href="#_content", class_="skip")
    code = f"<script>{script}</script>\n" if script else ""
    comment = f"<!-- {made_by} -->\n" if made_by else ""
    return (
        f'<!doctype html>\n{comment}<html lang="{LANGUAGE_TAGS[lang]}">\n<head>\n{head}\n</head>\n'
        f"<body>\n{skip}\n{top}\n{middle}\n{foot}\n{code}</body>\n</html>\n"
    )


def table(caption: str, head: Sequence[Content], rows: Iterable[Sequence[Content]], *, titled: bool = False) -> Html:
    """Build a table that scrolls sideways if too wide, also by keyboard. The first cell of a row is its header.

    titled: a heading above repeats the caption, so the caption is for screen readers only.
    """
    body = [tag("tr", tag("th", row[0], scope="row"), [tag("td", cell) for cell in row[1:]]) for row in rows]
    return tag(
        "div",
        tag(
            "table",
            tag("caption", tag("span", caption, class_="hidden" if titled else None)),
            tag("thead", tag("tr", [tag("th", cell, scope="col") for cell in head])),
            tag("tbody", body),
        ),
        class_="scroll",
        role="group",
        aria_label=caption,
        tabindex=0,
    )


def badge(text: Content, tone: str = "") -> Html:
    """Build a badge. `tone` (good, warn, bad, ask) is only its color: the word must be sufficient."""
    return tag("span", text, class_=f"badge {tone}".strip())


def contents(entries: Iterable[tuple[str, str, Sequence[tuple[str, str]]]]) -> Html:
    """Build a table of contents from titles, ids of their places, and the entries below each."""
    return tag(
        "ul",
        [
            tag("li", link(title, f"#{id}"), contents([(*inner, ()) for inner in below]) if below else None)
            for title, id, below in entries
        ],
    )


def foreign(text: Content, lang: Language, name: str = "span") -> Html:
    """Mark up a text in another language than the page, for correct speech and line breaks."""
    return tag(name, text, lang=LANGUAGE_TAGS[lang])


def read_asset(name: str) -> str:
    """Return a stylesheet or script from the folder of this module."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


@functools.cache
def _stylesheet() -> str:
    return read_asset("page.css")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _navigation(label: str, links: Sequence[Link]) -> Content:
    if not links:
        return None
    items = [tag("li", tag("a", text, href=to) if to else tag("span", text, aria_current="page")) for text, to in links]
    return tag("nav", tag("ul", items), aria_label=label)


def _crumbs(crumbs: Sequence[Link], lang: Language) -> Content:
    if not crumbs:
        return None
    items = [
        tag("li", tag("a", text, href=to) if to else tag("span", text, aria_current="page")) for text, to in crumbs
    ]
    return tag("nav", tag("ol", items, class_="crumbs"), aria_label=_WORDS["where"][lang], class_="way")


def _other(other: Link, lang: Language) -> Html:
    away: Language = "zh" if lang == "en" else "en"
    return tag("a", other[0], href=other[1], lang=LANGUAGE_TAGS[away], hreflang=LANGUAGE_TAGS[away])
