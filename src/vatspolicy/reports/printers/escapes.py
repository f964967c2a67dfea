"""Texts as parts of Markdown and HTML: no text becomes markup, a link, a mention or a control character."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from urllib.parse import quote

from vatspolicy.i18n.text import clean


def escape_markdown(text: str) -> str:
    """Return text that cannot become markup, a link, a mention or HTML."""
    text = clean(" ".join(text.split()))
    text = re.sub(r"([\\`*_{}\[\]()#|~<>&!$])", r"\\\1", text)
    text = re.sub(r"^(?=[-+=])|^(\d+)(?=\.(?:\s|$))", r"\1\\", text)  # no list, no heading
    return re.sub(r"@(?=\w)|://|(?i:www\.)", _part, text)


def _part(match: re.Match[str]) -> str:
    """Return a mention or a link with an invisible space inside, so that a renderer leaves it as text."""
    return f"{match[0][0]}\u200b{match[0][1:]}"


def escape_line_of_html(text: str) -> str:
    """Return text for a line of HTML, where Markdown's own escapes have no meaning."""
    text = html.escape(clean(text, one_line=True))
    return re.sub(r"(?<!\w)@(?=\w)", "@\u200b", text).replace("://", ":\u200b//")


def code(text: str) -> str:
    """Return a code span that the text cannot end, suitable for a table."""
    text = clean(" ".join(text.split())).replace("|", "\\|")
    marks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return f"{marks}{pad}{text}{pad}{marks}"


def quote_name(text: str) -> str:
    """Return a name or a path as a code span in single backticks, replacing characters that would end it."""
    return f"`{clean(text, one_line=True).replace('`', chr(39)).replace('|', '¦')}`"


def escape_address(url: str) -> str:
    """Return the address of a link, which cannot end the link or begin markup."""
    return quote(url, safe=":/?#@!$&+,;=%~-._")


def fence(text: str, language: str) -> str:
    """Return a fenced block that the text cannot close."""
    ticks = max((len(run) for run in re.findall(r"`+", text)), default=0)
    mark = "`" * max(3, ticks + 1)
    return "\n".join([f"{mark}{language}", *clean(text).split("\n"), mark])


# --- text in HTML: no markup, no control characters, no address that runs something


_SAFE_ADDRESS = re.compile(r"https?://[^\s\\]*|#[^\s]*|(?!/)[^:\s\\]*", re.IGNORECASE)
"""The web, a place on this page, or a page beside it; no `javascript:`, no `//host`, no `data:`."""


def escape_html(text: str) -> str:
    """Text as HTML: no markup, no control or direction characters, for contents and quoted values alike.

    A line break stays, but text never begins a line of the page's source, because runners read log lines as commands.
    """
    text = clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&#39;").replace("\n", "&#10;")


def is_address(text: str | None) -> bool:
    """Return True for an address that a link may have: http(s), relative, or a place on the page."""
    return bool(text) and _SAFE_ADDRESS.fullmatch(str(text)) is not None


def digest(text: str) -> str:
    """Return the digest of a style or a script, for the policy of a page."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
