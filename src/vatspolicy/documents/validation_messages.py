"""Validation errors in words: which to tell, where, and of several alternatives which one was meant.

No message holds a value of the document, which may be a secret, only its keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias

from vatspolicy.documents.document import Document, Path
from vatspolicy.errors import Problem, did_you_mean, suggest


@dataclass(frozen=True)
class Fault:
    """A violation of a schema keyword by a value. `rule` is the keyword; `forbidden` stands for the schema `false`."""

    rule: str
    limit: Any
    value: Any
    schema: Mapping[str, Any]
    path: Path
    depth: int  # steps from the value whose alternatives were tried
    branch: str | int  # which alternative this is about
    of_key: bool  # `value` is a key of the mapping at `path`
    unexpected: tuple[str, ...]  # keys that are not known there
    alternatives: tuple[Fault, ...]

    @property
    def members(self) -> list[Any]:
        """The values that `enum` or `const` allows."""
        return as_list(self.limit) if self.rule == "enum" else [self.limit]

    @property
    def expected(self) -> list[str]:
        """The types that are asked for, if `value` has another: a list of words asks for text too."""
        if self.rule == "type":
            return as_list(self.limit)
        if self.rule in ("enum", "const"):
            types = dict.fromkeys(type_of(member) for member in self.members)
            return [] if type_of(self.value) in types else list(types)
        return []


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, and any other value as its only member."""
    return value if isinstance(value, list) else [value]


