"""The parts of a file as a tree: articles, terms and rules of a policy, cases of tests, services of a spec."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vatspolicy.core.documents import Document, Path
from vatspolicy.language_server.editor_text import EditorText, Span

_NAMES = ("id", "it", "as_of", "rule", "name", "key")
"""Keys whose value identifies a member of a list, the best first."""
DEPTH = 3
"""Levels of the tree."""


@dataclass(frozen=True)
class OutlinePart:
    """A part of a file with its name, and the parts in it."""

    name: str
    detail: str
    kind: str
    """object, list or value."""
    name_span: Span
    span: Span
    parts: tuple[OutlinePart, ...]


def find_parts(document: Document, text: EditorText) -> list[OutlinePart]:
    """Return the parts of a document."""
    return list(_parts(document, text, document.data, (), len(text.content), DEPTH))


def _parts(document: Document, text: EditorText, value: Any, path: Path, end: int, depth: int) -> Iterator[OutlinePart]:
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
        kind = "object" if isinstance(child, dict) else "list" if isinstance(child, list) else "value"
        inner = tuple(_parts(document, text, child, (*path, key), behind, depth - 1))
        yield OutlinePart(name, _detail(child), kind, name_span, Span(start, max(last, name_span.end)), inner)


def _name(value: dict[str, Any], index: int) -> str:
    return next((str(value[key]) for key in _NAMES if key in value), str(index + 1)) or str(index + 1)


def _detail(value: Any) -> str:
    if isinstance(value, dict):
        for key in ("message", "title", "label"):
            if isinstance(said := value.get(key), dict) and isinstance(said.get("zh"), str):
                return str(said["zh"])
        return ""
    return "" if value is None or isinstance(value, list) else str(value)[:80]
