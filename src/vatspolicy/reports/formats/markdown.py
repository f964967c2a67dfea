"""Text in Markdown for job summaries, pull requests and pages: escaped text, code, blocks and addresses."""

from __future__ import annotations

import html
import re
from urllib.parse import quote

from vatspolicy.i18n.text import clean


def escape(text: str) -> str:
    """Return text that cannot become markup, a link, a mention or HTML."""
    text = clean(" ".join(text.split()))
    text = re.sub(r"([\\`*_{}\[\]()#|~<>&!$])", r"\\\1", text)
    text = re.sub(r"^(?=[-+=])|^(\d+)(?=\.(?:\s|$))", r"\1\\", text)  # no list, no heading
    return re.sub(r"@(?=\w)|://|(?i:www\.)", _part, text)


def _part(found: re.Match[str]) -> str:
    """Return a mention or a link with an invisible space inside, so that a renderer leaves it as text."""
    return f"{found[0][0]}\u200b{found[0][1:]}"


def escape_html(text: str) -> str:
    """Return text for a line of HTML, where Markdown's own escapes have no meaning."""
    text = html.escape(clean(text, one_line=True))
    return re.sub(r"(?<!\w)@(?=\w)", "@\u200b", text).replace("://", ":\u200b//")


def code(text: str) -> str:
    """Return a code span that nothing in the text can end, fit for a table."""
    text = " ".join(text.split()).replace("|", "\\|")
    marks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return f"{marks}{pad}{text}{pad}{marks}"


def quote_name(text: str) -> str:
    """Return a name or a path as a code span between single backticks; signs that would end it are replaced."""
    return f"`{clean(text, one_line=True).replace('`', chr(39)).replace('|', '¦')}`"


def escape_address(url: str) -> str:
    """Return the address of a link, which cannot end the link or begin markup."""
    return quote(url, safe=":/?#@!$&+,;=%~-._")


def fence(text: str, language: str) -> str:
    """Return a fenced block that no line of the text can close."""
    ticks = max((len(run) for run in re.findall(r"`+", text)), default=0)
    mark = "`" * max(3, ticks + 1)
    return "\n".join([f"{mark}{language}", *clean(text).split("\n"), mark])
