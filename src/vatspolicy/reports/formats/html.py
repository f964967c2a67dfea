"""HTML that is safe by construction: every text is cleaned and escaped, and only `tag` makes markup.

No function takes ready-made markup: text is plain text, and addresses of links are checked, so
that no profile, policy or file name can add an element, an event handler or an address that runs something.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from vatspolicy.i18n.text import clean


@dataclass(frozen=True, slots=True)
class Html:
    """Finished markup. The functions of this module make it; who makes one elsewhere answers for every character."""

    markup: str

    def __str__(self) -> str:
        return self.markup

    def __html__(self) -> str:
        """Return the markup, which templates do not escape again."""
        return self.markup


Content: TypeAlias = "str | int | float | Html | Iterable[Content] | None"
"""Content of an element: text, numbers, elements, and lists of these; None is empty."""
Attribute: TypeAlias = "str | int | float | bool | None"

EMPTY = Html("")
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*")
_VOID = frozenset(["br", "hr", "input", "link", "meta", "wbr"])
_INERT = frozenset(["script", "style", "iframe", "object", "embed", "base", "form"])
"""Elements that pages have no use for beyond what `frame` writes itself."""
_ADDRESSES = frozenset(["href", "src", "action", "formaction", "data", "poster", "srcset", "xlink-href"])
_SAFE_ADDRESS = re.compile(r"https?://[^\s\\]*|#[^\s]*|(?!/)[^:\s\\]*", re.IGNORECASE)
"""The web, a place on this page, or a page beside it; no `javascript:`, no `//host`, no `data:`."""
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "\n": "&#10;"})
"""A line break stays one, but no text begins a line of the page's source: runners read lines of logs as commands."""


def tag(name: str, /, *content: Content, **attributes: Attribute) -> Html:
    """Build an element. `class_` and `for_` lose their underscore, others become hyphens (`aria_label`, `data_state`).

    An attribute that is None or False is left out, True has no value. An address that is not http(s), relative or a
    place on the page is left out, and so are event handlers and `style`. Raises ValueError for an invalid name.
    """
    if not _NAME.fullmatch(name) or name.lower() in _INERT:
        raise ValueError(f"{name!r} is not an element of a page")
    opening = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    if name in _VOID:
        return Html(opening)
    return Html(f"{opening}{''.join(_parts(content))}</{name}>")


def join(*content: Content, between: Content = None) -> Html:
    """Contents one after another, with something between them."""
    gap = "".join(_parts([between]))
    return Html(gap.join("".join(_parts([part])) for part in content if part is not None))


def escape(text: str) -> str:
    """Text as HTML: no markup, no control or direction characters, for contents and quoted values alike."""
    return clean(text).translate(_ESCAPES)


def link(text: Content, address: str | None, **attributes: Attribute) -> Html:
    """Build a link, or return the bare text if the address is missing or not allowed."""
    if not address or not _SAFE_ADDRESS.fullmatch(address):
        return join(text)
    away = {"rel": "noreferrer"} if ":" in address else {}
    return tag("a", text, href=address, **away, **attributes)


def data_block(id: str, value: Any) -> Html:
    """Build a data block for a script, as JSON that cannot end its element. A browser does not run it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    for sign, code in (
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        text = text.replace(sign, code)
    return Html(f'<script type="application/json" id="{escape(id)}">{clean(text)}</script>')


def _attribute(key: str, value: Attribute) -> str:
    name = key.rstrip("_").replace("_", "-")
    if not _NAME.fullmatch(name) or name.lower().startswith("on") or name.lower() == "style":
        raise ValueError(f"{name!r} is not an attribute of a page")
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    if name.lower() in _ADDRESSES and not _SAFE_ADDRESS.fullmatch(text):
        return ""
    return f' {name}="{escape(text)}"'


def _parts(content: Iterable[Content]) -> Iterable[str]:
    for part in content:
        match part:
            case None:
                continue
            case Html(markup=markup):
                yield markup
            case str():
                yield escape(part)
            case int() | float():
                yield escape(f"{part:g}" if isinstance(part, float) else str(part))
            case _:
                yield from _parts(part)
