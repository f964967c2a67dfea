"""Sentences about a wrong value: the fault and the correction.

No sentence holds a value of the document, which may be a secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeAlias

from vatspolicy.core.documents.faults import SchemaFault, type_of
from vatspolicy.core.documents.scalars import ASCII_COLON, WIDE_COLON
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.word_search import NEAR, SAME, Word, search_words, words_of_schema
from vatspolicy.errors import LONGEST_NAME, did_you_mean, suggest
from vatspolicy.i18n import Bilingual, Listing, LocalizedText, Message, Sentences, _

SHORT_LIST = 8  # maximum number of words in an error
LONG_LIST = 24  # maximum number of places: a province has up to 21 cities
FEW = 4  # maximum number of suggestions

Names: TypeAlias = Mapping[str, Mapping[str, str]]
"""Names (`en`, `zh`) of places, and the place that contains each (`within`)."""


def describe_fault(fault: SchemaFault, schemas: SchemaSet) -> tuple[str, str]:
    """Return a sentence about the fault, and a hint (or an empty text)."""
    if fault.expected:
        return describe_wrong_type(fault.expected, fault.value)
    match fault.rule, fault.limit:
        case (("enum" | "const"), _):
            return _describe_no_member(fault, schemas)
        case "pattern", limit:
            hint = schema_hint(fault.schema.get("x-pattern-hint")) or _("It must match {limit}", limit=limit)
            return _("This does not have the expected form."), hint
        case "format", "date":
            return _describe_no_day(fault.value)
        case "format", limit:
            return _("This is not a valid {limit}.", limit=limit), ""
        case (("minLength" | "minItems" | "minProperties"), 1):
            return _("This is empty."), schema_hint(fault.schema.get("x-empty-hint"))
        case "not", {"required": [key]}:
            return _("This must not have {keys}.", keys=Listing([key], "and", quoted=True)), ""
        case "not", {"required": [_first, *_others] as keys}:
            return _("These keys cannot be combined: {keys}.", keys=Listing(keys, "and", quoted=True)), ""
        case rule, limit if rule in _LIMITS:
            return Message(_LIMITS[rule], {"limit": limit, "s": "" if limit == 1 else "s"}), ""
        case "forbidden", _:
            return _("This key is not allowed here."), ""
        case "contains", _:
            return _("The list lacks a required item."), ""
    return _("This is not allowed here."), ""


def schema_hint(text: LocalizedText | None) -> str:
    """Return a hint that a schema states; an empty one if it states none."""
    return Bilingual(text["en"], text["zh"]) if text else ""


_LIMITS = {
    "minimum": _("This must be at least {limit}."),
    "maximum": _("This must be at most {limit}."),
    "exclusiveMinimum": _("This must be more than {limit}."),
    "exclusiveMaximum": _("This must be less than {limit}."),
    "minLength": _("This must have at least {limit} character{s}."),
    "maxLength": _("This must have at most {limit} character{s}."),
    "minItems": _("The list must have at least {limit} item{s}."),
    "maxItems": _("The list must have at most {limit} item{s}."),
    "minProperties": _("This must have at least {limit} key{s}."),
    "maxProperties": _("This must have at most {limit} key{s}."),
}


# --- types -----------------------------------------------------------------------------------------------------------


def describe_wrong_type(expected: Iterable[str], value: object) -> tuple[str, str]:
    """Return the message and hint for a value of the wrong type. `expected` are JSON Schema type names."""
    names = list(dict.fromkeys(expected))
    wanted = Listing((_TYPES[name] for name in names if not (name == "integer" and "number" in names)), "or")
    kind = _TYPES[type_of(value)]
    if names == ["integer"] and isinstance(value, float):
        kind = _("a number with decimals")
    return _("This expects {wanted}, not {found}.", wanted=wanted, found=kind), _change_of_type(
        names, value
    ) or _bare_number(names, value)


def _change_of_type(names: Sequence[str], value: object) -> str:
    """Return a hint for converting the value to an expected type, if there is an obvious conversion."""
    if "string" in names and isinstance(value, bool | int | float):
        return _("Put it in quotes.")
    if isinstance(value, str) and _unquoted(value) in {"number" if name == "integer" else name for name in names}:
        return _("Remove the quotes.")
    if isinstance(value, str) and len(value) <= LONGEST_NAME:
        if names == ["array"] and is_none(value):
            return NO_ITEMS
        if "object" in names and re.fullmatch(rf"{WIDE_COLON}.*", value, re.DOTALL):
            return ASCII_COLON
        if "boolean" in names and (meant := _BOOLEANS.get(value.strip().casefold())):
            return _("Write {meant} without quotes.", meant=meant)
    return _("Write a list, even for one item.") if names == ["array"] and value is not None else ""


def is_none(value: object) -> bool:
    """Return whether a text says that a list is empty."""
    return isinstance(value, str) and value.strip().casefold() in ("none", "no", "n/a", "nothing", "empty", "[]")


_BOOLEANS = dict.fromkeys(("yes", "y", "on", "true"), "true") | dict.fromkeys(("no", "n", "off", "false"), "false")
NO_ITEMS = _("Write [] for an empty list.")


def _bare_number(names: Sequence[str], value: object) -> str:
    """Return a hint for a number that is written with a sign, a unit or separators."""
    if not isinstance(value, str) or not {"integer", "number"} & set(names) or len(value) > LONGEST_NAME:
        return ""
    if re.fullmatch(r"\s*[0-9.,]+\s*[%％]\s*", value):
        return _("Write the number without the percent sign.")
    return _("Write digits only, without separators and units, such as 10000000.") if re.search("[0-9]", value) else ""


def _unquoted(text: str) -> str:
    """Return the type of a text without its quotes."""
    if len(text) > LONGEST_NAME:
        return "string"
    try:
        return type_of(json.loads(text))
    except ValueError:
        return "string"


_TYPES = {
    "string": _("text"),
    "integer": _("a whole number"),
    "number": _("a number"),
    "boolean": _("true or false"),
    "array": _("a list"),
    "object": _("keys with values"),
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
        return _("This must be {value!r}.", value=texts[0]) if texts[0] in members else _(
            "This must be {value}.", value=texts[0]
        ), ""
    near, inner = "", list[str]()
    if isinstance(value, str) and len(value) <= LONGEST_NAME:
        named = ((code, (code, entry.get("en", ""), entry.get("zh", ""))) for code, entry in (places or {}).items())
        meant = next(iter(_nearest(value, named)), "")
        inner = [word for word in texts if meant and meant not in texts and meant in _around(word, places or {})]
        near = _suggest_words(value, texts, words, meant, only_names=bool(inner))
    if inner and not near:
        few = _("Choose one within it: {inner}.", inner=Listing(inner))
        hint = few if len(inner) <= LONG_LIST else _("Choose a place within it.")
        return _("This place is too large here."), hint
    rest = _("Allowed: {texts}.", texts=Listing(texts)) if len(texts) <= SHORT_LIST else ""
    if listed and not rest:
        rest = _("All values: vatspolicy list {listed}.", listed=listed)
    return _("This is not one of the allowed values."), Sentences(near, rest)


def _describe_no_member(fault: SchemaFault, schemas: SchemaSet) -> tuple[str, str]:
    """Return the message and hint for a value that is not a member of an enumeration with names and synonyms."""
    words = words_of_schema(fault.schema, schemas) if fault.rule == "enum" else ()
    gazetteer: Names = schemas.load("places").get("x-gazetteer", {}) if "places" in schemas.names else {}
    places = (
        gazetteer if "x-enum" not in fault.schema and all(member in gazetteer for member in fault.members) else None
    )
    return describe_strange_word(fault.members, fault.value, words, places, fault.schema.get("x-list", ""))


def _suggest_words(value: str, texts: Sequence[str], words: Sequence[Word], place: str, only_names: bool) -> str:
    """Return `Did you mean …?` for a value: the word that it names, misspells, or is a part of."""
    matches = search_words(value, words)
    same = [word.value for grade, word in matches if grade == SAME]
    if same or only_names:
        return did_you_mean(same[:FEW])
    if place in texts:
        return did_you_mean([place])
    fitting = [word.value for _, word in matches]
    if matches and matches[0][0] == NEAR:
        return did_you_mean(fitting[:FEW])
    near = _nearest(value, ((word.value, word.names) for word in words))
    return did_you_mean(near or fitting[:FEW]) or suggest(value, texts)


def _nearest(text: str, named: Iterable[tuple[str, Iterable[str]]]) -> list[str]:
    """Return the code, if any, that has a name almost like a text. `named`: codes with their names."""
    codes: dict[str, str] = {}
    for code, names in named:
        for name in names:
            codes.setdefault(name.casefold(), code)
    return [codes[name] for name in get_close_matches(text.casefold(), list(codes), n=1, cutoff=0.8)]


def _around(word: str, names: Names) -> list[str]:
    """Return the places that a place lies in."""
    around: list[str] = []
    while (word := names.get(word, {}).get("within", "")) and word not in around:
        around.append(word)
    return around


# --- days ------------------------------------------------------------------------------------------------------------


def _describe_no_day(value: object) -> tuple[str, str]:
    """Return the message and hint for a text that is not a day, because of its form or a nonexistent date."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return _("This day does not exist in the calendar."), _("Check the month and the day.")
    return _("This is not a date."), _("Write the year, the month and the day, such as 2027-06-01.")
