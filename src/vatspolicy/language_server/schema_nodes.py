"""The schema nodes that a path of a document leads to, with every alternative; keys and values that they allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from vatspolicy.core.documents import Path, split_path
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.word_search import Word, words_of_schema
from vatspolicy.language_server.kinds import FIXTURE, TESTS

SchemaNode: TypeAlias = Mapping[str, Any]
"""A node of a schema."""


def find_schema(kind: str, path: Path) -> tuple[str, Path]:
    """Return the schema and the path of a value; values set in a test are facts of the profile."""
    if kind in (TESTS, FIXTURE) and "set" in path:
        inner = path[path.index("set") + 1 :]
        if inner and isinstance(inner[0], str):
            return "profile", (*split_path(inner[0]), *inner[1:])
    if kind == TESTS and path[:1] == ("base",):
        return "profile", path[1:]
    return kind, path


def find_nodes(schema: str, path: Path, schemas: SchemaSet) -> list[SchemaNode]:
    """Return the nodes of the value at a path, references followed."""
    if schema not in schemas.names:
        return []
    nodes = list(schemas.alternatives(schemas.load(schema), schema))
    for step in path:
        below = [(inner, home) for node, home in nodes for inner in _step(node, step)]
        nodes = [alternative for inner, home in below for alternative in schemas.alternatives(inner, home)]
    return [node for node, _ in nodes]


def _step(node: SchemaNode, step: str | int) -> Iterator[SchemaNode]:
    named = node.get("properties", {}).get(step) if isinstance(step, str) else None
    inner = node.get("items") if isinstance(step, int) else named or node.get("additionalProperties")
    if isinstance(inner, Mapping):
        yield inner


def allowed_keys(nodes: list[SchemaNode]) -> dict[str, Mapping[str, Any]]:
    """Return the allowed keys of a mapping, each with the schema of its value."""
    return {key: child for node in reversed(nodes) for key, child in node.get("properties", {}).items()}


def required_keys(nodes: list[SchemaNode]) -> set[str]:
    """Return the required keys of a mapping."""
    return {key for node in nodes if "properties" in node for key in node.get("required", ())}


def allowed_words(nodes: list[SchemaNode], schemas: SchemaSet) -> list[Word]:
    """Return the allowed words of a value, with their names; `true` and `false` for a truth value."""
    words: dict[str, Word] = {}
    for node in nodes:
        for word in words_of_schema(node, schemas):
            words.setdefault(word.value, word)
        if isinstance(const := node.get("const"), str):
            words.setdefault(const, Word(const, None))
        if node.get("type") == "boolean":
            words |= {text: Word(text, None) for text in ("true", "false")}
    return list(words.values())


def describe_nodes(nodes: list[SchemaNode]) -> Mapping[str, Any]:
    """Return the annotations of a value, those nearest to its key first: title, description, unit, question."""
    annotations: dict[str, Any] = {}
    for node in nodes:
        for key in ("title", "x-title-zh", "description", "x-question", "x-unit", "type", "format"):
            if key in node:
                annotations.setdefault(key, node[key])
    return annotations
