"""Facts of a written profile by path: read them, and set them in a copy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from vatspolicy.core.documents import Document, Path, split_path
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _

if TYPE_CHECKING:
    from typing import Any


def get_fact(data: Any, path: Path) -> Any:
    """Return the fact at a path, or None."""
    for step in path:
        if isinstance(data, Mapping):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data


def set_fact(data: Any, path: Path, value: Any) -> Any:
    """Return a copy of the data with a fact set; unchanged parts are shared.

    Missing objects on the path are created, an index one past the end appends, and a place that is written as a code
    becomes an object.
    """
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        members = list(data or [])
        if step == len(members):
            members.append(None)
        members[step] = set_fact(members[step], rest, value)
        return members
    entries = {"at": data} if isinstance(data, str) else dict(data or {})
    entries[step] = set_fact(entries.get(step), rest, value)
    return entries


def is_launch(document: Document) -> bool:
    """Return True for a launch of several companies, which is not a profile itself."""
    return isinstance(document.data, dict) and "companies" in document.data


def change(document: Document, changes: Iterable[tuple[str, Any]]) -> Document:
    """Return the document with facts set by dotted path, or removed for None. Raises InvalidInput for a wrong path."""
    changes = tuple(changes)
    if not changes:
        return document
    import copy
    import itertools

    data = copy.deepcopy(document.data)
    for dotted, value in changes:
        steps = split_path(dotted)
        target: Any = data
        try:
            for step, following in itertools.pairwise(steps):
                if isinstance(target, dict) and step not in target and value is not None:
                    target[step] = [] if isinstance(following, int) else {}
                target = target[step]
            _put(target, steps[-1], copy.deepcopy(value))  # a later change may edit a part of it
        except (KeyError, IndexError, TypeError):
            if value is not None:
                raise InvalidInput([Problem(document.file, 1, 1, dotted, _("This path cannot be set."))]) from None
    return replace(document, data=data)


def _put(target: Any, step: str | int, value: Any) -> None:
    if value is None:
        del target[step]
    elif isinstance(target, list) and step == len(target):
        target.append(value)
    else:
        target[step] = value
