"""What the schemas say about facts: their types, names, questions and places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vatspolicy.cel.types import Record, Type, type_of_schema
from vatspolicy.documents.schemas import load_schema, once_per_schemas
from vatspolicy.i18n import Language as Language
from vatspolicy.i18n import LocalizedText as LocalizedText

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

INHERITED = ("operated_by", "customer_contract", "audience", "channels", "hosting", "area", "facilities")
"""Facts that may stand at the product for the services that leave them out."""


def resolve(ref: str, base: str = "profile") -> Mapping[str, Any]:
    """The schema node that `ref` names, seen from the schema `base`. Raises KeyError for a dangling reference."""
    file, _, pointer = ref.partition("#")
    node: Any = load_schema(file.removesuffix(".schema.json") or base)
    for key in pointer.strip("/").split("/"):
        node = node[key]
    return node  # type: ignore[no-any-return]


@once_per_schemas
def profile_type() -> Record:
    """Type of a whole profile, as expressions see it (places expanded)."""
    type = type_of_schema(load_schema("profile"), "profile", resolve)
    assert isinstance(type, Record)
    return type


@once_per_schemas
def gazetteer() -> Mapping[str, Mapping[str, str]]:
    """Places by code: `en`, `zh`, and where they have one `within`, `province` and `zone`."""
    places: Mapping[str, Mapping[str, str]] = load_schema("places")["x-gazetteer"]
    return places


@once_per_schemas
def within(code: str) -> tuple[str, ...]:
    """The place and every place it lies in, innermost first."""
    parent = gazetteer()[code].get("within")
    return (code, *within(parent)) if parent else (code,)


def words(kind: str) -> frozenset[str]:
    """The members of a shared enumeration: class, authority, reason, country."""
    return frozenset(load_schema("vocabulary")["$defs"][kind]["enum"])


def label(kind: str, word: str) -> LocalizedText:
    """The name of a member of a shared enumeration (class, authority, reason), a place or a zone."""
    if kind == "place":
        return gazetteer()[word]
    if kind == "zone":
        return load_schema("places")["$defs"]["zone"]["x-enum"][word]  # type: ignore[no-any-return]
    return load_schema("vocabulary")["$defs"][kind]["x-enum"][word]  # type: ignore[no-any-return]


def describe(path: tuple[str | int, ...]) -> Mapping[str, Any]:
    """The schema node of a fact of the profile, references followed; an empty mapping for an unknown path."""
    node: Mapping[str, Any] = load_schema("profile")
    for step in path:
        node = _plain(node)
        node = node.get("items", {}) if isinstance(step, int) else node.get("properties", {}).get(step, {})
    return {**_plain(node), **{key: node[key] for key in ("title", "x-title-zh", "x-question") if key in node}}


def question(path: tuple[str | int, ...]) -> LocalizedText:
    """The question that asks for a fact; its title where the schema has no question."""
    node = describe(path)
    title = node.get("title", str(path[-1]) if path else "")
    return node.get("x-question") or {"en": f"{title}?", "zh": f"{node.get('x-title-zh', title)}？"}


def fact_schemas() -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Every property of the profile schema with its path (list members share the path of their list)."""

    def visit(node: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
        node = _plain(node)
        if "items" in node:
            yield from visit(node["items"], path)
        for name, child in node.get("properties", {}).items():
            yield (*path, name), {**_plain(child), **child}
            yield from visit(child, (*path, name))

    yield from visit(load_schema("profile"), ())


def _plain(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The node behind references and shorthands."""
    while "$ref" in node:
        node = resolve(str(node["$ref"]))
    if "x-shorthand" in node:
        return next(branch for branch in node["anyOf"] if branch.get("type") == "object")
    return node


def type_of(*path: str) -> Type:
    """Type of a fact by its path through objects and lists, such as ("services",)."""
    type: Type = profile_type()
    for name in path:
        assert isinstance(type, Record)
        type = type.fields[name]
    return type
