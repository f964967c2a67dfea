"""The frame of the page, which its script fills, the stylesheet, and a note for browsers without scripts."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.formats.html import escape
from vatspolicy.reports.formats.html_page import ICON, LANGUAGE_TAGS, read_asset
from vatspolicy.server.web.words import say

_DARK = re.compile(r"@media \(prefers-color-scheme: dark\) \{\s*:root \{(?P<colors>[^}]*)\}\s*\}")


def render_frame(lang: Language) -> str:
    """Return the page; `lang` is the language that it begins in."""
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
def build_stylesheet() -> str:
    """Return the styles of reports, of the matrix and of the page, with a choice of colors."""
    from vatspolicy.reports.access_matrix.render import style

    css = read_asset("page.css")
    dark = _DARK.search(css)
    assert dark is not None, "the dark colors of page.css stand in one block"
    colors = dark["colors"]
    chosen = (
        f'@media (prefers-color-scheme: dark) {{ :root:not([data-theme="light"]) {{{colors}}} }}\n'
        f':root[data-theme="dark"] {{ color-scheme: dark; {colors}}}\n'
        ':root[data-theme="light"] { color-scheme: light; }'
    )
    return (
        css[: dark.start()] + chosen + css[dark.end() :] + read_asset("decision.css") + style() + _read_own("page.css")
    )


@functools.cache
def read_script() -> str:
    """Return the script: the state and the actions of the reader, then the panels, then the form fields."""
    return "\n".join(map(_read_own, ("page.js", "panels.js", "fields.js")))


def _read_own(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
