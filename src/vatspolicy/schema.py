"""The JSON Schemas of profiles, policies, fixtures and decisions, and what they say about a document in plain words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Literal

from vatspolicy.document import Document, Path
from vatspolicy.errors import Problem, suggest

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, FormatChecker, ValidationError
    from referencing import Registry

SHORT_LIST = 8  # how many allowed names an error lists


def resource_folder(kind: Literal["schemas", "policies"]) -> FilePath:
    """Where the files that ship with the package are: inside it when installed, at the top of a checkout otherwise."""
    here = FilePath(__file__).resolve()
    installed = here.parent / "_resources" / kind
    return installed if installed.is_dir() else here.parents[2] / kind


def schema_folder() -> FilePath:
    """The folder of `profile.schema.json` and its siblings."""
    return resource_folder("schemas")


def load_schema(name: str, folder: FilePath | None = None) -> dict[str, Any]:
    """The schema `name` (`profile` is `profile.schema.json`). The result is shared: do not change it.

    Raises FileNotFoundError when there is no such schema.
    """
    return _read_schema(f"{name}.schema.json", folder or schema_folder())


def validate(document: Document, schema_name: str, folder: FilePath | None = None) -> list[Problem]:
    """All that the schema has against the document, by line and column; empty when it has nothing."""
    validator = _validator(schema_name, folder or schema_folder())
    faults = [_fault(error) for error in validator.iter_errors(document.data)]
    return sorted(set(_explain_all(document, faults)))


@lru_cache(maxsize=64)
def _read_schema(file: str, folder: FilePath) -> dict[str, Any]:
    with (folder / file).open(encoding="utf-8") as stream:
        schema: dict[str, Any] = json.load(stream)
    return schema


@lru_cache(maxsize=64)
def _validator(name: str, folder: FilePath) -> Draft202012Validator:
    from jsonschema import Draft202012Validator, validators

    schema = load_schema(name, folder)
    extend: Callable[..., type[Draft202012Validator]] = validators.extend  # it has no types of its own
    kind = extend(Draft202012Validator, {"properties": _check_properties})
    return kind(schema, registry=_registry(schema, folder), format_checker=_format_checker())


def _check_properties(validator: Any, properties: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """As jsonschema does it, but a key whose schema is `false` is named; its own error points at the whole mapping."""
    from jsonschema import ValidationError

    for key, schema in properties.items() if isinstance(instance, dict) else ():
        if key not in instance:
            continue
        if schema is False:
            yield ValidationError("", validator="forbidden", path=(key,), instance=instance[key], schema=schema)
        else:
            yield from validator.descend(instance[key], schema, path=key, schema_path=key)


def _registry(schema: dict[str, Any], folder: FilePath) -> Registry[Any]:
    """The schemas of the folder that this one refers to, and those they refer to; never anything from a network."""
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    registry: Registry[Any] = Registry()
    waiting, seen = set(_files_named(schema)), set[str]()
    while waiting:
        file = waiting.pop()
        seen.add(file)
        other = _read_schema(file, folder)
        registry = registry.with_resource(other.get("$id", file), Resource.from_contents(other, DRAFT202012))
        waiting |= set(_files_named(other)) - seen
    return registry


def _files_named(schema: Any) -> Iterator[str]:
    """The files of all references that leave the schema: `places.schema.json` of `places.schema.json#/$defs/site`."""
    if isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str) and (file := reference.partition("#")[0].rsplit("/", 1)[-1]):
            yield file
    for child in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _files_named(child)


def _format_checker() -> FormatChecker:
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=())
    checker.checks("date", raises=ValueError)(_is_date)
    return checker


def _is_date(value: object) -> bool:
    if not isinstance(value, str):
        return True
    # fromisoformat alone would also take 20240101 and 2024-W01-1.
    return bool(_DATE.fullmatch(value)) and date.fromisoformat(value) is not None


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


# --- from errors of jsonschema to sentences --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Fault:
    """What of jsonschema's error is needed here. `rule` is the keyword, and empty for the schema `false`."""

    rule: str
    limit: Any
    value: Any
    schema: Any
    path: Path
    depth: int  # steps from the value whose alternatives were tried
    branch: str | int  # which alternative this is about
    of_key: bool  # `value` is a key of the mapping at `path`
    message: str
    alternatives: tuple[_Fault, ...]


def _fault(error: ValidationError) -> _Fault:
    return _Fault(
        rule=str(error.validator or ""),
        limit=error.validator_value,
        value=error.instance,
        schema=error.schema,
        path=tuple(error.absolute_path),
        depth=len(error.relative_path),
        branch=next(iter(error.relative_schema_path), ""),
        of_key="propertyNames" in error.relative_schema_path and isinstance(error.instance, str),
        message=error.message,
        alternatives=tuple(_fault(inner) for inner in error.context or ()),
    )


