"""Folders of a law and of the layers above it, read from the disk or from a commit."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from vatspolicy.authoring.diff.git import Git, SourceError, check_size
from vatspolicy.documents.schemas import resource_folder
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _, reason_of
from vatspolicy.policies.bundle import read_sources
from vatspolicy.policies.files import RELEASE, LayerFiles, make_layer, read_layer

Files = tuple[tuple[str, bytes], ...]

POLICIES: Literal["policies"] = "policies"
"""Name of the folder of policies in a project, which has schemas and fixtures beside it."""


class Tree(Protocol):
    """Files of one state. Places are relative, with slashes, and may begin with `..`."""

    def has(self, place: str) -> bool:
        """Return whether there is a file or a folder at a place. Raises SourceError."""

    def files(self, place: str, ending: str) -> Files:
        """Return the regular files below a folder with an ending, as they are named here. Raises SourceError."""

    def layer(self, place: str) -> LayerFiles:
        """Read a layer. Raises SourceError, and InvalidInput for a layer that cannot be read as a whole."""


@dataclass(frozen=True)
class FolderTree:
    """The files of a folder on the disk."""

    root: Path
    shown: str = ""
    """The folder, as reports name it before its files."""

    def has(self, place: str) -> bool:
        """Return whether there is a file or a folder at a place."""
        return os.path.lexists(self._path(place))

    def files(self, place: str, ending: str) -> Files:
        """Return the regular files below a folder with an ending."""
        folder = self._path(place)
        try:
            found = sorted(path for path in folder.rglob(f"*{ending}") if path.is_file())
            check_size(len(found), sum(path.stat().st_size for path in found))
            return tuple((self._name(place, path.relative_to(folder)), path.read_bytes()) for path in found)
        except OSError as error:
            text = _("The folder {name!r} cannot be read: {reason}.", name=str(folder), reason=reason_of(error))
            raise SourceError(text) from None

    def layer(self, place: str) -> LayerFiles:
        """Read a layer. Raises InvalidInput."""
        return read_layer(self._path(place), self._name(place))

    def _path(self, place: str) -> Path:
        if place.split("/")[0] == ".." and self.root.resolve() != Path.cwd():
            raise SourceError(_("{path!r} leads out of {folder!r}.", path=place, folder=str(self.root)))
        return self.root / place

    def _name(self, place: str, below: Path | None = None) -> str:
        name = posixpath.normpath(posixpath.join(self.shown, place, below.as_posix() if below else ""))
        return "" if name == "." else name


@dataclass(frozen=True)
class CommitTree:
    """The files of a commit, from the folder that git runs in."""

    git: Git
    commit: str

    def has(self, place: str) -> bool:
        """Return whether there is a file or a folder at a place. Raises SourceError."""
        return self.git.has(self.commit, self._root(place))

    def files(self, place: str, ending: str) -> Files:
        """Return the regular files below a folder with an ending. Raises SourceError."""
        root = self._root(place)
        prefix = f"{root}/" if root else ""
        found = self.git.files(self.commit, [""], lambda name: name.endswith(ending), prefix)
        return tuple((posixpath.normpath(f"{place}/{name}"), text) for name, text in found)

    def layer(self, place: str) -> LayerFiles:
        """Read a layer. Raises SourceError, InvalidInput."""
        shown = "" if place == "." else place
        found = self.git.everything(self.commit, self._root(place))
        return make_layer(shown, [(posixpath.join(shown, name), kind, text) for name, kind, text in found])

    def _root(self, place: str) -> str:
        return self.git.place(f"./{place}")


class StackFiles(NamedTuple):
    """The files of a law and of the layers above it, with those of its project."""

    policies: Files
    layers: tuple[LayerFiles, ...]
    schemas: Files
    fixtures: Files
    changelog: bytes | None


def name_places(folders: Iterable[Path], here: Path) -> tuple[str, ...]:
    """Return the places of folders from a folder, with slashes."""
    return tuple(Path(os.path.relpath(here / folder, here)).as_posix() for folder in folders)


def split_base(trees: Sequence[Tree], places: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """Return the place of the base (None: the shipped law) and those of the layers above it.

    The first place is the base unless it is a layer, as in all commands. Raises SourceError if a tree does not have it.
    """
    first = places[0] if places else None
    layers = tuple(places)
    base = None
    if first is not None and any(tree.has(f"{first}/{RELEASE}") for tree in trees):
        base, layers = first, layers[1:]
        if not all(tree.has(f"{first}/{RELEASE}") for tree in trees):
            raise SourceError(_("There are no policies in {name!r} on one of the sides.", name=first))
    return base, layers


def require_layers(trees: Sequence[Tree], places: Iterable[str]) -> None:
    """Raise InvalidInput for layers that none of the trees has."""
    missing = [place for place in places if not any(tree.has(place) for tree in trees)]
    if missing:
        raise InvalidInput([Problem(place, 1, 1, "", _("This layer does not exist.")) for place in missing])


def read_stack(tree: Tree, base: str | None, layers: Sequence[str]) -> StackFiles:
    """Read a law and the layers above it; a layer that is not there is left out.

    Raises:
        SourceError: The law cannot be read.
        InvalidInput: A layer cannot be read as a whole.
    """
    above = read_layers(tree, layers)
    if base is None:
        policies = tuple(read_sources(resource_folder(POLICIES)))
        return StackFiles(policies, above, (), tree.files("fixtures", ".yaml"), None)
    project = posixpath.dirname(base) if posixpath.basename(base) == POLICIES else ""
    beside = [tree.files(posixpath.join(project, name), ending) for name, ending in _BESIDE]
    schemas = beside[0] if posixpath.basename(base) == POLICIES else ()
    changelog = next((text for __, text in beside[2]), None)
    return StackFiles(tree.files(base, ".yaml"), above, schemas, beside[1], changelog)


_BESIDE = (("schemas", ".json"), ("fixtures", ".yaml"), ("CHANGELOG.md", ""))


def read_layers(tree: Tree, places: Sequence[str]) -> tuple[LayerFiles, ...]:
    """Read the layers that are there. Raises SourceError, and InvalidInput with the problems of every layer."""
    found: list[LayerFiles] = []
    problems: list[Problem] = []
    for place in places:
        try:
            found += [tree.layer(place)] if tree.has(place) else []
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(problems)
    return tuple(found)
