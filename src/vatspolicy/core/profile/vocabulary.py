"""Types, names, questions and places of facts, from the schemas of a release. Every function takes the schemas; None
means the shipped ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from vatspolicy.core.cel.types import ObjectOf, Type, type_of_schema
from vatspolicy.core.documents.schemas import SchemaSet, derived_from_schemas
from vatspolicy.core.documents.word_search import NEAR, Word, name_words, search_words, words_of_schema
from vatspolicy.i18n import Language as Language
from vatspolicy.i18n import LocalizedText as LocalizedText
from vatspolicy.i18n.words import FRAMES, say_both

if TYPE_CHECKING:
    from typing import Any

CLASS = "class"
"""Subject of an opinion on the classes of a service."""
INHERITED = ("operated_by", "customer_contract", "audience", "channels", "hosting", "area", "facilities")
"""Facts that a product may state for services that omit them."""


@derived_from_schemas
def profile_type(schemas: SchemaSet) -> ObjectOf:
    """Return the type of a whole profile, as expressions see it (places expanded)."""
    type = type_of_schema(schemas.load("profile"), "profile", schemas.resolve)
    assert isinstance(type, ObjectOf)
    return type


def gazetteer(schemas: SchemaSet | None = None) -> Mapping[str, Mapping[str, str]]:
    """Return places by code: `en`, `zh`, and where they have one `within`, `province`, `zone`, and `divided`."""
    places: Mapping[str, Mapping[str, str]] = _chosen(schemas).load("places")["x-gazetteer"]
    return places


def within(code: str, schemas: SchemaSet | None = None) -> tuple[str, ...]:
    """Return the place and every place it lies in, innermost first."""
    places = gazetteer(schemas)
    around = [code]
    while parent := places[around[-1]].get("within"):
        around.append(parent)
    return tuple(around)


def is_divided(code: str, schemas: SchemaSet | None = None) -> bool:
    """Return whether the law treats parts of a place differently, so that an address needs the part."""
    return bool(gazetteer(schemas)[code].get("divided"))


def addresses(schemas: SchemaSet) -> tuple[str, ...]:
    """Return the sites that identify an address: all except divided ones."""
    return tuple(code for code in schemas.load("places")["$defs"]["site"]["enum"] if not is_divided(code, schemas))


def parts_of(code: str, schemas: SchemaSet) -> tuple[str, ...]:
    """Return the addresses within a place."""
    return tuple(site for site in addresses(schemas) if code in within(site, schemas))


@derived_from_schemas
def presumptions(schemas: SchemaSet) -> Mapping[str, tuple[str, frozenset[str]]]:
    """Return the lists of a service that count as empty for some words if omitted, with the fact of these words."""
    service = schemas.load("profile")["properties"]["services"]["items"]["properties"]
    stated = {name: child["x-empty-behind"] for name, child in service.items() if "x-empty-behind" in child}
    return {name: (fact, frozenset(words)) for name, rule in stated.items() for fact, words in rule.items()}


def words(kind: str, schemas: SchemaSet | None = None) -> frozenset[str]:
    """Return the members of a shared enumeration: class, authority, reason, country."""
    return frozenset(_chosen(schemas).load("vocabulary")["$defs"][kind]["enum"])


def label(kind: str, word: str, schemas: SchemaSet | None = None) -> LocalizedText:
    """Return the name of a member of a shared enumeration (class, authority, reason), a place or a zone."""
    if kind == "place":
        return gazetteer(schemas)[word]
    home = "places" if kind == "zone" else "vocabulary"
    return _chosen(schemas).load(home)["$defs"][kind]["x-enum"][word]  # type: ignore[no-any-return]


def describe(
    path: tuple[str | int, ...], schemas: SchemaSet | None = None, whole: str = "profile"
) -> Mapping[str, Any]:
    """Return the schema node of a fact of a profile or launch, references followed; an empty mapping if unknown."""
    schemas = _chosen(schemas)
    node: Mapping[str, Any] = schemas.load(whole)
    for step in path:
        node = resolve_node(node, schemas)
        further = node.get("additionalProperties") or {}
        node = node.get("items", {}) if isinstance(step, int) else node.get("properties", {}).get(step, further)
    return {
        **resolve_node(node, schemas),
        **{key: node[key] for key in ("title", "x-title-zh", "x-question", "x-example") if key in node},
    }


def question(path: tuple[str | int, ...], schemas: SchemaSet | None = None) -> LocalizedText:
    """Return the question about a fact, or its title if the schema has no question."""
    node = describe(path, schemas)
    title = node.get("title", str(path[-1]) if path else "")
    return node.get("x-question") or say_both(
        FRAMES["question"], text={"en": title, "zh": node.get("x-title-zh", title)}
    )


def asked_together(path: tuple[str | int, ...], schemas: SchemaSet | None = None) -> Mapping[str, Any] | None:
    """Return the entry of `x-together` for a fact, with all facts of its question; None for a separate question."""
    name = ".".join(step for step in path if isinstance(step, str))
    groups: Iterable[Mapping[str, Any]] = _chosen(schemas).load("profile").get("x-together", ())
    return next((group for group in groups if name in group["facts"]), None)


def words_of(path: tuple[str | int, ...], schemas: SchemaSet | None = None) -> tuple[Word, ...]:
    """Return the values that a fact may have, with names, synonyms and examples; for a list, those of its members.

    A place is named by its code. A fact without an enumeration has none.
    """
    schemas = _chosen(schemas)
    return schemas.derived(("words", path), lambda: words_of_schema(_enumeration(path, schemas), schemas))


def find_words(path: tuple[str | int, ...], text: str, schemas: SchemaSet | None = None) -> tuple[Word, ...]:
    """Return the values of a fact that match a search, in either language and by synonyms, best first.

    `find_words(("services", 0, "offers"), "CRM")` finds `saas`. If nothing fits, the values spelled almost alike.
    """
    return tuple(word for _, word in search_words(text, words_of(path, schemas)))


def groups_of(path: tuple[str | int, ...], schemas: SchemaSet | None = None) -> Mapping[str, LocalizedText]:
    """Return the group of each value of a fact, in display order; none if there are no groups."""
    groups = _enumeration(path, _chosen(schemas)).get("x-groups", ())
    return {member: {"en": group["en"], "zh": group["zh"]} for group in groups for member in group["members"]}


def grouped(values: Iterable[str], group_of: Mapping[str, LocalizedText]) -> list[str]:
    """Return values with those of one group together, and those without a group last."""
    order = list(group_of)
    return sorted(values, key=lambda value: order.index(value) if value in group_of else len(order))


def find_choices(
    path: tuple[str | int, ...],
    text: str,
    names: Mapping[str, LocalizedText],
    schemas: SchemaSet,
    worst: int = NEAR,
) -> list[str]:
    """Return the values of a fact that match a search by name or group, best first, down to the grade `worst`.

    `names` are those of instruments, which the schema does not name.
    """
    words, wanted = name_words(words_of(path, schemas), names), text.strip().casefold()
    if not wanted:
        return []
    matches = [word.value for grade, word in search_words(text, words) if grade <= worst]
    members = [
        member
        for member, group in groups_of(path, schemas).items()
        if len(wanted) > 1 and any(name.casefold().startswith(wanted) for name in group.values())
    ]
    return list(dict.fromkeys((*matches, *members)))


def _enumeration(path: tuple[str | int, ...], schemas: SchemaSet) -> Mapping[str, Any]:
    """Return the schema node of a fact's values: of list members, or of the code of a place."""
    node = describe(path, schemas)
    while "enum" not in node and (inner := node.get("items") or node.get("properties", {}).get("at")):
        node = resolve_node(inner, schemas)
    return node


