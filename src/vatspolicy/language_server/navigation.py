"""The symbol at a place, its definition, its references, and the rename of a term."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from vatspolicy.documents import Document, Limits, Path, parse_document
from vatspolicy.documents.schemas import SchemaSet, resource_folder, schema_named
from vatspolicy.errors import InvalidInput
from vatspolicy.i18n import _
from vatspolicy.language_server.kinds import POLICY, TESTS
from vatspolicy.language_server.law import Law, absolute
from vatspolicy.language_server.mentions import (
    FACT,
    TERMS,
    Mention,
    Owners,
    Symbol,
    find_accepted_terms,
    find_mentions,
    mentions_at,
)
from vatspolicy.language_server.project import Project
from vatspolicy.language_server.sketch import find_places
from vatspolicy.language_server.text import Span, Text
from vatspolicy.policies.files import PROPERTIES, TESTS_ENDING

_SCHEMA_LIMITS = Limits(size=2**24, nodes=10**6, depth=128)
_TERM_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
"""As the schema of policies has it."""


class Place(NamedTuple):
    """A part of a file."""

    file: str
    span: Span


class RenameRefused(Exception):
    """A rename that would break the law, or lose a use. Its text is a sentence with the reason."""


def symbols_at(project: Project, file: str, index: int) -> list[Symbol]:
    """Return what a place of a file names; several for a fact of the operator, who is the company or the partner."""
    kind = project.kind_of(file)
    if kind is None:
        return []
    owners = project.owners(file)
    found: dict[Symbol, None] = {}
    for place in find_places(project.text(file), index):
        for one in mentions_at(kind, place.path, place.on_key, place.text, place.scalars, owners):
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
    document = schemas.derived(("document", key[0]), lambda: _schema_document(key[0], schemas))
    if document is None:
        return None
    text = Text(document.text)
    return Place(absolute(document.file), text.token(text.at(*document.mark(key[1], key=True))))


def _schema_document(name: str, schemas: SchemaSet) -> Document | None:
    file = f"{name}.schema.json"
    try:
        return parse_document(schemas.files[file], str(resource_folder("schemas") / file), _SCHEMA_LIMITS)
    except InvalidInput:
        return None


# --- references


@dataclass
class _Files:
    """The files of a law with what they name, as they are open or as they were last good."""

    project: Project
    law: Law
    broken: list[str] = field(default_factory=list)
    """Files that cannot be read, or hold a fault at this moment."""

    def mentions(self) -> Iterator[tuple[Document, Mention]]:
        """Yield what the policies, their tests and the accepted findings of analysis name. The law has a bundle."""
        assert self.law.bundle is not None
        for id, good in self.law.documents.items():
            file = absolute(good.file)
            yield from ((found, one) for found in self._read(file, good) for one in self._find(POLICY, found, id))
            tests = file.removesuffix(".yaml") + TESTS_ENDING
            for found in self._read(tests, None):
                yield from ((found, one) for one in self._find(TESTS, found, id))

        for found in self._read(absolute(os.path.join(self.law.bundle.folder, PROPERTIES)), None):
            yield from ((found, one) for one in find_accepted_terms(found.data, self._owners))

    def _read(self, file: str, good: Document | None) -> Iterator[Document]:
        if good is not None and file not in self.project.texts:
            yield good
            return
        if os.path.lexists(file) or file in self.project.texts:
            found = self.project.document(file)
            if found is None:
                self.broken.append(file)
            else:
                yield found

    def _find(self, kind: str, document: Document, id: str) -> Iterator[Mention]:
        own = document.data if kind == POLICY else self.law.documents[id].data
        yield from find_mentions(kind, document, self._owners(id, own))

    def _owners(self, id: str, own: Mapping[str, Any] | None = None) -> Owners:
        found = own if own is not None else self.law.documents[id].data if id in self.law.documents else {}
        used = [(one, self.law.documents[one].data) for one in found.get("uses", ()) if one in self.law.documents]
        return Owners(id, found, used)


def find_references(project: Project, file: str, symbols: Iterable[Symbol], defining: bool = True) -> list[Place]:
    """Return every place of the law that names a symbol, and its definition if that is wanted."""
    wanted, law = set(symbols), project.law_of(file)
    if not wanted or law.bundle is None:
        return []
    found = [
        _place(project, document, one)
        for document, one in _Files(project, law).mentions()
        if one.symbol in wanted and (defining or not one.defines)
    ]
    return sorted(set(found), key=lambda one: (one.file, one.span.start))


def _place(project: Project, document: Document, one: Mention) -> Place:
    """Return the place of a mention in its file."""
    file = absolute(document.file)
    text = project.text(file) if file in project.texts else Text(document.text)
    if one.on_key:
        return Place(file, text.token(text.at(*document.mark(one.path, key=True))))
    start = text.at(*document.locate(one.path, one.offset))
    end = text.at(*document.locate(one.path, one.offset + one.length - 1)) + 1
    return Place(file, Span(start, end))


# --- rename


def is_installed(file: str) -> bool:
    """Return whether a file belongs to the law that is installed with the program."""
    place = absolute(resource_folder("policies"))
    return "_resources" in FilePath(place).parts and absolute(file).startswith(os.path.join(place, ""))


def check_rename(project: Project, file: str, index: int) -> tuple[Symbol, Span]:
    """Return the term at a place, and the part of the text that is its name.

    Raises:
        RenameRefused: There is no term there, or the law cannot be read.
    """
    symbols = [symbol for symbol in symbols_at(project, file, index) if symbol.kind == TERMS]
    law = project.law_of(file)
    if not symbols or not symbols[0].owner:
        raise RenameRefused(_("Only a term can be renamed: ids of rules and policies never change."))
    if law.bundle is None or law.policy_of(file) is None:
        raise RenameRefused(_("The law cannot be read; correct its faults first."))
    if is_installed(file):
        raise RenameRefused(_("The shipped law is not edited here."))
    for place in find_references(project, file, symbols[:1]):
        if place.file == absolute(file) and place.span.start <= index <= place.span.end:
            return symbols[0], place.span
    raise RenameRefused(_("The law cannot be read; correct its faults first."))


def rename_term(project: Project, file: str, index: int, name: str) -> list[Place]:
    """Return every place that holds the name of the term at a place, which `name` may replace.

    Raises:
        RenameRefused: The name is no name of a term, it is taken where the term is used, or a file has faults.
    """
    symbol, _span = check_rename(project, file, index)
    if not _TERM_NAME.fullmatch(name) or len(name) > 80:
        raise RenameRefused(_("A term is named by lower-case words joined by underscores."))
    law = project.law_of(file)
    assert law.bundle is not None
    for id, policy in law.bundle.policies.items():
        seen = {id, *policy.uses}
        if symbol.owner in seen and (
            taken := next((one for one in seen if name in law.documents[one].data.get("terms", {})), None)
        ):
            raise RenameRefused(_("The term {name!r} is defined in {policy} too.", name=name, policy=taken))
    files = _Files(project, law)
    found = [_place(project, document, one) for document, one in files.mentions() if one.symbol == symbol]
    if files.broken:
        raise RenameRefused(_("{file} cannot be read; correct its faults first.", file=files.broken[0]))
    for place in found:
        text = project.text(place.file)
        if text.content[place.span.start : place.span.end] != symbol.name:
            raise RenameRefused(_("A use in {file} cannot be replaced; rename it by hand.", file=place.file))
    return sorted(set(found), key=lambda one: (one.file, one.span.start))
