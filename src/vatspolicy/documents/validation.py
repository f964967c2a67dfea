"""Validation of a document against one of the schemas."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import lru_cache

from vatspolicy.day import is_day
from vatspolicy.documents import Document
from vatspolicy.documents.quick_validation import is_surely_valid
from vatspolicy.documents.schema_files import Folder, load_schema, schema_names, schema_place
from vatspolicy.errors import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from jsonschema import Draft202012Validator, FormatChecker, ValidationError
    from referencing import Registry

    from vatspolicy.documents.faults import Fault

_NULL_IS_UNKNOWN = frozenset({"profile"})


def validate(document: Document, schema_name: str, folder: Folder | None = None) -> list[Problem]:
    """All that the schema has against the document, by line and column; empty when it has nothing.

    In a profile, a key with the value null says as little as a key that is left out.
    """
    place = os.fspath(folder) if folder else schema_place()
    if is_surely_valid(document.data, schema_name, place):
        return []
    from vatspolicy.documents.validation_messages import Explainer

    faults = [_fault(error) for error in _validator(schema_name, place).iter_errors(document.data)]
    return sorted(set(Explainer(document, _gazetteer(place)).explain_all(faults))) if faults else []


def _gazetteer(folder: str) -> dict[str, dict[str, str]]:
    """The names of places and what they lie in, by code; empty where the folder has no gazetteer."""
    places: dict[str, dict[str, str]] = {}
    if "places" in schema_names(folder):
        places = load_schema("places", folder).get("x-gazetteer", {})
    return places


def _fault(error: ValidationError) -> Fault:
    from vatspolicy.documents.faults import Fault

    return Fault(
        rule=str(error.validator or ""),
        limit=error.validator_value,
        value=error.instance,
        schema=error.schema if isinstance(error.schema, dict) else {},
        path=tuple(error.absolute_path),
        depth=len(error.relative_path),
        branch=next(iter(error.relative_schema_path), ""),
        of_key="propertyNames" in error.relative_schema_path and isinstance(error.instance, str),
        message=error.message,
        alternatives=tuple(_fault(inner) for inner in error.context or ()),
    )


# --- the validator ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _validator(name: str, folder: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator, validators

    schema = load_schema(name, folder)
    extend: Callable[..., type[Draft202012Validator]] = validators.extend  # it has no types of its own
    rules: dict[str, Callable[..., Iterator[ValidationError]]] = {"properties": _check_properties}
    if name in _NULL_IS_UNKNOWN:
        rules = {"properties": _check_known_properties, "required": _check_required}
    kind = extend(Draft202012Validator, rules)
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


def _check_known_properties(validator: Any, properties: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """A null in a list is not passed over: it would be no member of a list that is said to be complete."""
    if isinstance(instance, dict):
        instance = {key: value for key, value in instance.items() if value is not None}
    yield from _check_properties(validator, properties, instance, schema)


def _check_required(_validator: Any, required: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    from jsonschema import ValidationError

    if isinstance(instance, dict) and any(instance.get(key) is None for key in required):
        yield ValidationError("")


def _registry(schema: dict[str, Any], folder: str) -> Registry[Any]:
    """The schemas of the folder that this one refers to, and those they refer to; never anything from a network."""
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    registry: Registry[Any] = Registry()
    waiting, seen = set(_schemas_named(schema)), set[str]()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        other = load_schema(name, folder)
        resource = Resource.from_contents(other, DRAFT202012)
        registry = registry.with_resource(other.get("$id", f"{name}.schema.json"), resource)
        waiting |= set(_schemas_named(other)) - seen
    return registry


def _schemas_named(schema: Any) -> Iterator[str]:
    """The names of the schemas that references lead to: `places` of `places.schema.json#/$defs/site`."""
    if isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str) and (file := reference.partition("#")[0].rsplit("/", 1)[-1]):
            yield file.removesuffix(".schema.json")
    for child in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _schemas_named(child)


def _format_checker() -> FormatChecker:
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=())
    checker.checks("date")(is_day)
    return checker