def fact_schemas(schemas: SchemaSet | None = None) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield every property of the profile schema with its path (list members share the path of their list)."""
    schemas = _chosen(schemas)

    def visit(node: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
        node = resolve_node(node, schemas)
        if "items" in node:
            yield from visit(node["items"], path)
        for name, child in node.get("properties", {}).items():
            yield (*path, name), {**resolve_node(child, schemas), **child}
            yield from visit(child, (*path, name))

    yield from visit(schemas.load("profile"), ())


def type_of(*path: str, schemas: SchemaSet | None = None) -> Type:
    """Return the type of a fact by its path through objects and lists, such as ("services",)."""
    type: Type = profile_type(schemas)
    for name in path:
        assert isinstance(type, ObjectOf)
        type = type.fields[name]
    return type


def follow(node: Mapping[str, Any], schemas: SchemaSet) -> Mapping[str, Any]:
    """Return the node behind references."""
    while "$ref" in node:
        node = schemas.resolve(str(node["$ref"]))
    return node


def resolve_node(node: Mapping[str, Any], schemas: SchemaSet) -> Mapping[str, Any]:
    """Return the node behind references and shorthands."""
    node = follow(node, schemas)
    if "x-shorthand" in node:
        return next(branch for branch in node["anyOf"] if branch.get("type") == "object")
    return node


def _chosen(schemas: SchemaSet | None) -> SchemaSet:
    return schemas or SchemaSet.shipped()
