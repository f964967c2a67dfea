"""Schemas as published: each is self-contained, without references to other files.

A file in the folder of schemas has no `$id`. Its references lead to the files beside it, wherever the folder is, so
editors and validators resolve them. A published schema needs no file beside it and has an absolute `$id`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vatspolicy.core.documents.schemas import schema_named

if TYPE_CHECKING:
    from typing import Any

    from vatspolicy.core.documents.schemas import SchemaSet

URN = "urn:vatspolicy:schema:"
"""Prefix of the `$id` of a published schema. A schema server replaces it with its address."""
_DATA = frozenset({"const", "default", "enum", "examples"})
"""Keywords whose value is data, in which `$ref` is a key like any other."""


def publish_schema(name: str, schemas: SchemaSet) -> dict[str, Any]:
    """Return a schema with an absolute `$id` and every schema that it refers to, under `$defs` by file name.

    Raises:
        FileNotFoundError: There is no such schema.
    """
    root = schemas.load(name)
    needed: dict[str, dict[str, Any]] = {}
    whole = _localize(root, "", name, needed, schemas)
    published = {"$schema": whole.get("$schema"), "$id": f"{URN}{name}"}
    published |= {key: value for key, value in whole.items() if key not in published}
    if needed:
        published["$defs"] = {**published.get("$defs", {}), **dict(sorted(needed.items()))}
    return published


def schema_text(name: str, schemas: SchemaSet) -> str:
    """Return the published form of a schema as text."""
    import json

    return json.dumps(publish_schema(name, schemas), ensure_ascii=False, indent=2) + "\n"


def _localize(node: Any, home: str, root: str, needed: dict[str, dict[str, Any]], schemas: SchemaSet) -> Any:
    """Return a node with references that stay within the published schema. `home` is the place of its own schema."""
    if isinstance(node, list):
        return [_localize(item, home, root, needed, schemas) for item in node]
    if not isinstance(node, dict):
        return node
    localize: dict[str, Any] = {}
    for key, child in node.items():
        if key == "$ref" and isinstance(child, str):
            file, _, pointer = child.partition("#")
            localize[key] = f"#{_embed(file, root, needed, schemas) if file else home}{pointer}"
        else:
            is_data = key in _DATA or key.startswith("x-")
            localize[key] = child if is_data else _localize(child, home, root, needed, schemas)
    return localize


def _embed(file: str, root: str, needed: dict[str, dict[str, Any]], schemas: SchemaSet) -> str:
    """Return the place of another schema within the published schema, adding it if necessary."""
    name = schema_named(file)
    if name == root:
        return ""
    key = f"{name}.schema.json"
    home = f"/$defs/{key}"
    if key not in needed:
        needed[key] = {}  # it may refer to itself, or to what refers to it
        whole = {part: value for part, value in schemas.load(name).items() if part not in ("$id", "$schema")}
        needed[key] = _localize(whole, home, root, needed, schemas)
    return home
