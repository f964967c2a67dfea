"""The symbol at a place: its definition, its references, and the rename of a term."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path as FilePath
from typing import NamedTuple

from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.authoring.lint.schema_checks import schema_document
from vatspolicy.core.cel.grammar import NO_FIELDS
from vatspolicy.core.documents import Document, Path
from vatspolicy.core.documents.schemas import SchemaSet, resource_folder, schema_named
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.files import HEAD, PROPERTIES
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _
from vatspolicy.language_server.editor_text import EditorText, Span, find_places
from vatspolicy.language_server.kinds import LAYER, POLICY, SETTINGS, TESTS, find_law_folder, tests_file
from vatspolicy.language_server.law import EditedLaw, absolute
from vatspolicy.language_server.mentions import FACT, TERMS, Mention, Owners, Symbol, find_mentions, mentions_at
from vatspolicy.language_server.project import Project


class FilePart(NamedTuple):
    """A part of a file."""

    file: str
    span: Span


def symbols_at(project: Project, file: str, index: int) -> list[Symbol]:
    """Return the symbols at a place of a file; several for a fact of the operator (company or partner)."""
    kind = project.kind_of(file)
    if kind is None:
        return []
    owners, names = project.owners(file), project.law_of(file).names_of
    symbols: dict[Symbol, None] = {}
    for sketch in find_places(project.text(file), index):
        for mention in mentions_at(kind, sketch.path, sketch.on_key, sketch.text, sketch.scalars, owners, names):
            if mention.offset <= sketch.offset <= mention.offset + mention.length:
                symbols[mention.symbol] = None
    return list(symbols)


def find_definitions(project: Project, file: str, symbols: Iterable[Symbol]) -> list[FilePart]:
    """Return the definitions of symbols."""
    law = project.law_of(file)
    return [part for symbol in symbols for part in _definition(project, law, symbol)]


def _definition(project: Project, law: EditedLaw, symbol: Symbol) -> Iterator[FilePart]:
    bundle = law.bundle
    if symbol.kind == FACT:
        if part := schema_place(symbol.name, law.schemas):
            yield part
        return
    if bundle is None:
        return
    for id, path, on_key in _places_of(law, symbol):
        document = law.documents.get(id)
        if document is not None:
            file = absolute(document.file)
            line, column = document.mark(path, key=on_key)
            text = project.text(file)
            yield FilePart(file, text.token(text.at(line, column)))


def _places_of(law: EditedLaw, symbol: Symbol) -> Iterator[tuple[str, Path, bool]]:
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


def schema_place(fact: str, schemas: SchemaSet) -> FilePart | None:
    """Return the definition of a fact in the schemas; None for other variables of rules."""
    home = "profile"
    path: Path = ()
    node = schemas.load(home)
    for step in fact.split("."):
        while True:
            if reference := node.get("$ref"):
                home = schema_named(reference) or home
                node, path = (
                    schemas.resolve(reference, home),
                    tuple(filter(None, reference.partition("#")[2].split("/"))),
                )
            elif "x-shorthand" in node:
                index, node = next(pair for pair in enumerate(node["anyOf"]) if pair[1].get("type") == "object")
                path = (*path, "anyOf", index)
            elif "items" in node and "properties" not in node:
                node, path = node["items"], (*path, "items")
            else:
                break
        part = "properties" if step in node.get("properties", {}) else "x-derived"
        if step not in node.get(part, {}):
            return None
        node, path = node[part][step], (*path, part, step)
    # the file, without the instruments that a law adds
    document = schemas.derived(("document", home), lambda: schema_document(SchemaSet.shipped(), home))
    text = EditorText(document.text)
    return FilePart(absolute(document.file), text.token(text.at(*document.mark(path, key=True))))


# --- every place of a law that names a symbol. Each text is gone through once, whatever it names


Named = tuple[Document, Mention]
"""A file, and a symbol in it."""


def find_references(project: Project, file: str, symbols: Iterable[Symbol], defining: bool = True) -> list[FilePart]:
    """Return every reference to a symbol, optionally with its definition, in the laws that contain a file."""
    wanted = set(symbols)
    if not wanted:
        return []
    mentions = (
        named
        for named in LawFiles(project, project.laws_with(file)).mentions()
        if named[1].symbol in wanted and (defining or not named[1].defines)
    )
    return find_places_of(project, mentions)


def find_places_of(project: Project, mentions: Iterable[Named]) -> list[FilePart]:
    """Return the places of mentions, each once and in order. Those of one value come one after another."""
    places: dict[FilePart, None] = {}
    for (_name, path, on_key), group in groupby(mentions, key=lambda by: (by[0].file, by[1].path, by[1].on_key)):
        same = list(group)
        document = same[0][0]
        file = absolute(document.file)
        text = project.text(file) if file in project.texts else EditorText(document.text)
        key = text.token(text.at(*document.mark(path, key=True))) if on_key else None
        characters = [] if on_key else document.characters(path)
        for _name, mention in same:
            if key is not None:
                span = key
            elif mention.offset + mention.length < len(characters):
                span = Span(characters[mention.offset], characters[mention.offset + mention.length - 1] + 1)
            else:  # the spelling in the source is unknown
                start = text.at(*document.mark(path))
                span = Span(start, start + 1)
            places[FilePart(file, span)] = None
    return sorted(places, key=lambda part: (part.file, part.span.start))


@dataclass
class LawFiles:
    """The files of laws with their symbols, from the open text or the last valid state."""

    project: Project
    laws: list[EditedLaw]
    broken: list[str] = field(default_factory=list)
    """Files that are unreadable or currently faulty."""

    def mentions(self) -> Iterator[Named]:
        """Yield what policies, their tests, layer.yaml and properties.yaml name; those of one value in succession."""
        seen: set[str] = set()
        files = ((law, *part) for law in self.laws for part in self._files(law))
        for law, kind, file, good, owners in files:
            for document in self._read(file, good) if file not in seen else ():
                own = owners
                if own is None:
                    id = document.data.get("id") if isinstance(document.data, dict) else None
                    own = law.names_of(str(id), document.data)
                yield from ((document, mention) for mention in find_mentions(kind, document, own, law.names_of))
            seen.add(file)

    def _files(self, law: EditedLaw) -> Iterator[tuple[str, str, Document | None, Owners | None]]:
        """Yield kind, path, last valid document and names of each file; None if its data determine the names."""
        seen = set()
        for id, good in law.documents.items():
            file = absolute(good.file)
            seen.add(file)
            yield POLICY, file, good, None
            yield TESTS, tests_file(file), None, law.names_of(id)
        for file in [*self.project.texts]:  # an unsaved policy
            if file not in seen and self.project.kind_of(file) == POLICY:
                folder = find_law_folder(file)
                if folder is not None and absolute(folder) in law.folders:
                    yield POLICY, file, None, None
        for law_folder in law.folders:
            yield SETTINGS, os.path.join(law_folder, PROPERTIES), None, Owners("", {}, ())
            yield LAYER, os.path.join(law_folder, HEAD), None, Owners("", {}, ())

    def _read(self, file: str, good: Document | None) -> Iterator[Document]:
        if good is not None and file not in self.project.texts:
            yield good
            return
        if os.path.lexists(file) or file in self.project.texts:
            document = self.project.document(file)
            if document is None:
                self.broken.append(file)
            else:
                yield document


# --- the rename of a term: in every policy, open or not, and only if the law stays the same by it


class RenameRefused(Exception):
    """A rename that would break the law, or miss a reference. Its text is a sentence with the reason."""


def is_installed(file: str) -> bool:
    """Return whether a file belongs to the law that is installed with the program."""
    resources = absolute(resource_folder("policies"))
    return "_resources" in FilePath(resources).parts and absolute(file).startswith(os.path.join(resources, ""))


def check_rename(project: Project, file: str, index: int) -> tuple[Symbol, Span]:
    """Return the term at a place, and the part of the text that is its name.

    Raises:
        RenameRefused: There is no term there, the law cannot be read, or the term is one of the shipped law.
    """
    symbols = [symbol for symbol in symbols_at(project, file, index) if symbol.kind == TERMS]
    if not symbols or not symbols[0].owner:
        raise RenameRefused(_("Only terms can be renamed: ids of rules and policies never change."))
    symbol = symbols[0]
    defined = [part.file for part in find_definitions(project, file, [symbol])]
    if not defined:
        raise RenameRefused(_("The law has errors; correct them first."))
    if any(map(is_installed, defined)):
        raise RenameRefused(_("The shipped law cannot be edited here."))
    for part in find_references(project, file, [symbol]):
        if part.file == absolute(file) and part.span.start <= index <= part.span.end:
            return symbol, part.span
    raise RenameRefused(_("The law has errors; correct them first."))


def rename_term(project: Project, file: str, index: int, name: str) -> list[FilePart]:
    """Return every place that holds the name of the term at a place, which `name` may replace.

    All files are read again, those that are open as they stand there. With the new name they must make the same law.

    Raises:
        RenameRefused: The name is not valid for a term or already in use there, a file has faults or cannot
            be written, or a use of the term would be lost.
    """
    project.forget()
    symbol, _span = check_rename(project, file, index)
    if name == symbol.name:
        return []
    [defined] = [part.file for part in find_definitions(project, file, [symbol])]
    laws = project.laws_with(defined)
    before = [_sound(law) for law in laws]
    for law, bundle in zip(laws, before, strict=True):
        _check_name(law, bundle, symbol, name)
    files = LawFiles(project, laws)
    mentions = list(files.mentions())
    if files.broken:
        raise RenameRefused(_("{file} has errors; correct them first.", file=files.broken[0]))
    places = find_places_of(project, (named for named in mentions if named[1].symbol == symbol))
    for part in places:
        _check_place(project, part, symbol.name)
    edited = edit_texts(project, places, name)
    for law, bundle in zip(laws, before, strict=True):
        _check_result(law, bundle, edited)
    return places


def edit_texts(project: Project, places: Iterable[FilePart], name: str) -> dict[str, str]:
    """Return the texts of the files of places, with a name in these places."""
    texts: dict[str, str] = {}
    for part in reversed(list(places)):
        text = texts.get(part.file) or project.text(part.file).content
        texts[part.file] = text[: part.span.start] + name + text[part.span.end :]
    return texts


def _sound(law: EditedLaw) -> Bundle:
    """Return the bundle of a law whose files have no faults. Raises RenameRefused."""
    if faulty := next(iter(law.problems), None):
        raise RenameRefused(_("{file} has errors; correct them first.", file=faulty))
    if law.bundle is None:
        raise RenameRefused(_("The law has errors; correct them first."))
    return law.bundle


def _check_name(law: EditedLaw, bundle: Bundle, symbol: Symbol, name: str) -> None:
    """Raise RenameRefused unless the name is valid for a term and unused wherever the term is used."""
    allowed = law.schemas.load("policy")["properties"]["terms"]["propertyNames"]
    if not re.fullmatch(allowed["pattern"], name) or len(name) > allowed["maxLength"]:
        raise RenameRefused(_("The name of a term consists of lower-case words joined by underscores."))
    if name in NO_FIELDS:
        raise RenameRefused(_("{variable!r} is a reserved word of CEL.", variable=name))
    for id, policy in bundle.policies.items():
        seen = (id, *policy.uses)
        if symbol.owner in seen and (taken := next((id for id in seen if name in bundle.policies[id].terms), None)):
            raise RenameRefused(_("The term {name!r} is defined in {policy} too.", name=name, policy=taken))


def _check_place(project: Project, part: FilePart, name: str) -> None:
    """Raise RenameRefused unless a place contains the literal name, in a writable file."""
    if project.text(part.file).content[part.span.start : part.span.end] != name:
        raise RenameRefused(_("A use in {file} cannot be replaced; rename it by hand.", file=part.file))
    if os.path.lexists(part.file) and not os.access(part.file, os.W_OK, effective_ids=_EFFECTIVE):
        raise RenameRefused(_("{file} cannot be written.", file=part.file))


def _check_result(law: EditedLaw, before: Bundle, edited: Mapping[str, str]) -> None:
    """Raise RenameRefused if a law cannot be read with some texts, or if a rule would change its meaning."""
    try:
        after = law.read({**law.texts, **edited})
    except InvalidInput as error:
        raise RenameRefused(_said(error.problems[0])) from None
    if changed := Differences(RuleSignatures(before), RuleSignatures(after)).names:
        raise RenameRefused(_("The rule {rule} would change; rename the term by hand.", rule=next(iter(changed))))


def _said(problem: Problem) -> str:
    return _(
        "The law could not be read with this name: {file}:{line}: {message}",
        file=problem.file,
        line=problem.line,
        message=problem.message,
    )


_EFFECTIVE = os.access in os.supports_effective_ids
