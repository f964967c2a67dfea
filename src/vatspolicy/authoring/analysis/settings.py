"""Reader of `properties.yaml`: properties of the law and accepted findings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from posixpath import dirname

from vatspolicy.bundles.select import LawStack
from vatspolicy.core.cel.ast import Node
from vatspolicy.core.cel.parser import ExpressionError, TypeEnvironment, parse
from vatspolicy.core.documents import Document, load_document, parse_document
from vatspolicy.core.documents import Path as Place
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.documents.schemas import resource_folder
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.policies.compiler import variables
from vatspolicy.core.policies.files import PROPERTIES
from vatspolicy.core.policies.model import as_tuple
from vatspolicy.core.profile.vocabulary import LocalizedText
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _
from vatspolicy.proofs.domain import iso, ordinal

FILE_NAME = PROPERTIES
FORMS = ("never", "monotone", "more_licenses", "more_words", "more_facts", "ascending")


@dataclass(frozen=True)
class LawProperty:
    """Property of the law."""

    id: str
    statement: LocalizedText
    cite: tuple[str, ...]
    line: int
    form: str
    body: Mapping[str, Tree]
    when: Node | None
    """Condition on the profiles and subjects concerned; None for all."""
    since: str | None
    until: str | None
    with_opinions: bool = True
    """True if the property also covers profiles with legal opinions."""
    searched: bool = False
    """True if trials test the property because its proof is too large."""
    file: str = ""
    """The file that contains it."""


@dataclass(frozen=True)
class AcceptedFinding:
    """Finding that is accepted for a reason."""

    kind: str
    about: tuple[str, ...]
    reason: LocalizedText
    line: int
    file: str = ""
    """The file that contains it."""


@dataclass(frozen=True)
class AnalysisSettings:
    """Contents of the file, or of the files of all layers; empty if there is none."""

    file: str = ""
    """The file of the highest layer that has one."""
    properties: tuple[LawProperty, ...] = ()
    accepted: tuple[AcceptedFinding, ...] = ()


def load_settings(law: LawStack) -> AnalysisSettings:
    """Return the settings of a law and of the layers above it. Raises InvalidInput."""
    found = [_read(document) for document in _find(law)]
    places: dict[str, str] = {}
    for item in (item for one in found for item in one.properties):
        if item.id in places:
            message = _("Another property has the same id ({place}).", place=places[item.id])
            raise InvalidInput([Problem(item.file, item.line, 1, "", message)])
        places[item.id] = f"{item.file}:{item.line}"
    return AnalysisSettings(
        next((one.file for one in reversed(found) if one.file), ""),
        tuple(item for one in found for item in one.properties),
        tuple(item for one in found for item in one.accepted),
    )


def _find(law: LawStack) -> Iterator[Document]:
    """Yield the settings files, starting with the lowest layer. Raises InvalidInput."""
    folders = list(law.layers)
    if law.bundle_file is not None:
        files = law.bundle_file.files
        own = [f"policies/{FILE_NAME}", *(f"{dirname(layer.head[0])}/{FILE_NAME}" for layer in law.bundle_file.layers)]
        yield from (parse_document(files[name], name) for name in own if name in files)
    else:
        folders = [law.folder or resource_folder("policies"), *folders]
    for path in (folder / FILE_NAME for folder in folders):
        if path.is_file():
            with contextlib.suppress(ValueError):
                path = path.resolve().relative_to(Path.cwd())
            yield load_document(path)


def _read(document: Document) -> AnalysisSettings:
    problems = validate(document, "properties")
    if problems:
        raise InvalidInput(problems)
    reader = _Reader(document)
    settings = reader.read()
    if reader.problems:
        raise InvalidInput(reader.problems)
    return settings


def find_setting_problems(document: Document) -> list[Problem]:
    """Return the problems that the schema of a settings file cannot find: duplicate ids and invalid expressions."""
    reader = _Reader(document)
    reader.read()
    return reader.problems


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document, self.problems = document, list[Problem]()

    def read(self) -> AnalysisSettings:
        data = self.document.data
        seen: set[str] = set()
        for index, entry in enumerate(data.get("properties", [])):
            if entry["id"] in seen:
                self.problems.append(
                    self.document.problem(("properties", index, "id"), _("Another property has the same id."))
                )
            seen.add(entry["id"])
        properties = [self.property(index, entry) for index, entry in enumerate(data.get("properties", []))]
        return AnalysisSettings(
            self.document.file,
            tuple(item for item in properties if item is not None),
            tuple(
                AcceptedFinding(
                    entry["kind"],
                    as_tuple(entry["about"]),
                    entry["reason"],
                    self.line(("accepted", index)),
                    self.document.file,
                )
                for index, entry in enumerate(data.get("accepted", []))
            ),
        )

    def line(self, path: Place) -> int:
        return self.document.mark(path)[0]

    def property(self, index: int, entry: Mapping[str, Tree]) -> LawProperty | None:
        place: Place = ("properties", index)
        form = next(name for name in FORMS if name in entry)
        when: Node | None = None
        if "when" in entry:
            when = self.expression((*place, "when"), entry["when"], entry.get("each", "product"))
        day, period = entry.get("day"), entry.get("period", {})
        return LawProperty(
            entry["id"],
            entry["statement"],
            as_tuple(entry.get("cite", [])),
            self.line(place),
            form,
            {"each": entry.get("each", "product"), **entry[form]},
            when,
            day or period.get("from"),
            iso(ordinal(day) + 1) if day else period.get("until"),
            entry.get("opinions", True),
            entry.get("trials", False),
            self.document.file,
        )

    def expression(self, path: Place, text: str, each: str) -> Node | None:
        try:
            return parse(text, TypeEnvironment(variables(each), {}, lambda name, scope: None))
        except ExpressionError as error:
            start, end = error.span
            self.problems.append(self.document.problem_within(path, start, end - start, error.message, error.hint))
            return None
