"""Small mistakes in parameters: a value one unit off, a member of a list left out, a day too early or too late."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator
from typing import Any

from vatspolicy.documents import Path
from vatspolicy.policies.model import Value

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def shifted(day: str, days: int) -> str:
    """The day so many days later; earlier for a negative number."""
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days=days)).isoformat()


def values(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any, str]]:
    """Every mistake in a value: where it stands inside the value, the whole value with the mistake, and in words."""
    match value:
        case bool():
            yield path, not value, f"{_plain(value)} becomes {_plain(not value)}"
        case int() | float():
            for step in (1, -1):
                yield path, value + step, f"{_plain(value)} becomes {_plain(value + step)}"
        case str() if _DAY.fullmatch(value):
            for step in (1, -1):
                yield path, shifted(value, step), f"{value} becomes {shifted(value, step)}"
        case list():
            for index, member in enumerate(value):
                if len(value) > 1:
                    rest = [*value[:index], *value[index + 1 :]]
                    yield (*path, index), rest, f"{_named(member)} is dropped from the list"
                if isinstance(member, dict | list):
                    for where, other, words in values(member, (*path, index)):
                        yield where, [*value[:index], other, *value[index + 1 :]], f"{words} ({_named(member)})"
        case dict():
            for key, child in value.items():
                for where, other, words in values(child, (*path, key)):
                    yield where, {**value, key: other}, words


def days(entries: tuple[Value, ...]) -> Iterator[tuple[int, tuple[Value, ...], str]]:
    """The days of later values, each moved by one: which value, all values with the mistake, and in words.

    The first value has no day to move: before it no rule that reads the parameter is in force.
    """
    for index, entry in enumerate(entries[1:], 1):
        for step in (1, -1):
            since = shifted(entry.since, step)
            neighbours = [entries[index - 1].since, *(later.since for later in entries[index + 1 : index + 2])]
            if since in neighbours:
                continue
            moved = Value(since, entry.cite, entry.value)
            yield index, (*entries[:index], moved, *entries[index + 1 :]), f"from {entry.since} becomes {since}"


def _named(member: Any) -> str:
    return str(member["id"]) if isinstance(member, dict) and "id" in member else _plain(member)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
