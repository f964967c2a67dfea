"""The header `Link` (RFC 8288, which replaces RFC 5988): addresses with their relations."""

from __future__ import annotations

import re

_TARGET = re.compile(r"[ \t,]*<([^<>]*)>[ \t]*")
_PARAMETER = re.compile(
    r';[ \t]*(?:([!#$%&\'*+.^_`|~0-9A-Za-z-]+)[ \t]*(?:=[ \t]*("(?:[^"\\]|\\.)*"|[^",;\s]*)[ \t]*)?)?'
)
_ESCAPE = re.compile(r"\\(.)")


def find_link(header: str, relation: str) -> str | None:
    """Return the first address of a relation, which may be relative; None if there is none.

    Raises ValueError for a header that cannot be read to its end.
    """
    found, at, text = None, 0, header.strip(" \t,")
    while at < len(text):
        target = _TARGET.match(text, at)
        if target is None:
            raise ValueError(header)
        at = target.end()
        relations: list[str] | None = None
        while parameter := _PARAMETER.match(text, at):
            at = parameter.end()
            if (parameter[1] or "").lower() == "rel" and relations is None:  # further ones do not count
                relations = _unquote(parameter[2] or "").lower().split()
        if at < len(text) and text[at] != ",":
            raise ValueError(header)
        if found is None and relation in (relations or ()):
            found = target[1]
    return found


def _unquote(text: str) -> str:
    return _ESCAPE.sub(r"\1", text[1:-1]) if text.startswith('"') else text