def _explain_all(document: Document, faults: Sequence[_Fault]) -> Iterator[Problem]:
    """What is of the wrong type is told once, and not again for every rule about values of the right type."""
    mistyped = {fault.path for fault in faults if fault.rule == "type"}
    for fault in faults:
        if fault.rule == "type" or fault.path not in mistyped:
            yield from _explain(document, fault)


def _explain(document: Document, fault: _Fault) -> Iterable[Problem]:
    explain = _EXPLAIN.get(fault.rule)
    if explain and (problems := list(explain(document, fault))):
        return problems
    message, hint = _sentence(fault)
    if fault.of_key:
        message = message.replace("This", "This key", 1)
        return [document.problem((*fault.path, fault.value), message, hint, key=True)]
    return [document.problem(fault.path, message, hint, key=fault.rule in _ABOUT_KEYS)]


_ABOUT_KEYS = ("forbidden", "not", "minProperties", "maxProperties")


def _explain_unknown_keys(document: Document, fault: _Fault) -> Iterator[Problem]:
    known = set(_named_keys(fault.schema))
    unknown = _unknown_keys(fault)
    free = known - set(fault.value)
    for key in unknown:
        hint = suggest(key, free) or suggest(key, known)
        if not hint and 0 < len(known) <= SHORT_LIST:
            hint = f"Known here: {', '.join(sorted(known))}."
        yield document.problem((*fault.path, key), "This key is not known here.", hint, key=True)


def _unknown_keys(fault: _Fault) -> list[str]:
    schema, instance = fault.schema, fault.value
    if fault.rule == "unevaluatedProperties":
        # What was evaluated depends on the branches taken, which only the validator knows: it quotes the keys.
        return [key for key in instance if repr(key) in fault.message]
    patterns = schema.get("patternProperties", {})
    known = schema.get("properties", {})
    return [key for key in instance if key not in known and not any(re.search(one, key) for one in patterns)]


def _named_keys(schema: Any) -> Iterator[str]:
    """The keys that a schema names, in its alternatives and conditions too."""
    if not isinstance(schema, dict):
        return
    yield from (key for key, rule in schema.get("properties", {}).items() if rule is not False)
    for rule in ("allOf", "anyOf", "oneOf"):
        for branch in schema.get(rule, ()):
            yield from _named_keys(branch)
    for rule in ("if", "then", "else"):
        yield from _named_keys(schema.get(rule))


def _explain_required(document: Document, fault: _Fault) -> Iterator[Problem]:
    for key in fault.limit:
        if key not in fault.value:
            yield document.problem(fault.path, f"The key {key!r} is missing.", key=True)


def _explain_dependent(document: Document, fault: _Fault) -> Iterator[Problem]:
    for key, needed in fault.limit.items():
        for other in needed if key in fault.value else ():
            if other not in fault.value:
                message = f"The key {other!r} is missing: it belongs to {key!r}."
                yield document.problem((*fault.path, key), message, key=True)


def _explain_twice(document: Document, fault: _Fault) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, item in enumerate(fault.value):
        text = json.dumps(item, sort_keys=True)
        if text in seen:
            yield document.problem((*fault.path, index), "The list holds this item twice.", "Remove one of the two.")
        seen.add(text)


def _explain_alternatives(document: Document, fault: _Fault) -> Iterator[Problem]:
    """The alternative that was most likely meant, or what all of them have in common."""
    branches: dict[str | int, list[_Fault]] = {}
    for inner in fault.alternatives:
        branches.setdefault(inner.branch, []).append(inner)
    if not branches:
        yield document.problem(fault.path, *_too_many_alternatives(fault), key=True)
        return
    typed = [one for faults in branches.values() for one in faults if _is_root(one, "type")]
    alike = [faults for faults in branches.values() if not any(_is_root(one, "type") for one in faults)]
    if not alike:
        expected = [name for one in typed for name in _as_list(one.limit)]
        yield document.problem(fault.path, *_wrong_type(expected, fault.value))
    elif names := _missing_everywhere(alike):
        hint = f"One of these belongs here: {', '.join(names)}."
        yield document.problem(fault.path, "A key is missing.", hint, key=True)
    elif len(alike) > 1 and (choices := _shared_choices(alike)):
        where, members, value = choices
        yield document.problem(where, *_not_a_member(members, value))
    else:
        yield from _explain_all(document, min(alike, key=_distance))


def _missing_everywhere(branches: Sequence[list[_Fault]]) -> list[str]:
    """The keys of which each alternative needs one, where none of them is given and nothing else is wrong."""
    faults = [fault for faults in branches for fault in faults]
    names = sorted({key for fault in faults if _is_root(fault, "required") for key in fault.limit})
    if all(_is_root(fault, "required") and not any(name in fault.value for name in names) for fault in faults):
        return names
    return []


