"""A sentence and a hint for a rule about one value. The value itself is in neither: it may be a secret."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeAlias

from vatspolicy.documents.faults import Fault, type_of
from vatspolicy.errors import did_you_mean, suggest

SHORT_LIST = 8  # how many words an error lists
LONG_LIST = 24  # how many places it lists: a province has up to 21 cities

Names: TypeAlias = Mapping[str, Mapping[str, str]]
"""The names `en` and `zh` of allowed words; of a place also what it lies `within`."""


def sentence(fault: Fault, gazetteer: Names) -> tuple[str, str]:
    """What is wrong with a value, and a hint (or an empty text)."""
    rule, limit = fault.rule, fault.limit
    if fault.expected:
        return wrong_type(fault.expected, fault.value)
    if rule in ("enum", "const"):
        return not_a_member(fault.members, fault.value, _names(fault, gazetteer))
    if rule == "pattern":
        return "This does not have the expected form.", fault.schema.get("x-pattern-hint") or f"It must match {limit}"
    if rule == "format":
        what = "a date of the calendar, written YYYY-MM-DD" if limit == "date" else f"a valid {limit}"
        return f"This is not {what}.", ""
    if rule in ("minLength", "minItems", "minProperties") and limit == 1:
        return "This is empty.", ""
    if rule == "not" and isinstance(limit, dict) and (keys := limit.get("required")):
        return f"This must not have {' and '.join(map(repr, keys))}{' together' if len(keys) > 1 else ''}.", ""
    if rule in _LIMITS:
        return _LIMITS[rule].format(limit, "" if limit == 1 else "s"), ""
    if rule == "forbidden":
        return "This key is not allowed here.", ""
    if rule == "contains":
        return "The list has not the items that it needs.", ""
    return "This is not allowed here.", ""


_LIMITS = {
    "minimum": "This must be at least {0}.",
    "maximum": "This must be at most {0}.",
    "exclusiveMinimum": "This must be more than {0}.",
    "exclusiveMaximum": "This must be less than {0}.",
    "minLength": "This must have at least {0} character{1}.",
    "maxLength": "This must have at most {0} character{1}.",
    "minItems": "The list must have at least {0} item{1}.",
    "maxItems": "The list must have at most {0} item{1}.",
    "minProperties": "This must have at least {0} key{1}.",
    "maxProperties": "This must have at most {0} key{1}.",
}


# --- types -----------------------------------------------------------------------------------------------------------


def wrong_type(expected: Iterable[str], value: object) -> tuple[str, str]:
    """For a value that has none of the expected types (names of JSON Schema)."""
    names = list(dict.fromkeys(expected))
    wanted = " or ".join(_TYPES[name] for name in names if not (name == "integer" and "number" in names))
    found = _TYPES[type_of(value)]
    if names == ["integer"] and isinstance(value, float):
        found = "a number with decimals"
    return f"This expects {wanted}, not {found}.", _change_of_type(names, value)


def _change_of_type(names: Sequence[str], value: object) -> str:
    """What would give the value an expected type, if that is plain to see."""
    if "string" in names and isinstance(value, bool | int | float):
        return "Put it in quotes."
    if isinstance(value, str) and _unquoted(value) in {"number" if name == "integer" else name for name in names}:
        return "Remove the quotes."
    return "Write a list, even for one item." if names == ["array"] and value is not None else ""


def _unquoted(text: str) -> str:
    """The type that a text would have without its quotes."""
    try:
        return type_of(json.loads(text))
    except ValueError:
        return "string"


_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "keys with values",
    "null": "null",
}


# --- words -----------------------------------------------------------------------------------------------------------


def not_a_member(members: Sequence[Any], value: object, names: Names) -> tuple[str, str]:
    """For a value that is none of the members."""
    words = list(dict.fromkeys(word if isinstance(word, str) else json.dumps(word) for word in members))
    if len(words) == 1:
        return f"This must be {words[0]!r}." if words[0] in members else f"This must be {words[0]}.", ""
    near = ""
    if isinstance(value, str):
        meant = _meant(value, names)
        if meant in words:
            near = did_you_mean([meant])
        elif inner := [word for word in words if meant and meant in _around(word, names)]:
            hint = f"Name one in it: {', '.join(inner)}." if len(inner) <= LONG_LIST else "Name one place in it."
            return "This place is too wide here.", hint
        else:
            near = suggest(value, words)
    listed = f"Allowed: {', '.join(words)}." if len(words) <= SHORT_LIST else ""
    return "This is not one of the allowed values.", f"{near} {listed}".strip()


def _names(fault: Fault, gazetteer: Names) -> Names:
    """The names of the allowed words, where the schema or the gazetteer has them."""
    names: Names = fault.schema.get("x-enum", {})
    return names or (gazetteer if all(member in gazetteer for member in fault.members) else {})


def _meant(text: str, names: Names) -> str:
    """The word whose code or name, in either language, is nearly `text`; empty when there is none."""
    codes: dict[str, str] = {}
    for code, entry in names.items():
        for name in (code, entry.get("en", ""), entry.get("zh", "")):
            codes.setdefault(name.casefold(), code)
    near = get_close_matches(text.casefold(), list(codes), n=1, cutoff=0.8)
    return codes[near[0]] if near else ""


def _around(word: str, names: Names) -> list[str]:
    """The places that a place lies in."""
    found: list[str] = []
    while (word := names.get(word, {}).get("within", "")) and word not in found:
        found.append(word)
    return found
