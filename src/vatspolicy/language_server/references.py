"""Every place of a law that names a symbol. Each text is gone through once, whatever it names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from vatspolicy.core.documents import Document
from vatspolicy.core.policies.files import HEAD, PROPERTIES
from vatspolicy.language_server.kinds import LAYER, POLICY, SETTINGS, TESTS, find_law_folder, tests_file
from vatspolicy.language_server.law import Law, absolute
from vatspolicy.language_server.mentions import Mention, Owners, Symbol, find_mentions
from vatspolicy.language_server.navigation import Place
from vatspolicy.language_server.project import Project
from vatspolicy.language_server.text import Span, Text

Named = tuple[Document, Mention]
"""A file, and something that it names."""


def find_references(project: Project, file: str, symbols: Iterable[Symbol], defining: bool = True) -> list[Place]:
    """Return every place that names a symbol, its definition if that is wanted, in the laws that a file is part of."""
    wanted = set(symbols)
    if not wanted:
        return []
    found = (
        named
        for named in LawFiles(project, project.laws_with(file)).mentions()
        if named[1].symbol in wanted and (defining or not named[1].defines)
    )
    return find_places_of(project, found)


def find_places_of(project: Project, found: Iterable[Named]) -> list[Place]:
    """Return the places of mentions, each once and in order. Those of one value come one after another."""
    places: dict[Place, None] = {}
    for (_, path, on_key), group in groupby(found, key=lambda one: (one[0].file, one[1].path, one[1].on_key)):
        same = list(group)
        document = same[0][0]
        file = absolute(document.file)
        text = project.text(file) if file in project.texts else Text(document.text)
        key = text.token(text.at(*document.mark(path, key=True))) if on_key else None
        characters = [] if on_key else document.characters(path)
        for _, one in same:
            if key is not None:
                span = key
            elif one.offset + one.length < len(characters):
                span = Span(characters[one.offset], characters[one.offset + one.length - 1] + 1)
            else:  # it is not known how the text is written
                start = text.at(*document.mark(path))
                span = Span(start, start + 1)
            places[Place(file, span)] = None
    return sorted(places, key=lambda one: (one.file, one.span.start))


@dataclass
class LawFiles:
    """The files of laws with what they name, as they are open or as they were last good."""

    project: Project
    laws: list[Law]
    broken: list[str] = field(default_factory=list)
    """Files that cannot be read, or hold a fault at this moment."""

    def mentions(self) -> Iterator[Named]:
        """Yield what policies, their tests, layer.yaml and properties.yaml name; those of one value in succession."""
        seen: set[str] = set()
        for law in self.laws:
            for kind, file, good, owners in self._files(law):
                if file in seen:
                    continue
                seen.add(file)
                for document in self._read(file, good):
                    if owners is None:
                        id = document.data.get("id") if isinstance(document.data, dict) else None
                        own = law.names_of(str(id), document.data)
                    else:
                        own = owners
                    yield from ((document, one) for one in find_mentions(kind, document, own, law.names_of))

    def _files(self, law: Law) -> Iterator[tuple[str, str, Document | None, Owners | None]]:
        """Yield kind, path, last good document and names of each file. None for the names of what its data tell."""
        known = set()
        for id, good in law.documents.items():
            file = absolute(good.file)
            known.add(file)
            yield POLICY, file, good, None
            yield TESTS, tests_file(file), None, law.names_of(id)
        for file in [*self.project.texts]:  # a policy that was not saved yet
            if file not in known and self.project.kind_of(file) == POLICY:
                folder = find_law_folder(file)
                if folder is not None and absolute(folder) in law.folders:
                    yield POLICY, file, None, None
        for place in law.folders:
            yield SETTINGS, os.path.join(place, PROPERTIES), None, Owners("", {}, ())
            yield LAYER, os.path.join(place, HEAD), None, Owners("", {}, ())

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