def _too_many_alternatives(fault: _Fault) -> tuple[str, str]:
    branches = [branch for branch in fault.limit if isinstance(branch, dict)]
    named = {key for branch in branches for key in branch.get("required", ())}
    present = sorted(key for key in named if isinstance(fault.value, dict) and key in fault.value)
    if len(present) > 1:
        return "These keys exclude one another.", f"Keep one of: {', '.join(present)}."
    return "This can be read in more than one way.", "Keep one of the alternatives."


def _is_root(fault: _Fault, rule: str) -> bool:
    """Whether an error of an alternative is about the whole value and of this kind."""
    return not fault.depth and fault.rule == rule


def _shared_choices(branches: Sequence[list[_Fault]]) -> tuple[Path, list[Any], Any] | None:
    """Where all alternatives fail at one value, each for wanting other words there: the place, the words, the value.

    Such a value (`kind: …`) says which alternative is meant, so that a slip in it is the mistake to tell.
    """
    found: dict[Path, tuple[int, list[Any], Any]] = {}
    for faults in branches:
        for fault in faults:
            if fault.rule in ("enum", "const"):
                words = fault.limit if fault.rule == "enum" else [fault.limit]
                count, members, _ = found.get(fault.path, (0, [], None))
                found[fault.path] = count + 1, [*members, *words], fault.value
    for where, (count, members, value) in sorted(found.items(), key=lambda item: len(item[0])):
        if count == len(branches):
            return where, members, value
    return None


def _distance(faults: Sequence[_Fault]) -> int:
    """How far a value is from an alternative; a wrong word that tells alternatives apart weighs most."""
    weight = 0
    for fault in faults:
        if fault.rule in ("additionalProperties", "unevaluatedProperties"):
            weight += 2 * len(_unknown_keys(fault))
        elif fault.rule == "const" and fault.depth == 1:
            weight += 3
        else:
            weight += 1
    return weight


_EXPLAIN: dict[str, Callable[[Document, _Fault], Iterable[Problem]]] = {
    "additionalProperties": _explain_unknown_keys,
    "unevaluatedProperties": _explain_unknown_keys,
    "required": _explain_required,
    "dependentRequired": _explain_dependent,
    "uniqueItems": _explain_twice,
    "anyOf": _explain_alternatives,
    "oneOf": _explain_alternatives,
}


def _sentence(fault: _Fault) -> tuple[str, str]:
    """A sentence and a hint for a rule about one value. The value itself is in neither."""
    rule, limit = fault.rule, fault.limit
    if rule == "type":
        return _wrong_type(_as_list(limit), fault.value)
    if rule in ("enum", "const"):
        return _not_a_member(limit if rule == "enum" else [limit], fault.value)
    if rule == "pattern":
        hint = fault.schema.get("x-pattern-hint", "") if isinstance(fault.schema, dict) else ""
        return "This does not have the expected form.", str(hint) or f"It must match {limit}"
    if rule == "format":
        what = "a date of the calendar, written YYYY-MM-DD" if limit == "date" else f"a valid {limit}"
        return f"This is not {what}.", ""
    if rule in ("minLength", "minItems", "minProperties") and limit == 1:
        return "This is empty.", ""
    if rule == "not" and isinstance(limit, dict) and (names := limit.get("required")):
        return f"This must not have {' and '.join(map(repr, names))}{' together' if len(names) > 1 else ''}.", ""
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


def _wrong_type(expected: Iterable[str], value: object) -> tuple[str, str]:
    names = list(dict.fromkeys(expected))
    wanted = " or ".join(_TYPES[name] for name in names if not (name == "integer" and "number" in names))
    found = _TYPES[_type_of(value)]
    if names == ["integer"] and isinstance(value, float):
        found = "a number with decimals"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found = "a number"
    is_word = isinstance(value, bool | int | float)
    return f"This expects {wanted}, not {found}.", "Put it in quotes." if is_word and "string" in names else ""


_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "keys with values",
    "null": "null",
}


def _type_of(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def _not_a_member(members: Sequence[Any], value: object) -> tuple[str, str]:
    words = list(dict.fromkeys(word if isinstance(word, str) else json.dumps(word) for word in members))
    near = suggest(value, words) if isinstance(value, str) else ""
    if len(words) == 1:
        return f"This must be {words[0]!r}." if words[0] in members else f"This must be {words[0]}.", ""
    listed = f"Allowed: {', '.join(words)}." if len(words) <= SHORT_LIST else ""
    hint = f"{near} {listed}".strip()
    return f"This is not one of the {len(words)} allowed values.", hint


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
