"""Lines of a policy file that an edit touches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from vatspolicy.core.documents import Document, Path
from vatspolicy.core.documents.plain import Tree

Difference: TypeAlias = tuple[str, Tree, Tree]
"""Place in an entry, such as `route.conditions[region].check`, and the values before and after."""
_STEP = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")


def first_edited_line(document: Document, path: Path, fields: Iterable[Difference]) -> int:
    """Return the first line of the document that differs in an entry; that of the entry if nothing there is left."""
    entry = document.mark(path)[0]
    lines = [
        _edited_line(document, (*path, *_steps(_value_at(document, path), name)), before, after)
        for name, before, after in fields
    ]
    return min((line for line in lines if line > entry), default=entry)


def _steps(entry: Tree, name: str) -> Iterator[str | int]:
    """Yield the steps to a place such as `route.conditions[region].check`, as far as the entry has it."""
    for key, id in _STEP.findall(name):
        if isinstance(entry, Mapping) and key in entry:
            yield key
            entry = entry[key]
        elif isinstance(entry, list):
            found = [index for index, item in enumerate(entry) if isinstance(item, Mapping) and item.get("id") == id]
            if not found:
                return
            yield found[0]
            entry = entry[found[0]]
        else:
            return


def _value_at(document: Document, path: Path) -> Tree:
    value = document.data
    for step in path:
        value = value[step]
    return value


def _edited_line(document: Document, path: Path, before: Tree, after: Tree) -> int:
    """Return the line of the first member or character that differs in a value."""
    if isinstance(before, list) and isinstance(after, list) and _value_at(document, path) == after:
        new = (index for index, item in enumerate(after) if item not in before)
        return document.mark((*path, next(new, 0)))[0]
    if isinstance(before, str) and isinstance(after, str) and _value_at(document, path) == after:
        first = _first_difference(before, after)
        return document.locate(path, first)[0]
    return document.mark(path, key=True)[0]


def _first_difference(before: str, after: str) -> int:
    """Return the index in `after` of the first character that differs, spaces and line breaks left aside."""
    old = [char for char in before if not char.isspace()]
    new = [(index, char) for index, char in enumerate(after) if not char.isspace()]
    for (index, char), other in zip(new, old, strict=False):
        if char != other:
            return index
    return new[len(old)][0] if len(new) > len(old) else len(after)
