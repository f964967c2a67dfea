"""Values of parameters by day: an entry states the value, or changes some members of the previous list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vatspolicy.core.documents import Path
from vatspolicy.i18n import _


class ListChangeError(ValueError):
    """A change that does not fit the previous list, with the place of the fault below `values`."""

    def __init__(self, path: Path, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.path, self.message, self.hint = path, message, hint


def stated_values(entries: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return the value of each entry of `values`, in its order. Raises ListChangeError.

    Members keep their order, and new members come last. A member is a word, or an object that its `id` names.
    """
    values: list[Any] = []
    for index, entry in enumerate(entries):
        change = next((key for key in ("remove", "add") if key in entry), None)
        if change is None:
            values.append(entry["value"])
            continue
        if "value" in entry:
            message = _("An entry states a value, or changes the list before it.")
            raise ListChangeError((index, change), message, _("Keep one of the two."))
        before = values[-1] if values else None
        if not isinstance(before, list):
            message, hint = _("There is no list before this entry."), _("State the whole value.")
            raise ListChangeError((index, change), message, hint)
        values.append(_changed(before, entry, index))
    return values


def _changed(before: Sequence[Any], entry: Mapping[str, Any], index: int) -> list[Any]:
    members = {_name(member): member for member in before}
    only = _("Only words, and objects with an id, can be added or removed.")
    if None in members:
        raise ListChangeError((index,), only)
    for position, name in enumerate(entry.get("remove", ())):
        if name not in members:
            message = _("{name!r} is not in the list before this entry.", name=name)
            raise ListChangeError((index, "remove", position), message)
        del members[name]
    for position, member in enumerate(entry.get("add", ())):
        value = _name(member)
        if value is None:
            raise ListChangeError((index, "add", position), only)
        if value in members:
            raise ListChangeError((index, "add", position), _("{found!r} is in the list already.", found=value))
        members[value] = member
    return list(members.values())


def _name(member: Any) -> str | None:
    name = member.get("id") if isinstance(member, dict) else member
    return name if isinstance(name, str) else None
