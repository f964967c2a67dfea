"""Sentences about a wrong value: what is wrong with it, and what to write instead.

No sentence holds a value of the document, which may be a secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeAlias

from vatspolicy.documents.faults import Fault, type_of
from vatspolicy.documents.schemas import SchemaSet
from vatspolicy.documents.words import NEAR, SAME, Word, search_words, words_of_schema
from vatspolicy.errors import LONGEST_NAME, did_you_mean, suggest

SHORT_LIST = 8  # how many words an error lists
LONG_LIST = 24  # how many places it lists: a province has up to 21 cities
FEW = 4  # how many words it suggests

Names: TypeAlias = Mapping[str, Mapping[str, str]]
"""Names (`en`, `zh`) of places, and the place that contains each (`within`)."""


def describe_fault(fault: Fault, schemas: SchemaSet) -> tuple[str, str]:
    """Return a sentence about the fault, and a hint (or an empty text)."""
    rule, limit = fault.rule, fault.limit
    if fault.expected:
        return describe_wrong_type(fault.expected, fault.value)
    if rule in ("enum", "const"):
        return _describe_no_member(fault, schemas)
    if rule == "pattern":
        return "This does not have the expected form.", fault.schema.get("x-pattern-hint") or f"It must match {limit}"
    if rule == "format":
        return _describe_no_day(fault.value) if limit == "date" else (f"This is not a valid {limit}.", "")
    if rule in ("minLength", "minItems", "minProperties") and limit == 1:
        return "This is empty.", fault.schema.get("x-empty-hint", "")
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


def describe_wrong_type(expected: Iterable[str], value: object) -> tuple[str, str]:
    """Return the message and hint for a value of the wrong type. `expected` are JSON Schema type names."""
    names = list(dict.fromkeys(expected))
    wanted = " or ".join(_TYPES[name] for name in names if not (name == "integer" and "number" in names))
    found = _TYPES[type_of(value)]
    if names == ["integer"] and isinstance(value, float):
        found = "a number with decimals"
    return f"This expects {wanted}, not {found}.", _change_of_type(names, value) or _bare_number(names, value)


def _change_of_type(names: Sequence[str], value: object) -> str:
    """Return a hint that gives the value an expected type, if there is an obvious one."""
    if "string" in names and isinstance(value, bool | int | float):
        return "Put it in quotes."
    if isinstance(value, str) and _unquoted(value) in {"number" if name == "integer" else name for name in names}:
        return "Remove the quotes."
    return "Write a list, even for one item." if names == ["array"] and value is not None else ""


def _bare_number(names: Sequence[str], value: object) -> str:
    """Return a hint for a number that is written with a sign, a unit or separators."""
    if not isinstance(value, str) or not {"integer", "number"} & set(names) or len(value) > LONGEST_NAME:
        return ""
    if re.fullmatch(r"\s*[0-9.,]+\s*[%％]\s*", value):
        return "Write the number without the percent sign."
    return "Write digits only, without separators and units, such as 10000000." if re.search("[0-9]", value) else ""


def _unquoted(text: str) -> str:
    """Return the type that a text would have without its quotes."""
    if len(text) > LONGEST_NAME:
        return "string"
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


def describe_strange_word(
    members: Sequence[Any], value: object, words: Sequence[Word] = (), places: Names | None = None, listed: str = ""
) -> tuple[str, str]:
    """Return the message and hint for a value that is not a member.

    `words` are the members with their names; for places, `places` says which contains which. `listed` is the name
    under which `vatspolicy list` shows the members.
    """
    texts = list(dict.fromkeys(word if isinstance(word, str) else json.dumps(word) for word in members))
    if len(texts) == 1:
        return f"This must be {texts[0]!r}." if texts[0] in members else f"This must be {texts[0]}.", ""
    near = ""
    if isinstance(value, str) and len(value) <= LONGEST_NAME:
        meant = _meant(value, places) if places else ""
        inner = [] if meant in texts else [word for word in texts if meant and meant in _around(word, places or {})]
        near = _suggest_words(value, texts, words, meant, only_names=bool(inner))
        if inner and not near:
            hint = f"Name one in it: {', '.join(inner)}." if len(inner) <= LONG_LIST else "Name one place in it."
            return "This place is too wide here.", hint
    rest = f"Allowed: {', '.join(texts)}." if len(texts) <= SHORT_LIST else ""
    if listed and not rest:
        rest = f"All values: vatspolicy list {listed}."
    return "This is not one of the allowed values.", f"{near} {rest}".strip()


def _describe_no_member(fault: Fault, schemas: SchemaSet) -> tuple[str, str]:
    """Return the message and hint for a value that is not a member of an enumeration with names and synonyms."""
    words = words_of_schema(fault.schema, schemas) if fault.rule == "enum" else ()
    gazetteer: Names = schemas.load("places").get("x-gazetteer", {}) if "places" in schemas.names else {}
    places = gazetteer if "x-enum" not in fault.schema and all(one in gazetteer for one in fault.members) else None
    return describe_strange_word(fault.members, fault.value, words, places, fault.schema.get("x-list", ""))


def _suggest_words(value: str, texts: Sequence[str], words: Sequence[Word], place: str, only_names: bool) -> str:
    """Return `Did you mean …?` for a value: what it is a name of, what it misspells, or what it is a part of."""
    found = search_words(value, words)
    same = [word.value for grade, word in found if grade == SAME]
    if same or only_names:
        return did_you_mean(same[:FEW])
    if place in texts:
        return did_you_mean([place])
    fitting = [word.value for _, word in found]
    if found and found[0][0] == NEAR:
        return did_you_mean(fitting[:FEW])
    return _misspelt(value, words) or did_you_mean(fitting[:FEW]) or suggest(value, texts)


def _misspelt(value: str, words: Sequence[Word]) -> str:
    """Return `Did you mean …?` for the word whose code or name is nearly the value, or an empty text."""
    codes: dict[str, str] = {}
    for word in words:
        for name in word.names:
            codes.setdefault(name.casefold(), word.value)
    near = get_close_matches(value.casefold(), list(codes), n=1, cutoff=0.8)
    return did_you_mean([codes[near[0]]]) if near else ""


def _meant(text: str, names: Names) -> str:
    """Return the place whose code or name, in either language, is nearly `text`; empty if there is none."""
    codes: dict[str, str] = {}
    for code, entry in names.items():
        for name in (code, entry.get("en", ""), entry.get("zh", "")):
            codes.setdefault(name.casefold(), code)
    near = get_close_matches(text.casefold(), list(codes), n=1, cutoff=0.8)
    return codes[near[0]] if near else ""


def _around(word: str, names: Names) -> list[str]:
    """Return the places that a place lies in."""
    found: list[str] = []
    while (word := names.get(word, {}).get("within", "")) and word not in found:
        found.append(word)
    return found


# --- days ------------------------------------------------------------------------------------------------------------


def _describe_no_day(value: object) -> tuple[str, str]:
    """Return the message and hint for a text that is not a day: of another form, or of a month that is shorter."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return "The calendar has no such day.", "Check the month and the day."
    return "This is not a date.", "Write the year, the month and the day, such as 2027-06-01."
