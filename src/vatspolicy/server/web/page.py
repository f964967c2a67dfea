"""The frame of the page, which its script fills, the stylesheet, and a note for browsers without scripts."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from vatspolicy.i18n import Language
from vatspolicy.reports.access_matrix.render import read_style
from vatspolicy.reports.formats.templating import ICON, LANGUAGE_TAGS, read_asset, render_html
from vatspolicy.server.web.words import say

_DARK = re.compile(r"@media \(prefers-color-scheme: dark\) \{\s*:root \{(?P<colors>[^}]*)\}\s*\}")


def render_frame(lang: Language) -> str:
    """Return the page; `lang` is the language that it begins in."""
    return str(render_html("server/frame.html.j2", icon=ICON, lang=lang, say=say, tags=LANGUAGE_TAGS))


@functools.cache
def build_stylesheet() -> str:
    """Return the styles of reports, of the matrix and of the page, with a choice of colors."""
    css = read_asset("page.css")
    dark = _DARK.search(css)
    assert dark is not None, "the dark colors of page.css stand in one block"
    colors = dark["colors"]
    chosen = (
        f'@media (prefers-color-scheme: dark) {{ :root:not([data-theme="light"]) {{{colors}}} }}\n'
        f':root[data-theme="dark"] {{ color-scheme: dark; {colors}}}\n'
        ':root[data-theme="light"] { color-scheme: light; }'
    )
    parts = [css[: dark.start()], chosen, css[dark.end() :], read_asset("decision.css"), read_style()]
    return "".join([*parts, _read_own("page.css")])


@functools.cache
def read_script() -> str:
    """Return the script: the state and the actions of the reader, then the panels, then the form fields."""
    return "\n".join(map(_read_own, ("page.js", "panels.js", "fields.js")))


def _read_own(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
