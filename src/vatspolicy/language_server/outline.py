"""The parts of a file as a tree: articles, terms and rules of a policy, cases of tests, services of a spec."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lsprotocol import types

from vatspolicy.core.documents import Document, Path
from vatspolicy.language_server.editor_text import EditorText, Span

_NAMES = ("id", "it", "as_of", "rule", "name", "key")
"""Keys whose value identifies a member of a list, the best first."""
DEPTH = 3
"""Levels of the tree."""
_KINDS: dict[type, types.SymbolKind] = {dict: types.SymbolKind.Object, list: types.SymbolKind.Array}


def find_parts(document: Document, text: EditorText) -> list[types.DocumentSymbol]:
    """Return the parts of a document, with the parts in them."""
    return list(_parts(document, text, document.data, (), len(text.content), DEPTH))


def _parts(
    document: Document, text: EditorText, value: Any, path: Path, end: int, depth: int
) -> Iterator[types.DocumentSymbol]:
    if depth == 0 or not value or not isinstance(value, dict | list):
        return
    entries: list[tuple[str | int, Any]] = list(value.items() if isinstance(value, dict) else enumerate(value))
    starts = [text.at(*document.mark((*path, key), key=isinstance(key, str))) for key, _ in entries]
    for (key, child), start, behind in zip(entries, starts, [*starts[1:], end], strict=True):
        if isinstance(key, int) and not isinstance(child, dict):
            continue
        name = str(key) if isinstance(key, str) else _name(child, key)
        last = start + len(text.content[start:behind].rstrip(" \n-"))
        name_span = text.token(start)
        if name_span.end > last:
            name_span = Span(start, last)
        yield types.DocumentSymbol(
            name or "-",
            _KINDS.get(type(child), types.SymbolKind.String),
            text.range(Span(start, max(last, name_span.end))),
            text.range(name_span),
            detail=_detail(child) or None,
            children=list(_parts(document, text, child, (*path, key), behind, depth - 1)),
        )


def _name(value: dict[str, Any], index: int) -> str:
    return next((str(value[key]) for key in _NAMES if key in value), str(index + 1)) or str(index + 1)


def _detail(value: Any) -> str:
    if isinstance(value, dict):
        for key in ("message", "title", "label"):
            if isinstance(said := value.get(key), dict) and isinstance(said.get("zh"), str):
                return str(said["zh"])
        return ""
    return "" if value is None or isinstance(value, list) else str(value)[:80]
