"""Validation of a document against one of the schemas."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from vatspolicy.clock import is_day
from vatspolicy.core.documents.document import Document
from vatspolicy.core.documents.schemas import SchemaSet, schema_named
from vatspolicy.errors import MAX_EXPLAINED, Problem, first_problems

if TYPE_CHECKING:
    from typing import Any

    from jsonschema_rs import Draft202012Validator, ValidationError

    from vatspolicy.core.documents.acceptor import Acceptor
    from vatspolicy.core.documents.faults import Fault

ACCEPTED = ("profile",)
"""Schemas of documents that a start reads."""
FEW = 64
"""Documents that generated code accepts before the library, which is faster once it is imported."""
_NULL_IS_UNKNOWN = frozenset({"profile"})
_BASE = "schemas:///"
"""Folder of the schemas in the URIs that errors quote."""


_ANNOTATIONS = frozenset({"title", "description", "examples", "$comment"})
_NAMED = ("properties", "$defs")
"""Keywords whose keys are names and no keywords."""
_VALUES = frozenset({"const", "enum"})
"""Keywords whose values are not schemas."""


def validate(document: Document, schema_name: str, schemas: SchemaSet | None = None) -> list[Problem]:
    """Return the first violations of the schema, by line and column. `schemas` defaults to the shipped ones.

    In a profile, a key with the value null says as little as a key that is left out.
    """
    return Validator.of(schema_name, schemas or SchemaSet.shipped()).problems(document)


def is_valid(data: Any, schema_name: str, schemas: SchemaSet | None = None, nulls: bool = True) -> bool:
    """Return True if the data conforms to the schema. Without `nulls`, no key of it has the value null."""
    return Validator.of(schema_name, schemas or SchemaSet.shipped()).is_valid(data, nulls)


def require_schema(schema_name: str, schemas: SchemaSet) -> None:
    """Build the validator of a schema, if the set has it. Raises ValueError for a schema that is none."""
    if schema_name in schemas.names:
        _ = Validator.of(schema_name, schemas)._library


class Validator:
    """Validator of one schema of a set."""

    def __init__(self, name: str, schemas: SchemaSet) -> None:
        self._name, self._schemas = name, schemas
        self._names: dict[str, str] = {}  # by URI, as errors quote it
        self._left = FEW if name in ACCEPTED and schemas == SchemaSet.shipped() else 0

    @classmethod
    def of(cls, name: str, schemas: SchemaSet) -> Validator:
        """Return the validator of a schema, built once per set."""
        return schemas.derived(("validator", name), partial(cls, name, schemas))

    def is_valid(self, data: Any, nulls: bool = True) -> bool:
        """Return True if the data conforms to the schema; False for data that JSON cannot hold."""
        try:
            return self._library.is_valid(self._without_nulls(data) if nulls else data)
        except (ValueError, TypeError, OverflowError):
            return False

    def problems(self, document: Document) -> list[Problem]:
        """Return the violations, sorted by place: the first MAX_EXPLAINED, and one problem for all others."""
        data = self._without_nulls(document.data)
        if self._accepts(data) or self._library.is_valid(data):
            return []
        from vatspolicy.core.documents.validation_messages import Explainer

        explainer = Explainer(document, self._name, self._schemas)
        errors_of = self._library.iter_errors
        errors = list(errors_of(_shorten(data, self._longest_list, [MAX_EXPLAINED]))) or errors_of(data)
        found = [(tuple(error.instance_path), error) for error in errors]
        found.sort(key=lambda one: document.mark(one[0]))
        by_place = itertools.groupby(found, key=lambda one: one[0])
        explained = (
            explainer.explain_all([self._fault(error, document.data) for _, error in errors]) for _, errors in by_place
        )
        return sorted(first_problems(itertools.chain.from_iterable(explained)))

    def _accepts(self, data: Any) -> bool:
        """Return True if generated code accepts the data. The import of the library takes as long as FEW documents."""
        self._left -= 1
        return self._left >= 0 and self._acceptor is not None and self._acceptor(data)

    @functools.cached_property
    def _acceptor(self) -> Acceptor | None:
        from vatspolicy.core.documents.acceptor import load_acceptor

        return load_acceptor(self._name, self._schemas, _constraints)

    @functools.cached_property
    def _library(self) -> Draft202012Validator:
        from jsonschema_rs import Draft202012Validator

        return Draft202012Validator(
            self._with_uri(f"{_BASE}{self._name}.schema.json"),
            retriever=self._with_uri,  # the schemas of the set and never a network
            validate_formats=True,
            ignore_unknown_formats=True,
            formats={"date": is_day},
        )

    @functools.cached_property
    def _longest_list(self) -> int:
        """The most members that a list may have; 0 for a schema whose lists need not end."""
        if self._name not in ACCEPTED:
            return 0
        _ = self._library  # which has loaded all schemas that the schema refers to
        return max(
            itertools.chain.from_iterable(_most_members(self._schemas.load(name)) for name in self._names.values())
        )

    def _with_uri(self, uri: str) -> dict[str, Any]:
        """Return the schema that a URI leads to, with the `$id` that errors are located by."""
        name = self._names[uri] = schema_named(uri)
        return {**_constraints(self._schemas.load(name)), "$id": uri}

    def _fault(
        self, error: ValidationError, data: Any, above: int = 0, branch: str | int = "", of_key: bool = False
    ) -> Fault:
        """Return the error of the library as a fault. `above` is the depth of the value whose alternatives failed."""
        from vatspolicy.core.documents.faults import Fault

        kind, path, where = error.kind, tuple(error.instance_path), list(error.schema_path)
        if hasattr(kind, "error") and kind.name == "propertyNames":
            return self._fault(kind.error, data, above, branch, of_key=True)
        rule, limit, schema = self._keyword(error, where)
        return Fault(
            rule=rule,
            limit=limit,
            value=error.instance if of_key else _value_at(data, path),
            schema=schema,
            path=path,
            depth=len(path) - above,
            branch=branch,
            of_key=of_key,
            unexpected=tuple(getattr(kind, "unexpected", ())),
            alternatives=tuple(
                self._fault(inner, data, len(path), index)
                for index, found in enumerate(getattr(kind, "context", ()))
                for inner in found
            ),
        )

    def _keyword(self, error: ValidationError, where: Sequence[str | int]) -> tuple[str, Any, Mapping[str, Any]]:
        """Return the keyword that was broken, its value and the schema it stands in."""
        if error.kind.name == "falseSchema":
            return "forbidden" if where[-2:-1] == ["properties"] else "", False, {}
        uri = str(error.absolute_keyword_location).partition("#")[0]
        node: Any = self._schemas.load(self._names[uri])
        for step in where[:-1]:
            node = node[step]
        rule = str(where[-1])
        return rule, node[rule], node

    def _without_nulls(self, data: Any) -> Any:
        if self._name not in _NULL_IS_UNKNOWN or not _has_null(data):
            return data
        return self._drop(data, [(self._schemas.load(self._name), self._name)])

    def _drop(self, value: Any, nodes: Iterable[tuple[Any, str]]) -> Any:
        """Return a value without the null keys that its schema names. A null in a list stays, and is refused."""
        known = [alternative for node, base in nodes for alternative in self._alternatives(node, base)]
        if isinstance(value, list):
            below = [(node["items"], base) for node, base in known if "items" in node]
            return [self._drop(item, below) for item in value]
        if not isinstance(value, dict):
            return value
        kept: dict[str, Any] = {}
        for key, child in value.items():
            named = [(node["properties"][key], base) for node, base in known if key in node.get("properties", {})]
            if child is not None or not named:
                kept[key] = self._drop(child, named)
        return kept

    def _alternatives(self, node: Any, base: str) -> Iterator[tuple[Mapping[str, Any], str]]:
        """Yield the node and those behind its references and alternatives, each with the schema it stands in."""
        if not isinstance(node, dict):
            return
        yield node, base
        if reference := node.get("$ref"):
            yield from self._alternatives(self._schemas.resolve(reference, base), schema_named(reference) or base)
        for rule in ("allOf", "anyOf", "oneOf"):
            for branch in node.get(rule, ()):
                yield from self._alternatives(branch, base)


def _most_members(schema: Any) -> Iterator[int]:
    """Yield every limit of a list in a schema."""
    if isinstance(schema, dict):
        if isinstance(schema.get("maxItems"), int):
            yield schema["maxItems"]
        schema = list(schema.values())
    for one in schema if isinstance(schema, list) else ():
        yield from _most_members(one)


def _shorten(data: Any, longest: int, more: list[int]) -> Any:
    """Return data whose lists have few members beyond `longest`, so that each is still too long.

    The library makes all errors before it returns the first, and an error about a place of the gazetteer takes 36 KB.
    `more` holds the number of further members that all lists together may keep.
    """
    if not longest:
        return data
    if isinstance(data, dict):
        return {key: _shorten(value, longest, more) for key, value in data.items()}
    if not isinstance(data, list):
        return data
    kept = min(len(data), longest + max(more[0], 1))
    more[0] -= max(kept - longest, 0)
    return [_shorten(member, longest, more) for member in data[:kept]]


def _has_null(data: Any) -> bool:
    if isinstance(data, dict):
        return any(map(_has_null, data.values()))
    return any(map(_has_null, data)) if isinstance(data, list) else data is None


def _constraints(schema: Any) -> Any:
    """Return a schema without its annotations, four fifths of it: the library takes its time for each keyword."""
    if isinstance(schema, list):
        return [_constraints(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    constraints = {key: value for key, value in schema.items() if not key.startswith("x-") and key not in _ANNOTATIONS}
    for key in constraints.keys() - _VALUES:
        inner = constraints[key]
        constraints[key] = (
            {name: _constraints(one) for name, one in inner.items()} if key in _NAMED else _constraints(inner)
        )
    return constraints


def _value_at(data: Any, path: Iterable[str | int]) -> Any:
    for step in path:
        data = data[step]
    return data
