"""Facts of a written profile by path: read them, and set them in a copy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vatspolicy.core.documents import Path

if TYPE_CHECKING:
    from typing import Any


def get_fact(data: Any, path: Path) -> Any:
    """Return the fact at a path, or None if there is none."""
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
