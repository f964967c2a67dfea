"""Suggestions of where a misplaced key or word belongs in a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import takewhile
from operator import itemgetter
from typing import TYPE_CHECKING

from vatspolicy.core.documents.document import Path, format_path
from vatspolicy.core.documents.word_search import Word, name_parts, words_of_schema
from vatspolicy.errors import LONGEST_NAME

if TYPE_CHECKING:
    from typing import Any

    from vatspolicy.core.documents.schemas import SchemaSet

MAX_PLACES = 3
"""Maximum number of places in a hint; a key with more places is too common."""


def find_places(key: str, holder: Path, schema: str, schemas: SchemaSet) -> list[str]:
    """Return the paths at which a schema allows a key, nearest to the object in which it is misplaced.

    `model` in `services[1]` belongs to `services[1].ai.model`. A key that is known in many places has none.
    """
    pattern = _pattern(holder)
    by_key: Mapping[str, list[Path]] = schemas.derived(("key places", schema), lambda: _index(schema, schemas))
    places = [path for path in by_key.get(key, ()) if path[:-1] != pattern]
    if not places:
        return []
    nearest = max(_shared(path, pattern) for path in places)
    chosen = [path for path in places if _shared(path, pattern) == nearest]
    if len(chosen) > MAX_PLACES:
        return []
    return [format_path((*holder[:nearest], *path[nearest:])) for path in chosen]


def find_words(value: str, holder: Path, schema: str, schemas: SchemaSet) -> list[str]:
    """Return the values with this name that other keys accept, each with its path.

    Keys of the object at `holder` come first; keys of other objects count only if none of these accepts it.

    `ugc` is not a value of `services[0].content`, but it names `services[0].features: user-posts`.
    """
    named: Mapping[tuple[str, ...], list[tuple[Path, str]]]
    named = schemas.derived(("word places", schema), lambda: _words_by_name(schema, schemas))
    pattern, places = _pattern(holder), named.get(name_parts(value), []) if len(value) <= LONGEST_NAME else []
    here = [((*holder, path[-1]), word) for path, word in places if path[:-1] == pattern]
    first = {word: path for path, word in reversed(here or places)}
    return [f"{format_path(path)}: {word}" for word, path in reversed(first.items())][:MAX_PLACES]


def _pattern(path: Path) -> Path:
    return tuple(0 if isinstance(step, int) else step for step in path)


def _index(schema: str, schemas: SchemaSet) -> dict[str, list[Path]]:
    by_key: dict[str, list[Path]] = {}
    for path, *_ in _nodes(schemas.load(schema), (), schema, schemas):
        if path not in (of_key := by_key.setdefault(str(path[-1]), [])):
            of_key.append(path)
    return by_key


def _words_by_name(schema: str, schemas: SchemaSet) -> dict[tuple[str, ...], list[tuple[Path, str]]]:
    """Return the values that each key accepts, directly or as list members, by the parts of each of their names."""
    lists: dict[Path, tuple[Word, ...]] = {}
    for path, node, home in _nodes(schemas.load(schema), (), schema, schemas):
        item, home = _follow(node, home, schemas)
        item, _ = _follow(item.get("items", item), home, schemas)
        if words := words_of_schema(item, schemas):
            lists.setdefault(path, words)
    named: dict[tuple[str, ...], list[tuple[Path, str]]] = {}
    for path, words in lists.items():
        ranked = [(rank, name, word.value) for word in words for rank, name in enumerate(word.names)]
        for _, name, value in sorted(ranked, key=itemgetter(0)):
            if parts := name_parts(name):
                named.setdefault(parts, []).append((path, value))
    return named


def _nodes(node: Any, path: Path, schema: str, schemas: SchemaSet) -> Iterator[tuple[Path, Any, str]]:
    """Yield each key that a schema names: its path (0 for each member of a list), its schema, the name of the file."""
    for there, home in schemas.alternatives(node, schema) if len(path) <= 16 else ():
        for key, child in there.get("properties", {}).items():
            yield (*path, key), child, home
            yield from _nodes(child, (*path, key), home, schemas)
        yield from _nodes(there.get("items"), (*path, 0), home, schemas)


def _follow(node: Any, schema: str, schemas: SchemaSet) -> tuple[dict[str, Any], str]:
    """Return the schema behind a reference and the name of its file; a schema without a reference is unchanged."""
    while isinstance(node, dict) and (reference := node.get("$ref")):
        from vatspolicy.core.documents.schemas import schema_named

        node, schema = schemas.resolve(reference, schema), schema_named(reference) or schema
    return node if isinstance(node, dict) else {}, schema


def _shared(path: Path, other: Path) -> int:
    """Return the number of initial steps that two paths share."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(path, other, strict=False)))
