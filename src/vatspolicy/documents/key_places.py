"""Where in a document a key belongs, if it stands in a wrong place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from vatspolicy.documents.document import Path, format_path

if TYPE_CHECKING:
    from typing import Any

    from vatspolicy.documents.schemas import SchemaSet

MAX_PLACES = 3
"""Largest number of places in a hint; a key of more places is too common to tell."""


def find_places(key: str, holder: Path, schema: str, schemas: SchemaSet) -> list[str]:
    """Return the paths at which a schema knows a key, those nearest to the object that holds it wrongly.

    `model` in `services[1]` belongs to `services[1].ai.model`. A key that is known in many places has none.
    """
    pattern = tuple(0 if isinstance(step, int) else step for step in holder)
    known: Mapping[str, list[Path]] = schemas.derived(("key places", schema), lambda: _index(schema, schemas))
    places = [path for path in known.get(key, ()) if path[:-1] != pattern]
    if not places:
        return []
    nearest = max(_shared(path, pattern) for path in places)
    chosen = [path for path in places if _shared(path, pattern) == nearest]
    if len(chosen) > MAX_PLACES:
        return []
    return [format_path((*holder[:nearest], *path[nearest:])) for path in chosen]


def _index(schema: str, schemas: SchemaSet) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in _paths(schemas.load(schema), (), schema, schemas):
        if path not in (known := found.setdefault(str(path[-1]), [])):
            known.append(path)
    return found


def _paths(node: Any, path: Path, schema: str, schemas: SchemaSet) -> Iterator[Path]:
    """Yield the path of every key that a schema names; 0 stands for each member of a list."""
    if not isinstance(node, dict) or len(path) > 16:
        return
    if reference := node.get("$ref"):
        from vatspolicy.documents.schemas import schema_named

        yield from _paths(schemas.resolve(reference, schema), path, schema_named(reference) or schema, schemas)
    for key, child in node.get("properties", {}).items():
        yield (*path, key)
        yield from _paths(child, (*path, key), schema, schemas)
    yield from _paths(node.get("items"), (*path, 0), schema, schemas)
    for rule in ("allOf", "anyOf", "oneOf"):
        for branch in node.get(rule, ()):
            yield from _paths(branch, path, schema, schemas)


def _shared(path: Path, other: Path) -> int:
    """Return how many steps two paths share at their beginning."""
    count = 0
    for one, two in zip(path, other, strict=False):
        if one != two:
            break
        count += 1
    return count
