"""Comparisons as data, which tests read and edit, and the reports on such data."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from vatspolicy.authoring.diff import review
from vatspolicy.authoring.diff.result import Review, to_json
from vatspolicy.authoring.diff.sources import Source
from vatspolicy.core.engine.result import fields_in_json
from vatspolicy.errors import Problem
from vatspolicy.i18n import Language
from vatspolicy.reports import diff as reports
from vatspolicy.reports.diff import overview as first_screen

Data = Mapping[str, Any]


def compare_revisions(base: Source, head: Source, settings: review.ComparisonSettings) -> dict[str, Any]:
    """Return the comparison of two states as data."""
    return dict(to_json(review.compare_revisions(base, head, settings)))


def to_review(data: Data | Review) -> Review:
    """Return the comparison that data describes."""
    return data if isinstance(data, Review) else decode(Review, data)


@cache
def hints_of(kind: type) -> dict[str, Any]:
    """Return the types of the fields of a part of a comparison."""
    return get_type_hints(kind, localns={"LocalizedText": Mapping})  # the alias is a text when the program runs


def decode(kind: Any, data: Any) -> Any:
    """Return the value of a type that data describes: the inverse of `encode`."""
    if get_origin(kind) in (Union, types.UnionType):
        return None if data is None else decode(next(one for one in get_args(kind) if one is not type(None)), data)
    if get_origin(kind) is tuple:
        return tuple(decode(get_args(kind)[0], one) for one in data)
    if kind is Problem:
        return Problem(**data)
    if not isinstance(kind, type) or not is_dataclass(kind) or data == ():
        return data
    hints = hints_of(kind)
    values: dict[str, Any] = {}
    known: set[str] = set()
    for name, key, _, flat in fields_in_json(kind):
        own = {one for _, one, _, _ in fields_in_json(hints[name])} if flat else {key}
        values[name] = decode(hints[name], {one: data[one] for one in own} if flat else data.get(key, ()))
        known |= own
    assert data.keys() <= known, data.keys() - known
    return kind(**values)


def render(format: str, data: Data | Review, lang: Language, color: bool = False, room: int = 100) -> str:
    """Render a comparison that is given as data."""
    return reports.render(format, to_review(data), lang, color, room)


def overview(data: Data | Review, lang: Language) -> list[str]:
    """Return the sentences that a reviewer reads first."""
    return list(first_screen.overview(to_review(data), lang))


def questions(data: Data | Review, lang: Language) -> list[str]:
    """Return the decisions that a reviewer must take."""
    return list(first_screen.questions(to_review(data), lang))