def type_of(value: object) -> str:
    """Return the type of a value by its name in JSON Schema; `number` for whole numbers too."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


_ABOUT_KEYS = ("forbidden", "not", "minProperties", "maxProperties")


class Explainer:
    """Faults of one document in words. No problem holds a value of the document, only its keys."""

    def __init__(self, document: Document, gazetteer: Names) -> None:
        self._document = document
        self._gazetteer = gazetteer
        self._special = {
            "additionalProperties": self._unknown_keys,
            "unevaluatedProperties": self._unknown_keys,
            "required": self._missing_keys,
            "dependentRequired": self._missing_companions,
            "uniqueItems": self._repeated_items,
            "anyOf": self._alternatives,
            "oneOf": self._alternatives,
        }

    def explain_all(self, faults: Sequence[Fault]) -> Iterator[Problem]:
        """Yield a problem per fault; a value of the wrong type has one, and none for rules about the right type."""
        mistyped: dict[Path, Fault] = {}
        for fault in faults:
            if fault.expected:
                mistyped.setdefault(fault.path, fault)
        for fault in faults:
            if mistyped.get(fault.path, fault) is fault:
                yield from self._explain(fault)

    def _explain(self, fault: Fault) -> Iterable[Problem]:
        explain = self._special.get(fault.rule)
        if explain and (problems := list(explain(fault))):
            return problems
        message, hint = sentence(fault, self._gazetteer)
        if fault.of_key:
            message = message.replace("This", "This key", 1)
            return [self._document.problem((*fault.path, fault.value), message, hint, key=True)]
        return [self._document.problem(fault.path, message, hint, key=fault.rule in _ABOUT_KEYS)]

    # --- keys and items ---

    def _unknown_keys(self, fault: Fault) -> Iterator[Problem]:
        known = set(_named_keys(fault.schema))
        free = known - set(fault.value)
        for key in fault.unexpected:
            hint = fault.schema.get("x-elsewhere", {}).get(key) or suggest(key, free) or suggest(key, known)
            if not hint and 0 < len(known) <= SHORT_LIST:
                hint = f"Known here: {', '.join(sorted(known))}."
            yield self._document.problem((*fault.path, key), "This key is not known here.", hint, key=True)

    def _missing_keys(self, fault: Fault) -> Iterator[Problem]:
        for key in fault.limit:
            if key not in fault.value:
                yield self._document.problem(fault.path, f"The key {key!r} is missing.", key=True)
            elif fault.value[key] is None:
                yield self._document.problem((*fault.path, key), "This must have a value.")

    def _missing_companions(self, fault: Fault) -> Iterator[Problem]:
        for key, needed in fault.limit.items():
            for other in needed if key in fault.value else ():
                if other not in fault.value:
                    message = f"The key {other!r} is missing: it belongs to {key!r}."
                    yield self._document.problem((*fault.path, key), message, key=True)

    def _repeated_items(self, fault: Fault) -> Iterator[Problem]:
        seen: set[str] = set()
        for index, item in enumerate(fault.value):
            text = json.dumps(item, sort_keys=True)
            if text in seen:
                message = "The list holds this item twice."
                yield self._document.problem((*fault.path, index), message, "Remove one of the two.")
            seen.add(text)

    # --- alternatives ---

    def _alternatives(self, fault: Fault) -> Iterator[Problem]:
        """Yield the problems of the alternative that was most likely meant, or of all of them together."""
        if keys := _keys_to_choose_from(fault):
            yield from self._one_of_keys(fault, keys)
            return
        branches: dict[str | int, list[Fault]] = {}
        for inner in fault.alternatives:
            branches.setdefault(inner.branch, []).append(inner)
        if not branches:
            message, hint = "This can be read in more than one way.", "Keep one of the alternatives."
            yield self._document.problem(fault.path, message, hint, key=True)
            return
        alike = [faults for faults in branches.values() if not any(_wrong_at_root(one) for one in faults)]
        if not alike:
            expected = [
                name for faults in branches.values() for one in faults if not one.depth for name in one.expected
            ]
            yield self._document.problem(fault.path, *wrong_type(expected, fault.value))
        elif len(alike) > 1 and (choices := _shared_choices(alike)):
            where, members, value = choices
            yield self._document.problem(where, *not_a_member(members, value, {}))
        else:
            yield from self.explain_all(min(alike, key=_distance))

    def _one_of_keys(self, fault: Fault, keys: list[str]) -> Iterator[Problem]:
        given = [key for key in fault.value if key in keys]
        number = "Exactly" if fault.rule == "oneOf" else "At least"
        message = f"{number} one of these keys belongs here: {', '.join(keys)}."
        if len(given) > 1:
            hint = f"Keep one of: {', '.join(given)}."
            yield self._document.problem((*fault.path, given[1]), message, hint, key=True)
        else:
            yield self._document.problem(fault.path, message, key=True)


def _named_keys(schema: Any) -> Iterator[str]:
    """Yield the keys that a schema names, also in its alternatives and conditions."""
    if not isinstance(schema, dict):
        return
    yield from (key for key, rule in schema.get("properties", {}).items() if rule is not False)
    for rule in ("allOf", "anyOf", "oneOf"):
        for branch in schema.get(rule, ()):
            yield from _named_keys(branch)
    for rule in ("if", "then", "else"):
        yield from _named_keys(schema.get(rule))


def _keys_to_choose_from(fault: Fault) -> list[str]:
    """Return the keys of which one is required, if the alternatives require nothing else; else none."""
    required = [one["required"] if isinstance(one, dict) and one.keys() == {"required"} else [] for one in fault.limit]
    if isinstance(fault.value, dict) and all(len(keys) == 1 for keys in required):
        return [keys[0] for keys in required]
    return []


def _wrong_at_root(fault: Fault) -> bool:
    """Return True if an alternative is for values of another type."""
    return not fault.depth and bool(fault.expected)


def _shared_choices(branches: Sequence[list[Fault]]) -> tuple[Path, list[Any], Any] | None:
    """Return the place, the words and the value at which all alternatives fail because each expects other words.

    Such a value (`kind: …`) says which alternative is meant, so that a slip in it is the mistake to tell.
    """
    found: dict[Path, tuple[int, list[Any], Any]] = {}
    for faults in branches:
        for fault in faults:
            if fault.rule in ("enum", "const"):
                count, members, _ = found.get(fault.path, (0, [], None))
                found[fault.path] = count + 1, [*members, *fault.members], fault.value
    for where, (count, members, value) in sorted(found.items(), key=lambda item: len(item[0])):
        if count == len(branches):
            return where, members, value
    return None


def _distance(faults: Sequence[Fault]) -> int:
    """Return the distance of a value from an alternative; a wrong word that tells alternatives apart weighs most."""
    weight = 0
    for fault in faults:
        if fault.rule in ("additionalProperties", "unevaluatedProperties"):
            weight += 2 * len(fault.unexpected)
        elif fault.rule == "const" and fault.depth == 1:
            weight += 3
        else:
            weight += 1
    return weight


# --- sentences ---

SHORT_LIST = 8  # how many words an error lists
LONG_LIST = 24  # how many places it lists: a province has up to 21 cities

Names: TypeAlias = Mapping[str, Mapping[str, str]]
"""Names (`en`, `zh`) of allowed words; for a place also the regions that contain it (`within`)."""


def sentence(fault: Fault, gazetteer: Names) -> tuple[str, str]:
    """Return a sentence about the fault, and a hint (or an empty text)."""
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


def wrong_type(expected: Iterable[str], value: object) -> tuple[str, str]:
    """Return the message and hint for a value of the wrong type. `expected` are JSON Schema type names."""
    names = list(dict.fromkeys(expected))
    wanted = " or ".join(_TYPES[name] for name in names if not (name == "integer" and "number" in names))
    found = _TYPES[type_of(value)]
    if names == ["integer"] and isinstance(value, float):
        found = "a number with decimals"
    return f"This expects {wanted}, not {found}.", _change_of_type(names, value)


def _change_of_type(names: Sequence[str], value: object) -> str:
    """Return a hint that gives the value an expected type, if there is an obvious one."""
    if "string" in names and isinstance(value, bool | int | float):
        return "Put it in quotes."
    if isinstance(value, str) and _unquoted(value) in {"number" if name == "integer" else name for name in names}:
        return "Remove the quotes."
    return "Write a list, even for one item." if names == ["array"] and value is not None else ""


def _unquoted(text: str) -> str:
    """Return the type that a text would have without its quotes."""
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
    """Return the message and hint for a value that is not a member."""
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
    """Return the names of the allowed words, if the schema or the gazetteer has them."""
    names: Names = fault.schema.get("x-enum", {})
    return names or (gazetteer if all(member in gazetteer for member in fault.members) else {})


def _meant(text: str, names: Names) -> str:
    """Return the word whose code or name, in either language, is nearly `text`; empty if there is none."""
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
