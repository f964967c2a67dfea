"""Validation of a document against one of the schemas."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from vatspolicy.clock import is_day
from vatspolicy.core.documents.checker import Checker, UnknownKeywordError, read_pattern
from vatspolicy.core.documents.document import Document
from vatspolicy.core.documents.plain import value_at
from vatspolicy.core.documents.schemas import SchemaSet, schema_named
from vatspolicy.errors import Problem, first_problems

if TYPE_CHECKING:
    from typing import Any

    from jsonschema import Draft202012Validator as CompleteValidator
    from jsonschema import ValidationError
    from jsonschema_rs import Draft202012Validator as FastValidator
    from referencing import Registry

    from vatspolicy.core.documents.faults import SchemaFault

ACCEPTED = ("profile",)
"""Schemas of documents that a start reads."""
FEW = 64
"""Number of documents checked before importing the fast library."""
_NULL_IS_UNKNOWN = frozenset({"profile", "launch"})
_BASE = "schemas:///"
"""Folder of the schemas in their URIs."""


_ANNOTATIONS = frozenset({"title", "description", "examples", "$comment"})
_NAMED = ("properties", "$defs")
"""Keywords whose keys are names and no keywords."""
_VALUES = frozenset({"const", "enum"})
"""Keywords whose values are not schemas."""


def validate(document: Document, schema_name: str, schemas: SchemaSet | None = None) -> list[Problem]:
    """Return the first violations of the schema, by line and column. `schemas` defaults to the shipped ones.

    In a profile, a key with the value null says as little as a key that is omitted.
    """
    validator = Validator.of(schema_name, schemas or SchemaSet.shipped())
    if document.valid_for is validator:  # the steps of a request read one document
        return []
    problems = validator.problems(document)
    if not problems and schema_name in ACCEPTED:
        vars(document)["valid_for"] = validator
    return problems


def is_valid(data: Any, schema_name: str, schemas: SchemaSet | None = None, nulls: bool = True) -> bool:
    """Return True if the data conforms to the schema. Without `nulls`, no key of it has the value null."""
    return Validator.of(schema_name, schemas or SchemaSet.shipped()).is_valid(data, nulls)


def require_schema(schema_name: str, schemas: SchemaSet) -> None:
    """Check a schema and those that it refers to, if the set has it.

    Raises: ValueError for a schema that is not valid, LookupError for a reference that leads nowhere.
    """
    schemas.derived(("required", schema_name), partial(_require, schema_name, schemas))


def _require(schema_name: str, schemas: SchemaSet) -> None:
    from jsonschema import Draft202012Validator, SchemaError

    names = [schema_name] if schema_name in schemas.names else []
    for name in names:  # grows
        schema = schemas.load(name)
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            raise ValueError(name) from error
        for reference in _references(_constraints(schema)):
            schemas.resolve(reference, name)
            referred = schema_named(reference) or name
            names += [] if referred in names else [referred]


class Validator:
    """Validator of one schema of a set."""

    def __init__(self, name: str, schemas: SchemaSet) -> None:
        self._name, self._schemas = name, schemas
        self._left = FEW if name in ACCEPTED and schemas == SchemaSet.shipped() else 0

    @classmethod
    def of(cls, name: str, schemas: SchemaSet) -> Validator:
        """Return the validator of a schema, built once per set."""
        return schemas.derived(("validator", name), partial(cls, name, schemas))

    def is_valid(self, data: Any, nulls: bool = True) -> bool:
        """Return True if the data conforms to the schema; False for data that JSON cannot hold."""
        try:
            stated = self._without_nulls(data) if nulls else data
            return self._accepts(stated)
        except (ValueError, TypeError, OverflowError):
            return False

    def problems(self, document: Document) -> list[Problem]:
        """Return the violations, sorted by place: the first MAX_EXPLAINED, and one problem for all others."""
        data = self._without_nulls(document.data)
        if self._accepts(data):
            return []
        from vatspolicy.core.documents.validation_messages import Explainer

        explainer = Explainer(document, self._name, self._schemas)
        violations = sorted(self._faults(data, document.data), key=lambda fault: document.mark(fault.path))
        by_place = itertools.groupby(violations, key=lambda fault: fault.path)
        explained = (explainer.explain_all(list(faults)) for _, faults in by_place)
        return sorted(first_problems(itertools.chain.from_iterable(explained)))

    def _accepts(self, data: Any) -> bool:
        """Return True for valid data. The import of the fast library takes as long as the first FEW profiles."""
        self._left -= 1
        if self._left < 0 and self._fast is not None:
            return self._fast.is_valid(data)
        try:
            return self._checker.accepts(data)
        except (UnknownKeywordError, RecursionError):
            return self._complete.is_valid(data)

    def _faults(self, data: Any, written: Any) -> list[SchemaFault]:
        """Return the faults of invalid data; `written` is the data with its nulls."""
        try:
            faults = list(self._checker.faults(data))
        except (UnknownKeywordError, RecursionError):
            faults = [self._fault(error, data) for error in self._complete.iter_errors(data)]
        return faults if data is written else [_with_nulls(fault, written) for fault in faults]

    @functools.cached_property
    def _checker(self) -> Checker:
        return Checker(self._name, self._schemas)

    @functools.cached_property
    def _fast(self) -> FastValidator | None:
        """The fastest library for many documents; None if it is not installed."""
        try:
            from jsonschema_rs import Draft202012Validator
        except ImportError:
            return None
        return Draft202012Validator(
            self._retrieve(f"{_BASE}{self._name}.schema.json"),
            retriever=self._retrieve,  # only the schemas of the set, without a network
            validate_formats=True,
            ignore_unknown_formats=True,
            formats={"date": is_day},
        )

    def _retrieve(self, uri: str) -> dict[str, Any]:
        """Return the schema that a URI leads to."""
        return {**_constraints(self._schemas.load(schema_named(uri))), "$id": uri}

    @functools.cached_property
    def _complete(self) -> CompleteValidator:
        """The library that reads every keyword of JSON Schema."""
        from jsonschema import Draft202012Validator, FormatChecker, ValidationError
        from jsonschema.validators import extend

        def search(_: Any, text: str, value: Any, __: Any) -> Iterator[ValidationError]:
            if isinstance(value, str) and read_pattern(text).search(value) is None:
                yield ValidationError(text)

        formats = FormatChecker(formats=())
        formats.checks("date")(lambda value: not isinstance(value, str) or is_day(value))
        complete: type[CompleteValidator] = extend(Draft202012Validator, {"pattern": search})  # type: ignore[no-untyped-call]
        return complete(self._schemas.load(self._name), registry=self._registry, format_checker=formats)

    @property
    def _registry(self) -> Registry[Any]:
        """The schemas of the set, by whatever address a reference gives to them."""
        from referencing import Registry
        from referencing.jsonschema import DRAFT202012

        return Registry(  # type: ignore[call-arg]
            retrieve=lambda uri: DRAFT202012.create_resource(self._schemas.load(schema_named(uri)))
        )

    def _fault(self, error: ValidationError, data: Any, above: int = 0) -> SchemaFault:
        """Return the error of the library as a fault. `above` is the depth of the value whose alternatives failed."""
        from vatspolicy.core.documents.faults import SchemaFault

        path, value, library = tuple(error.absolute_path), error.instance, self._complete
        rule = error.validator if isinstance(error.validator, str) else "forbidden"
        unexpected: tuple[str, ...] = ()
        if rule in ("additionalProperties", "unevaluatedProperties") and isinstance(value, dict):
            check = library.VALIDATORS[rule]
            unexpected = tuple(key for key in value if any(check(library, False, {key: value[key]}, error.schema)))
        return SchemaFault(
            rule=rule,
            limit=False if rule == "forbidden" else error.validator_value,
            value=value,
            schema=error.schema if isinstance(error.schema, Mapping) else {},
            path=path,
            depth=len(path) - above,
            branch=error.relative_schema_path[0] if error.parent else "",
            of_key=isinstance(value, str) and isinstance(value_at(data, path), dict),
            unexpected=unexpected,
            alternatives=tuple(self._fault(inner, data, len(path)) for inner in error.context or ()),
        )

    def _without_nulls(self, data: Any) -> Any:
        if self._name not in _NULL_IS_UNKNOWN or not _has_null(data):
            return data
        return self._drop(data, [(self._schemas.load(self._name), self._name)])

    def _drop(self, value: Any, nodes: Iterable[tuple[Any, str]]) -> Any:
        """Return a value without null keys known to its schema. A null in a list stays and is rejected."""
        branches = [alternative for node, base in nodes for alternative in self._schemas.alternatives(node, base)]
        if isinstance(value, list):
            below = [(node["items"], base) for node, base in branches if "items" in node]
            return [self._drop(item, below) for item in value]
        if not isinstance(value, dict):
            return value
        kept: dict[str, Any] = {}
        for key, child in value.items():
            named = [(node["properties"][key], base) for node, base in branches if key in node.get("properties", {})]
            if child is not None or not named:
                others = [
                    (node["additionalProperties"], base) for node, base in branches if "additionalProperties" in node
                ]
                kept[key] = self._drop(child, named or others)
        return kept


def _with_nulls(fault: SchemaFault, written: Any) -> SchemaFault:
    """Return a fault with the values as they are written."""
    others = tuple(_with_nulls(alternative, written) for alternative in fault.alternatives)
    value = fault.value if fault.of_key else value_at(written, fault.path)
    return dataclasses.replace(fault, value=value, alternatives=others)


def _has_null(data: Any) -> bool:
    if isinstance(data, dict):
        return any(map(_has_null, data.values()))
    return any(map(_has_null, data)) if isinstance(data, list) else data is None


def _constraints(schema: Any) -> Any:
    """Return a schema without annotations, four fifths of its keywords, to save time in the library."""
    if isinstance(schema, list):
        return [_constraints(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    constraints = {key: value for key, value in schema.items() if not key.startswith("x-") and key not in _ANNOTATIONS}
    for key in constraints.keys() - _VALUES:
        inner = constraints[key]
        constraints[key] = (
            {name: _constraints(node) for name, node in inner.items()} if key in _NAMED else _constraints(inner)
        )
    return constraints


def _references(schema: Any) -> Iterator[str]:
    """Yield the references of a schema."""
    if isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference
        schema = list(schema.values())
    for member in schema if isinstance(schema, list) else ():
        yield from _references(member)
