"""The OpenAPI document of the API: `schemas/openapi.yaml` with the published schemas in it."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

import yaml

from vatspolicy.core.documents.schemas import SchemaSet, resource_folder

_PUBLISHED = re.compile(r"(\w+)\.schema\.json(?:#(.*))?")
_LEFT_OUT = ("$schema", "$id", "x-invariants", "x-together")
"""Keys of a published schema that have no meaning inside an OpenAPI document."""
_BOUNDED = {"const", "enum", "format", "pattern"}
"""Schema keys for texts without invisible characters, which documents may not contain."""


def make_openapi(version: str, schemas: SchemaSet) -> dict[str, Any]:
    """Return the document for a bundle of this version, without references to other files."""
    document: dict[str, Any] = _localize(_read_template(), "")
    document["info"]["version"] = version
    own = document["components"]["schemas"]
    document["components"]["schemas"] = {**own, **_collect_schemas(_read_template(), schemas)}
    return document


@functools.cache
def _read_template() -> dict[str, Any]:
    text = (resource_folder("schemas") / "openapi.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def _collect_schemas(node: Any, schemas: SchemaSet) -> dict[str, Any]:
    """Return the published schemas that a node refers to, directly or through one another, by name."""
    collected: dict[str, Any] = {}
    wanted = list(_find_names(node))
    while wanted:
        name = wanted.pop()
        if name not in collected:
            schema = schemas.load(name)
            collected[name] = _localize({key: schema[key] for key in schema if key not in _LEFT_OUT}, name)
            wanted += _find_names(schema)
    return dict(sorted(collected.items()))


def _find_names(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(ref := node.get("$ref"), str) and (match := _PUBLISHED.fullmatch(ref)):
            yield match[1]
        for child in node.values():
            yield from _find_names(child)
    elif isinstance(node, list):
        for child in node:
            yield from _find_names(child)


def _localize(node: Any, name: str) -> Any:
    """Copy a node, with references to published schemas turned into references inside the document.

    `name` is the published schema that holds the node; empty for the document itself.
    """
    if isinstance(node, list):
        return [_localize(child, name) for child in node]
    if not isinstance(node, dict):
        return node
    copy = {key: _localize(child, name) for key, child in node.items()}
    if name == "profile" and copy.get("type") == "string" and not copy.keys() & _BOUNDED:
        copy["pattern"] = _read_template()["components"]["schemas"]["Text"]["pattern"]
    if isinstance(ref := node.get("$ref"), str):
        if match := _PUBLISHED.fullmatch(ref):
            copy["$ref"] = f"#/components/schemas/{match[1]}{match[2] or ''}"
        elif name:
            copy["$ref"] = f"#/components/schemas/{name}{ref.removeprefix('#')}"
    return copy
