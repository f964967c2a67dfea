"""Whether a document is valid, and no more: our own reading of the schema for a process's first documents, then
jsonschema-rs, which loads and answers in a tenth of jsonschema's time.

Only their yes counts. After a no, and where it is not installed, `check` asks jsonschema, whose faults are explained.
"""

from __future__ import annotations

import os
from functools import lru_cache

from vatspolicy.day import is_day
from vatspolicy.documents.fast_validation import Sure
from vatspolicy.documents.schema_files import Folder, load_schema, schema_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from jsonschema_rs import Draft202012Validator

FIRST = 8
"""How many documents of a kind are read before the library pays that answers faster and is imported."""


def is_surely_valid(data: Any, name: str, folder: Folder) -> bool:
    """Whether the data keeps to the schema without any doubt. A null in it is one: some schemas pass it over."""
    if _has_null(data):
        return False
    place = (name, os.fspath(folder))
    asked = _asked[place] = _asked.get(place, 0) + 1
    if asked <= FIRST and _sure(place[1]).is_valid(data, name):
        return True
    try:
        validator = _validator(*place)
    except ImportError:
        return False
    try:
        return validator.is_valid(data)
    except (ValueError, TypeError, OverflowError):  # data that is no JSON
        return False


def _has_null(data: Any) -> bool:
    if isinstance(data, dict):
        return any(map(_has_null, data.values()))
    return any(map(_has_null, data)) if isinstance(data, list) else data is None


_asked: dict[tuple[str, str], int] = {}


@lru_cache(maxsize=64)
def _sure(folder: str) -> Sure:
    return Sure(folder)


@lru_cache(maxsize=64)
def _validator(name: str, folder: str) -> Draft202012Validator:
    from jsonschema_rs import Draft202012Validator, Registry

    schemas = {f"{other}.schema.json": load_schema(other, folder) for other in schema_names(folder)}
    registry = Registry([(schema.get("$id", file), schema) for file, schema in schemas.items()])
    return Draft202012Validator(
        schemas[f"{name}.schema.json"],
        registry=registry,
        validate_formats=True,
        ignore_unknown_formats=True,
        formats={"date": is_day},
        offline=True,
    )
