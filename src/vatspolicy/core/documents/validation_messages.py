"""Wording of validation errors: which errors to report, where, and which of several alternatives was intended.

No message holds a value of the document, which may be a secret, only its keys.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from vatspolicy.core.documents.document import Document, Path
from vatspolicy.core.documents.faults import SchemaFault
from vatspolicy.core.documents.key_places import find_places, find_words
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.value_messages import (
    NO_ITEMS,
    describe_fault,
    describe_strange_word,
    describe_wrong_type,
    is_none,
    schema_hint,
)
from vatspolicy.core.documents.word_search import NEAR, search_words, words_of_schema
from vatspolicy.errors import Problem, did_you_mean, suggest
from vatspolicy.i18n import Listing, _

LONG_LIST = 32
"""Largest number of keys in an error."""

_ABOUT_KEYS = ("forbidden", "not", "minProperties", "maxProperties")


class Explainer:
    """Wording of the faults of a document. Problems contain no values of the document, only its keys."""

    def __init__(self, document: Document, name: str, schemas: SchemaSet) -> None:
        self._document = document
        self._name = name
        self._schemas = schemas
        self._special = {
            "additionalProperties": self._unknown_keys,
            "unevaluatedProperties": self._unknown_keys,
            "required": self._missing_keys,
            "dependentRequired": self._missing_companions,
            "uniqueItems": self._repeated_items,
            "anyOf": self._alternatives,
            "oneOf": self._alternatives,
        }

    def explain_all(self, faults: Sequence[SchemaFault]) -> Iterator[Problem]:
        """Yield a problem per fault; for a value of the wrong type, only the type problem."""
        mistyped: dict[Path, SchemaFault] = {}
        for fault in faults:
            if fault.expected:
                mistyped.setdefault(fault.path, fault)
        for fault in faults:
            if mistyped.get(fault.path, fault) is fault:
                yield from self._explain(fault)

    def _explain(self, fault: SchemaFault) -> Iterable[Problem]:
        explain = self._special.get(fault.rule)
        problems = explain(fault) if explain else iter(())
        if (first := next(problems, None)) is not None:
            return itertools.chain((first,), problems)
        message, hint = describe_fault(fault, self._schemas)
        if fault.of_key:
            message = message.replace("This", "This key", 1)
            return [self._document.problem((*fault.path, fault.value), message, hint, key=True)]
        if fault.rule == "enum" and "x-enum" in fault.schema and isinstance(fault.value, str):
            empty = isinstance(fault.path[-1], int) and is_none(fault.value)
            hint = NO_ITEMS if empty else self._meant_key_of_word(fault) or hint
        return [self._document.problem(fault.path, message, hint, key=fault.rule in _ABOUT_KEYS)]

    # --- keys and items ---

    def _unknown_keys(self, fault: SchemaFault) -> Iterator[Problem]:
        for key in fault.unexpected:
            hint = self._meant_key(key, fault)
            yield self._document.problem((*fault.path, key), _("This key is unknown."), hint, key=True)

    def _meant_key(self, key: str, fault: SchemaFault) -> str:
        """Return a hint for an unknown key: a synonym, a key of another place, or a misspelled key."""
        named = dict.fromkeys(_named_keys(fault.schema))
        if hint := fault.schema.get("x-elsewhere", {}).get(key):
            return schema_hint(hint)
        if meant := fault.schema.get("x-key-synonyms", {}).get(key):
            return did_you_mean([meant])
        if places := find_places(key, fault.path, self._name, self._schemas):
            return _("It belongs to {places}.", places=Listing(places, "or"))
        if hint := suggest(key, named.keys() - set(fault.value)) or suggest(key, named):
            return hint
        return _("Known keys: {keys}.", keys=Listing(sorted(named))) if 0 < len(named) <= LONG_LIST else ""

    def _meant_key_of_word(self, fault: SchemaFault) -> str:
        """Return a hint for a word that is a value of another key of the same object."""
        words = words_of_schema(fault.schema, self._schemas)
        if any(grade != NEAR for grade, _word in search_words(fault.value, words)):
            return ""
        holder = fault.path[:-2] if isinstance(fault.path[-1], int) else fault.path[:-1]
        places = find_words(fault.value, holder, self._name, self._schemas)
        return _("It belongs to {places}.", places=Listing(places, "or")) if places else ""

    def _missing_keys(self, fault: SchemaFault) -> Iterator[Problem]:
        for key in fault.limit:
            if key not in fault.value:
                rule = fault.schema.get("properties", {}).get(key, {})
                only: Sequence[Any] = rule.get("enum", ()) if isinstance(rule, dict) else ()
                hint = _("Add {key}: {value}.", key=key, value=json.dumps(only[0])) if len(only) == 1 else ""
                yield self._document.problem(fault.path, _("The key {key!r} is missing.", key=key), hint, key=True)
            elif fault.value[key] is None:
                yield self._document.problem((*fault.path, key), _("This must have a value."))

    def _missing_companions(self, fault: SchemaFault) -> Iterator[Problem]:
        for key, needed in fault.limit.items():
            for companion in needed if key in fault.value else ():
                if companion not in fault.value:
                    message = _("The key {other!r} is missing: it belongs to {key!r}.", other=companion, key=key)
                    yield self._document.problem((*fault.path, key), message, key=True)

    def _repeated_items(self, fault: SchemaFault) -> Iterator[Problem]:
        seen: set[str] = set()
        for index, item in enumerate(fault.value):
            text = json.dumps(item, sort_keys=True)
            if text in seen:
                message = _("The list holds this item twice.")
                yield self._document.problem((*fault.path, index), message, _("Remove one of the two."))
            seen.add(text)

    # --- alternatives ---

    def _alternatives(self, fault: SchemaFault) -> Iterator[Problem]:
        """Yield the problems of the most likely intended alternative, or of all of them together."""
        if keys := _keys_to_choose_from(fault):
            yield from self._one_of_keys(fault, keys)
            return
        branches: dict[str | int, list[SchemaFault]] = {}
        for inner in fault.alternatives:
            branches.setdefault(inner.branch, []).append(inner)
        if not branches:
            message, hint = _("This has more than one possible meaning."), _("Keep one of the alternatives.")
            yield self._document.problem(fault.path, message, hint, key=True)
            return
        alike = [
            faults for faults in branches.values() if not any(not fault.depth and fault.expected for fault in faults)
        ]
        if not alike:
            expected = [
                name for faults in branches.values() for fault in faults if not fault.depth for name in fault.expected
            ]
            yield self._document.problem(fault.path, *describe_wrong_type(expected, fault.value))
        elif len(alike) > 1 and (choices := _shared_choices(alike)):
            where, members, value = choices
            yield self._document.problem(where, *describe_strange_word(members, value))
        else:
            yield from self.explain_all(min(alike, key=_distance))

    def _one_of_keys(self, fault: SchemaFault, keys: list[str]) -> Iterator[Problem]:
        given = [key for key in fault.value if key in keys]
        message = (
            _("Write exactly one of these keys: {keys}.", keys=Listing(keys))
            if fault.rule == "oneOf"
            else _("Write at least one of these keys: {keys}.", keys=Listing(keys))
        )
        if len(given) > 1:
            hint = _("Keep one of: {given}.", given=Listing(given))
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


def _keys_to_choose_from(fault: SchemaFault) -> list[str]:
    """Return the keys, one of which is required, if the alternatives require nothing else; empty otherwise."""
    branches = fault.limit
    required = [way["required"] if isinstance(way, dict) and way.keys() == {"required"} else [] for way in branches]
    if isinstance(fault.value, dict) and all(len(keys) == 1 for keys in required):
        return [keys[0] for keys in required]
    return []


def _shared_choices(branches: Sequence[list[SchemaFault]]) -> tuple[Path, list[Any], Any] | None:
    """Return the place, the words and the value at which all alternatives fail because each expects other words.

    Such a value (`kind: …`) says which alternative is meant, so that a slip in it is the mistake to tell.
    """
    by_path: dict[Path, tuple[int, list[Any], Any]] = {}
    for faults in branches:
        for fault in faults:
            if fault.rule in ("enum", "const"):
                count, members, _ = by_path.get(fault.path, (0, [], None))
                by_path[fault.path] = count + 1, [*members, *fault.members], fault.value
    for where, (count, members, value) in sorted(by_path.items(), key=lambda item: len(item[0])):
        if count == len(branches):
            return where, members, value
    return None


def _distance(faults: Sequence[SchemaFault]) -> int:
    """Return the distance of a value from an alternative; a wrong discriminating word weighs most."""
    weight = 0
    for fault in faults:
        if fault.rule in ("additionalProperties", "unevaluatedProperties"):
            weight += 2 * len(fault.unexpected)
        elif fault.rule == "const" and fault.depth == 1:
            weight += 3
        else:
            weight += 1
    return weight
