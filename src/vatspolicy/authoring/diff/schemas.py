"""Edits of the JSON Schemas, and whether they break a reader: a spec, a policy, or a program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vatspolicy.authoring.diff.law_revision import LawRevision

_WRITTEN_BY_US = {
    f"{name}.schema.json"
    for name in (
        *("analysis", "attestation", "comparison", "decision", "lint", "matrix", "mutation"),
        *("question", "routes", "summary", "test-run", "timeline", "update", "vectors"),
    )
}
"""Schemas of the program's output: a reader breaks if something is missing or unknown to it."""
_WORDS = {"$id", "$schema", "$comment", "title", "description", "examples"}
"""Keys that do not affect validation. Keys that begin with x- do not either, except the ones below."""
_LAW = ("x-invariants", "x-gazetteer", "x-shorthand", "x-derived")
_SETS = ("enum", "required", "type")
_LOWER, _UPPER = ("minimum", "minItems", "minLength"), ("maximum", "maxItems", "maxLength")


@dataclass(frozen=True)
class SchemaChange:
    """One place of one schema that differs. Texts for people are not compared."""

    file: str
    path: str
    change: str
    """added, removed or changed."""
    before: Any
    after: Any
    breaking: bool
    """True if a document that was valid or readable before may no longer be."""


def compare_schemas(base: LawRevision, head: LawRevision) -> list[SchemaChange]:
    """Return every difference that affects validation, by file and path."""
    if base.schemas == head.schemas:
        return []
    found = []
    for name in sorted({*base.schemas.files, *head.schemas.files}):
        old, new = base.schema(name), head.schema(name)
        if old is None or new is None:
            found.append(SchemaChange(name, "", "removed" if new is None else "added", None, None, new is None))
        else:
            found += (_change(name, *difference) for difference in _differences(old, new, ()))
    return found


Steps = tuple[str, ...]


def _differences(old: Any, new: Any, path: Steps) -> Iterator[tuple[Steps, Any, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        named = path[-1:] == ("properties",) or path[-1:] == ("$defs",)
        for key in dict.fromkeys((*new, *old)):
            if named or not (key in _WORDS or (key.startswith("x-") and key not in _LAW)):
                yield from _differences(old.get(key), new.get(key), (*path, key))
    elif _normal(old, path) != _normal(new, path):
        yield path, old, new


def _normal(value: Any, path: Steps) -> Any:
    if path and path[-1] in _SETS and isinstance(value, list):
        return sorted(value, key=repr)
    if isinstance(value, list):
        return [_without_words(item) for item in value]
    return _without_words(value)


def _without_words(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _without_words(v) for k, v in value.items() if k not in _WORDS and k != "message"}
    return value


def _change(file: str, path: Steps, old: Any, new: Any) -> SchemaChange:
    word = "added" if old is None else "removed" if new is None else "changed"
    breaking = _breaks_reader(path, old, new) if file in _WRITTEN_BY_US else _breaks_writer(path, old, new)
    return SchemaChange(file, "/".join(path), word, _shown(old), _shown(new), breaking)


def _breaks_writer(path: Steps, old: Any, new: Any) -> bool:
    """Return True if a file that was valid may no longer be. A difference of unknown effect counts as breaking."""
    key, parent = path[-1], path[-2] if len(path) > 1 else ""
    if parent in ("properties", "$defs", "x-gazetteer"):
        return new is None
    if "x-gazetteer" in path:  # where a place lies: decisions show it
        return False
    if key in ("enum", "type"):
        return new is not None and (old is None or not set(_list(old)) <= set(_list(new)))
    if key == "required":
        return not set(_list(new)) <= set(_list(old))
    if key in _LOWER:
        return new is not None and (old is None or new > old)
    if key in _UPPER:
        return new is not None and (old is None or new < old)
    if new is None:  # one check less
        return False
    return not (key == "additionalProperties" and new is True)


def _breaks_reader(path: Steps, old: Any, new: Any) -> bool:
    """Return True if a program that read every output before may meet an unknown one."""
    key, parent = path[-1], path[-2] if len(path) > 1 else ""
    if parent == "properties":
        return new is None
    if parent == "$defs":
        return False  # where one is used, a reference differs too
    if key in ("enum", "type"):
        return new is None or not set(_list(new)) <= set(_list(old))
    if key == "required":
        return not set(_list(old)) <= set(_list(new))
    if key in _LOWER:
        return new is None or (old is not None and new < old)
    if key in _UPPER:
        return new is None or (old is not None and new > old)
    return True


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _shown(value: Any) -> Any:
    """Return a scalar or a list of scalars as it is, and an ellipsis for anything larger."""
    if isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(v, Mapping | list) for v in value)):
        return "…"
    return value
