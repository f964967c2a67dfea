"""Generated code that accepts valid documents of a schema, so that a start need not import the validator.

fastjsonschema writes the code, and the cache keeps it. It only ever says yes: whatever it does not accept goes to the
validator, which knows the reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from vatspolicy.clock import is_day
from vatspolicy.compile_cache import digest, get_or_build
from vatspolicy.core.documents.schemas import SchemaSet, schema_named

Acceptor: TypeAlias = "Callable[[Any], bool]"
FORM = b"2"
"""Grows when code that was kept must not be used any more."""
_HOST = "http://schemas/"
"""Folder of the schemas in references; nothing is fetched from it."""
_SAME = frozenset(
    {
        *("$defs", "$id", "additionalProperties", "allOf", "anyOf", "enum", "items", "maxItems", "maxLength"),
        *("maximum", "minItems", "minLength", "minimum", "pattern", "properties", "required", "type", "uniqueItems"),
    }
)
"""Keywords that mean the same in draft 7, which fastjsonschema knows, and in draft 2020-12; beside $ref and dates."""
_NAMED = ("properties", "$defs")


def load_acceptor(name: str, schemas: SchemaSet, constraints: Callable[[Any], Any]) -> Acceptor | None:
    """Return the code for a schema of a set; None if there is none, or fastjsonschema is not installed.

    `constraints` removes the annotations of a schema.
    """

    def build() -> dict[str, Any]:
        return {"code": _generate(name, schemas, constraints)}

    try:
        return get_or_build("acceptor", digest([name.encode(), schemas.digest.encode(), FORM]), build, _read)
    except (ImportError, _UnknownError):
        return None


def _read(data: Mapping[str, Any]) -> Acceptor:
    names: dict[str, Any] = dict.fromkeys(("JsonSchemaValueException", "JsonSchemaValuesException"), _RefusalError)
    exec(data["code"], names)  # noqa: S102 - generated from our schemas, and kept in the cache as all compiled forms
    validate, formats = names["accept"], {"date": is_day}

    def accept(document: Any) -> bool:
        try:
            validate(document, formats)
        except (_RefusalError, TypeError, ValueError, KeyError, RecursionError):
            return False
        return True

    return accept


class _RefusalError(Exception):
    """The document is not valid."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()


class _UnknownError(Exception):
    """A schema uses a keyword that the two drafts define differently."""


def _generate(name: str, schemas: SchemaSet, constraints: Callable[[Any], Any]) -> Any:
    import re

    from fastjsonschema import compile_to_code

    def load(uri: str) -> Any:
        schema = {key: value for key, value in constraints(schemas.load(schema_named(uri))).items() if key != "$schema"}
        return {**_translate(schema), "$id": uri}

    root = load(f"{_HOST}{name}.schema.json")
    text = compile_to_code(
        root, handlers={"http": load}, formats={"date": is_day}, use_default=False, detailed_exceptions=False
    )
    text = re.sub(r"^from fastjsonschema import .*$", "", text, flags=re.MULTILINE)
    found = re.search(r"^def (\w+)\(", text, re.MULTILINE)
    if found is None:
        raise _UnknownError(name)
    return compile(f"{text}\naccept = {found[1]}\n", f"<acceptor of {name}>", "exec")


def _translate(node: Any) -> Any:
    """Return a schema whose references name a file in full, and stand alone. Raises _UnknownError."""
    if isinstance(node, bool):
        return node
    if not isinstance(node, dict):
        raise _UnknownError(node)
    rest = {key: _translate_keyword(key, value) for key, value in node.items() if key != "$ref"}
    if "$ref" not in node:
        return rest
    reference = node["$ref"] if node["$ref"].startswith("#") else _HOST + node["$ref"].rpartition("/schemas/")[2]
    alone = {"$ref": reference}
    return {"allOf": [alone, rest]} if rest else alone


def _translate_keyword(key: str, value: Any) -> Any:
    if key == "format" and value == "date":
        return value
    if key not in _SAME:
        raise _UnknownError(key)
    if key in _NAMED:
        return {name: _translate(one) for name, one in value.items()}
    if key in ("allOf", "anyOf"):
        return [_translate(one) for one in value]
    return _translate(value) if key in ("items", "additionalProperties") else value
