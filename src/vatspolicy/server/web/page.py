"""The page itself: an empty frame that its one script fills, its stylesheet, and a word for those without scripts."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.formats.html import escape
from vatspolicy.reports.formats.html_page import ICON, LANGUAGE_TAGS, read_asset
from vatspolicy.server.web.words import say

_DARK = re.compile(r"@media \(prefers-color-scheme: dark\) \{\s*:root \{(?P<colours>[^}]*)\}\s*\}")


def shell(lang: Language) -> str:
    """The page as text; `lang` is the language that it begins in."""
    warnings = "".join(f'<p lang="{LANGUAGE_TAGS[one]}">{escape(say("noscript", one))}</p>' for one in ("en", "zh"))
    return (
        f'<!doctype html>\n<html lang="{LANGUAGE_TAGS[lang]}" data-lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<title>{escape(say("title", lang))}</title>\n<link rel="icon" href="{ICON}">\n'
        '<link rel="stylesheet" href="/page.css">\n<script src="/page.js" defer></script>\n</head>\n<body>\n'
        f'<a class="skip" href="#main">{escape(say("skip", lang))}</a>\n<header class="top" id="top"></header>\n'
        f'<main id="main" class="page" tabindex="-1"><noscript>{warnings}</noscript></main>\n</body>\n</html>\n'
    )


@functools.cache
def stylesheet() -> str:
    """The style of every page, with colours that a reader can choose, and that of the parts shown here."""
    from vatspolicy.reports.access_matrix.render import style

    css = read_asset("page.css")
    dark = _DARK.search(css)
    assert dark is not None, "the dark colours of page.css stand in one block"
    colours = dark["colours"]
    chosen = (
        f'@media (prefers-color-scheme: dark) {{ :root:not([data-theme="light"]) {{{colours}}} }}\n'
        f':root[data-theme="dark"] {{ color-scheme: dark; {colours}}}\n'
        ':root[data-theme="light"] { color-scheme: light; }'
    )
    return css[: dark.start()] + chosen + css[dark.end() :] + read_asset("decision.css") + style() + _own("page.css")


@functools.cache
def script() -> str:
    """The one script: the state and what the reader does, then the fields that show it."""
    return f"{_own('page.js')}\n{_own('fields.js')}"


def _own(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
