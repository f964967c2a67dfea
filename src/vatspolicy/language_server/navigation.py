"""The symbol at a place, and its definition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from vatspolicy.core.documents import Document, Limits, Path, parse_document
from vatspolicy.core.documents.schemas import SchemaSet, resource_folder, schema_named
from vatspolicy.errors import InvalidInput
from vatspolicy.language_server.law import Law, absolute
from vatspolicy.language_server.mentions import FACT, Symbol, mentions_at
from vatspolicy.language_server.project import Project
from vatspolicy.language_server.sketch import find_places
from vatspolicy.language_server.text import Span, Text

_SCHEMA_LIMITS = Limits(size=2**24, nodes=10**6, depth=128)


class Place(NamedTuple):
    """A part of a file."""

    file: str
    span: Span


def symbols_at(project: Project, file: str, index: int) -> list[Symbol]:
    """Return what a place of a file names; several for a fact of the operator, who is the company or the partner."""
    kind = project.kind_of(file)
    if kind is None:
        return []
    owners, names = project.owners(file), project.law_of(file).names_of
    found: dict[Symbol, None] = {}
    for place in find_places(project.text(file), index):
        for one in mentions_at(kind, place.path, place.on_key, place.text, place.scalars, owners, names):
            if one.offset <= place.offset <= one.offset + one.length:
                found[one.symbol] = None
    return list(found)


def find_definitions(project: Project, file: str, symbols: Iterable[Symbol]) -> list[Place]:
    """Return where symbols are defined."""
    law = project.law_of(file)
    return [place for symbol in symbols for place in _definition(project, law, symbol)]


def _definition(project: Project, law: Law, symbol: Symbol) -> Iterator[Place]:
    bundle = law.bundle
    if symbol.kind == FACT:
        if found := schema_place(symbol.name, law.schemas):
            yield found
        return
    if bundle is None:
        return
    for id, path, on_key in _places_of(law, symbol):
        document = law.document(id)
        if document is not None:
            file = absolute(document.file)
            line, column = document.mark(path, key=on_key)
            text = project.text(file)
            yield Place(file, text.token(text.at(line, column)))


def _places_of(law: Law, symbol: Symbol) -> Iterator[tuple[str, Path, bool]]:
    """Yield policy, path, and whether the key counts, of the definitions of a symbol."""
    assert law.bundle is not None
    match symbol.kind:
        case "term":
            yield symbol.owner, ("terms", symbol.name), True
        case "parameter":
            yield symbol.owner, ("parameters", symbol.name), True
        case "article":
            yield symbol.owner, ("articles", symbol.name), True
        case "policy":
            yield symbol.name, ("id",), False
        case "instrument" if symbol.name in law.bundle.instruments:
            yield law.bundle.instruments[symbol.name].policy, ("instruments", symbol.name), True
        case "rule" if symbol.owner in law.documents:
            for index, rule in enumerate(law.documents[symbol.owner].data.get("rules", ())):
                if rule["id"] == symbol.name:
                    yield symbol.owner, ("rules", index, "id"), False
        case "need":
            for id, document in law.documents.items():
                for index, rule in enumerate(document.data.get("rules", ())):
                    if rule.get("need", {}).get("through") == symbol.name:
                        yield id, ("rules", index, "need", "through"), False


def schema_place(fact: str, schemas: SchemaSet) -> Place | None:
    """Return where the schemas define a fact; None for a variable of rules that is none."""
    home = "profile"
    path: Path = ()
    node = schemas.load(home)
    key: tuple[str, Path] | None = None
    for step in fact.split("."):
        while True:
            if reference := node.get("$ref"):
                home = schema_named(reference) or home
                node, path = (
                    schemas.resolve(reference, home),
                    tuple(filter(None, reference.partition("#")[2].split("/"))),
                )
            elif "x-shorthand" in node:
                place = next(index for index, one in enumerate(node["anyOf"]) if one.get("type") == "object")
                node, path = node["anyOf"][place], (*path, "anyOf", place)
            elif "items" in node and "properties" not in node:
                node, path = node["items"], (*path, "items")
            else:
                break
        part = "properties" if step in node.get("properties", {}) else "x-derived"
        if step not in node.get(part, {}):
            return None
        node, path = node[part][step], (*path, part, step)
        key = home, path
    if key is None:
        return None
    document = schemas.derived(("document", key[0]), lambda: _schema_document(key[0]))
    if document is None:
        return None
    text = Text(document.text)
    return Place(absolute(document.file), text.token(text.at(*document.mark(key[1], key=True))))


def _schema_document(name: str) -> Document | None:
    """Return a schema as its file has it; the schemas of a law also list what its policies establish."""
    file = f"{name}.schema.json"
    try:
        return parse_document(SchemaSet.shipped().files[file], str(resource_folder("schemas") / file), _SCHEMA_LIMITS)
    except InvalidInput:
        return None
