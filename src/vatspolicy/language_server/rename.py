"""The rename of a term: in every policy, open or not, and only if the law stays the same by it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath

from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.core.cel.grammar import NO_FIELDS
from vatspolicy.core.documents.schemas import resource_folder
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _
from vatspolicy.language_server.law import Law, absolute
from vatspolicy.language_server.mentions import RULE, TERMS, Symbol
from vatspolicy.language_server.navigation import Place, find_definitions, symbols_at
from vatspolicy.language_server.project import Project
from vatspolicy.language_server.references import LawFiles, find_places_of, find_references
from vatspolicy.language_server.text import Span


class RenameRefused(Exception):
    """A rename that would break the law, or lose a use. Its text is a sentence with the reason."""


def is_installed(file: str) -> bool:
    """Return whether a file belongs to the law that is installed with the program."""
    place = absolute(resource_folder("policies"))
    return "_resources" in FilePath(place).parts and absolute(file).startswith(os.path.join(place, ""))


def check_rename(project: Project, file: str, index: int) -> tuple[Symbol, Span]:
    """Return the term at a place, and the part of the text that is its name.

    Raises:
        RenameRefused: There is no term there, the law cannot be read, or the term is one of the shipped law.
    """
    symbols = [symbol for symbol in symbols_at(project, file, index) if symbol.kind == TERMS]
    if not symbols or not symbols[0].owner:
        raise RenameRefused(_("Only a term can be renamed: ids of rules and policies never change."))
    symbol = symbols[0]
    defined = [place.file for place in find_definitions(project, file, [symbol])]
    if not defined:
        raise RenameRefused(_("The law cannot be read; correct its faults first."))
    if any(map(is_installed, defined)):
        raise RenameRefused(_("The shipped law is not edited here."))
    for place in find_references(project, file, [symbol]):
        if place.file == absolute(file) and place.span.start <= index <= place.span.end:
            return symbol, place.span
    raise RenameRefused(_("The law cannot be read; correct its faults first."))


def rename_term(project: Project, file: str, index: int, name: str) -> list[Place]:
    """Return every place that holds the name of the term at a place, which `name` may replace.

    All files are read again, those that are open as they stand there. With the new name they must make the same law.

    Raises:
        RenameRefused: The name is no name of a term or is taken where the term is used, a file has faults or cannot
            be written, or a use of the term would be lost.
    """
    project.forget()
    symbol, _span = check_rename(project, file, index)
    if name == symbol.name:
        return []
    [defined] = [place.file for place in find_definitions(project, file, [symbol])]
    laws = project.laws_with(defined)
    before = [_sound(law) for law in laws]
    for law, bundle in zip(laws, before, strict=True):
        _check_name(law, bundle, symbol, name)
    files = LawFiles(project, laws)
    found = list(files.mentions())
    if files.broken:
        raise RenameRefused(_("{file} cannot be read; correct its faults first.", file=files.broken[0]))
    for document, one in found:
        if one.path[:1] == ("accepted",) and one.symbol == Symbol(RULE, symbol.owner, symbol.name):
            raise RenameRefused(_("A use in {file} cannot be replaced; rename it by hand.", file=document.file))
    places = find_places_of(project, (named for named in found if named[1].symbol == symbol))
    for place in places:
        _check_place(project, place, symbol.name)
    edited = edit_texts(project, places, name)
    for law, bundle in zip(laws, before, strict=True):
        _check_result(law, bundle, edited)
    return places


def edit_texts(project: Project, places: Iterable[Place], name: str) -> dict[str, str]:
    """Return the texts of the files of places, with a name in these places."""
    texts: dict[str, str] = {}
    for place in reversed(list(places)):
        text = texts.get(place.file) or project.text(place.file).content
        texts[place.file] = text[: place.span.start] + name + text[place.span.end :]
    return texts


def _sound(law: Law) -> Bundle:
    """Return the bundle of a law whose files have no faults. Raises RenameRefused."""
    if faulty := next(iter(law.problems), None):
        raise RenameRefused(_("{file} cannot be read; correct its faults first.", file=faulty))
    if law.bundle is None:
        raise RenameRefused(_("The law cannot be read; correct its faults first."))
    return law.bundle


def _check_name(law: Law, bundle: Bundle, symbol: Symbol, name: str) -> None:
    """Raise RenameRefused unless a term may have a name, and no other has it where the term is used."""
    allowed = law.schemas.load("policy")["properties"]["terms"]["propertyNames"]
    if not re.fullmatch(allowed["pattern"], name) or len(name) > allowed["maxLength"]:
        raise RenameRefused(_("A term is named by lower-case words joined by underscores."))
    if name in NO_FIELDS:
        raise RenameRefused(_("{variable!r} is a reserved word of CEL.", variable=name))
    for id, policy in bundle.policies.items():
        seen = (id, *policy.uses)
        if symbol.owner in seen and (taken := next((one for one in seen if name in bundle.policies[one].terms), None)):
            raise RenameRefused(_("The term {name!r} is defined in {policy} too.", name=name, policy=taken))


def _check_place(project: Project, place: Place, name: str) -> None:
    """Raise RenameRefused unless a place holds the name as it stands, in a file that can be written."""
    if project.text(place.file).content[place.span.start : place.span.end] != name:
        raise RenameRefused(_("A use in {file} cannot be replaced; rename it by hand.", file=place.file))
    if os.path.lexists(place.file) and not os.access(place.file, os.W_OK, effective_ids=_EFFECTIVE):
        raise RenameRefused(_("{file} cannot be written.", file=place.file))


def _check_result(law: Law, before: Bundle, edited: Mapping[str, str]) -> None:
    """Raise RenameRefused if a law could not be read with some texts, or if a rule would not mean the same."""
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
