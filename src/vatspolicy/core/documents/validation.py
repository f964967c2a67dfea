"""Validation of a document against one of the schemas."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from vatspolicy.clock import is_day
from vatspolicy.core.documents.checker import Checker, UnknownKeywordError
from vatspolicy.core.documents.document import Document
from vatspolicy.core.documents.schemas import SchemaSet, schema_named
from vatspolicy.errors import Problem, first_problems

if TYPE_CHECKING:
    from typing import Any

    from jsonschema_rs import Draft202012Validator, ValidationError

    from vatspolicy.core.documents.faults import Fault

ACCEPTED = ("profile",)
"""Schemas of documents that a start reads."""
FEW = 64
"""Documents that are checked without the library, which is faster once it is imported."""
_NULL_IS_UNKNOWN = frozenset({"profile", "launch"})
_BASE = "schemas:///"
"""Folder of the schemas in the URIs that errors quote."""


_ANNOTATIONS = frozenset({"title", "description", "examples", "$comment"})
_NAMED = ("properties", "$defs")
"""Keywords whose keys are names and no keywords."""
_VALUES = frozenset({"const", "enum"})
"""Keywords whose values are not schemas."""


def validate(document: Document, schema_name: str, schemas: SchemaSet | None = None) -> list[Problem]:
    """Return the first violations of the schema, by line and column. `schemas` defaults to the shipped ones.

    In a profile, a key with the value null says as little as a key that is omitted.
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
            known = self._without_nulls(data) if nulls else data
            return self._checker.accepts(known) if self._library is None else self._library.is_valid(known)
        except (ValueError, TypeError, OverflowError):
            return False

    def problems(self, document: Document) -> list[Problem]:
        """Return the violations, sorted by place: the first MAX_EXPLAINED, and one problem for all others."""
        data = self._without_nulls(document.data)
        if self._accepts(data):
            return []
        from vatspolicy.core.documents.validation_messages import Explainer

        explainer = Explainer(document, self._name, self._schemas)
        found = sorted(self._faults(data, document.data), key=lambda fault: document.mark(fault.path))
        by_place = itertools.groupby(found, key=lambda fault: fault.path)
        explained = (explainer.explain_all(list(faults)) for _, faults in by_place)
        return sorted(first_problems(itertools.chain.from_iterable(explained)))

    def _accepts(self, data: Any) -> bool:
        """Return True for valid data. The import of the library takes as long as the first FEW profiles."""
        self._left -= 1
        if self._left >= 0:
            with contextlib.suppress(UnknownKeywordError, RecursionError):
                return self._checker.accepts(data)
        library = self._library
        return self._checker.accepts(data) if library is None else library.is_valid(data)

    def _faults(self, data: Any, written: Any) -> list[Fault]:
        """Return what is wrong with data that is not valid; `written` is the data with its nulls."""
        with contextlib.suppress(UnknownKeywordError):
            if found := list(self._checker.faults(data)):
                return found if data is written else [_with_nulls(fault, written) for fault in found]
        if self._library is None:
            raise ValueError(self._name)  # only schemas of a project have other keywords
        return [self._fault(error, written) for error in self._library.iter_errors(data)]

    @functools.cached_property
    def _checker(self) -> Checker:
        return Checker(self._name, self._schemas)

    @functools.cached_property
    def _library(self) -> Draft202012Validator | None:
        """The library; None where it is not installed, as in a browser."""
        try:
            from jsonschema_rs import Draft202012Validator
        except ImportError:
            return None
        return Draft202012Validator(
            self._with_uri(f"{_BASE}{self._name}.schema.json"),
            retriever=self._with_uri,  # the schemas of the set and never a network
            validate_formats=True,
            ignore_unknown_formats=True,
            formats={"date": is_day},
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
                others = [
                    (node["additionalProperties"], base) for node, base in known if "additionalProperties" in node
                ]
                kept[key] = self._drop(child, named or others)
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


def _with_nulls(fault: Fault, written: Any) -> Fault:
    """Return a fault with the values as they are written."""
    others = tuple(_with_nulls(other, written) for other in fault.alternatives)
    value = fault.value if fault.of_key else _value_at(written, fault.path)
    return dataclasses.replace(fault, value=value, alternatives=others)


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
