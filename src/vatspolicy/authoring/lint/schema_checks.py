"""Checks of schemas: they are valid JSON Schema, and bilingual."""

from __future__ import annotations

import re
from collections.abc import Callable

from vatspolicy.authoring.lint.policy_checks import Found
from vatspolicy.core.documents import Document, Limits, parse_document
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.documents.schemas import SchemaSet, resource_folder
from vatspolicy.i18n import _
from vatspolicy.i18n.lint import schema_faults

_SCHEMA_LIMITS = Limits(size=2**24, nodes=10**6, depth=128)
"""Size limit: the schemas are larger than user files."""

_SHOWN_KEYWORDS = {"type", "enum", "format", "pattern", "minimum", "minItems"}
"""Keywords of the metaschema whose value explains a violation."""


def validity(schemas: SchemaSet) -> Found:
    """Yield violations of the JSON Schema 2020-12 metaschema, one per place and keyword."""
    accepts = _accept_schema()
    for name in schemas.names:
        if not accepts(schemas.load(name)):
            yield from _violations(schemas, name)


def _accept_schema() -> Callable[[Tree], bool]:
    """Return a quick check: an accepted schema is valid; a rejected schema may still be valid.

    Without its library every schema is checked in full, which takes a second.
    """
    try:
        from jsonschema_rs import Draft202012Validator
    except ImportError:
        return lambda _: False

    metaschema = {"$ref": "https://json-schema.org/draft/2020-12/schema"}
    return Draft202012Validator(metaschema, validate_formats=True, formats={"regex": _is_pattern}).is_valid


def _is_pattern(text: str) -> bool:
    """Return whether Python can compile a regular expression. Generated code uses Python's engine."""
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _violations(schemas: SchemaSet, name: str) -> Found:
    from jsonschema import Draft202012Validator

    metaschema = Draft202012Validator(
        Draft202012Validator.META_SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    document = schema_document(schemas, name)
    found = {}  # vocabularies of the metaschema repeat some keywords
    for error in metaschema.iter_errors(schemas.load(name)):
        leaf = next((one for one in error.context or () if one.validator == "enum"), error)  # of `type`
        found[tuple(leaf.absolute_path), str(leaf.validator)] = leaf
    for (path, keyword), error in found.items():
        hint = (
            _("Required by the metaschema: {validator_value}.", validator_value=str(error.validator_value))
            if keyword in _SHOWN_KEYWORDS
            else ""
        )
        message = _("This is not valid JSON Schema 2020-12: it violates {keyword!r}.", keyword=keyword)
        yield "schema-invalid", document.problem(path, message, hint)


def translations(schemas: SchemaSet) -> Found:
    """Yield problems of the texts in the schemas: reports show titles, questions, values and messages."""
    for name in schemas.names:
        if found := list(schema_faults(schemas.load(name))):
            document = schema_document(schemas, name)
            yield from (("schema-translation", document.problem(path, message, hint)) for path, message, hint in found)


def schema_document(schemas: SchemaSet, name: str) -> Document:
    """Return a schema in the form of its file."""
    file = f"{name}.schema.json"
    return parse_document(schemas.files[file], str(resource_folder("schemas") / file), _SCHEMA_LIMITS)
