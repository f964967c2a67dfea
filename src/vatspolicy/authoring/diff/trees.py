"""Trees of files: a folder on the disk, a commit of git, or what an archive holds."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from vatspolicy.core.policies.files import LayerFiles, make_layer, read_layer
from vatspolicy.git import Git, SourceError, check_size, from_root
from vatspolicy.i18n import _, reason_of

Files = tuple[tuple[str, bytes], ...]


class Tree(Protocol):
    """Files of one state. Places are relative, with slashes, and may begin with `..`."""

    def has(self, place: str) -> bool:
        """Return whether there is a file or a folder at a place. Raises SourceError."""

    def files(self, places: Mapping[str, str]) -> Files:
        """Return the regular files at or below places, each with the ending that its files have, ordered by name.

        Raises SourceError.
        """

    def layer(self, place: str, shown: str) -> LayerFiles:
        """Read a layer, whose files are named below `shown`.

        Raises SourceError, and InvalidInput for a layer that cannot be read as a whole.
        """


@dataclass(frozen=True)
class FolderTree:
    """The files of a folder on the disk."""

    root: Path

    def has(self, place: str) -> bool:
        """Return whether there is a file or a folder at a place."""
        return os.path.lexists(self._path(place))

    def files(self, places: Mapping[str, str]) -> Files:
        """Return the regular files at or below places. Raises SourceError."""
        found: dict[str, Path] = {}
        try:
            for place, ending in places.items():
                path = self._path(place)
                for one in (path, *path.rglob(f"*{ending}")):
                    if one.name.endswith(ending) and one.is_file():
                        found[posixpath.normpath(posixpath.join(place, one.relative_to(path).as_posix()))] = one
            check_size(len(found), sum(path.stat().st_size for path in found.values()))
            return tuple((name, found[name].read_bytes()) for name in sorted(found))
        except OSError as error:
            text = _("The folder {name!r} cannot be read: {reason}.", name=str(self.root), reason=reason_of(error))
            raise SourceError(text) from None

    def layer(self, place: str, shown: str) -> LayerFiles:
        """Read a layer. Raises InvalidInput."""
        return read_layer(self._path(place), shown)

    def _path(self, place: str) -> Path:
        if place.split("/")[0] == ".." and self.root.resolve() != Path.cwd():
            raise SourceError(_("{path!r} leads out of {folder!r}.", path=place, folder=str(self.root)))
        return self.root / place


@dataclass(frozen=True)
class CommitTree:
    """The files of a commit below a folder."""

    git: Git
    commit: str
    root: str
    """The folder, from the root of the repository."""

    def has(self, place: str) -> bool:
        """Return whether there is a file or a folder at a place. Raises SourceError."""
        return self.git.has(self.commit, self._place(place))

    def files(self, places: Mapping[str, str]) -> Files:
        """Return the regular files at or below places. Raises SourceError."""
        roots = {place: self._place(place) for place in places}
        named = self.git.files(self.commit, list(roots.values()), lambda name: name.endswith(tuple(places.values())))
        return _find_below(named, [(place, roots[place], ending) for place, ending in places.items()])

    def layer(self, place: str, shown: str) -> LayerFiles:
        """Read a layer. Raises SourceError, InvalidInput."""
        found = self.git.everything(self.commit, self._place(place))
        return make_layer(shown, [(posixpath.join(shown, name), kind, text) for name, kind, text in found])

    def _place(self, place: str) -> str:
        return from_root(posixpath.join(self.root, place))


@dataclass(frozen=True)
class ArchiveTree:
    """The files of an archive."""

    content: Files = field(repr=False)

    def has(self, place: str) -> bool:
        """Return whether there is a file or a folder at a place."""
        return any(name == place or name.startswith(f"{place}/") for name, __ in self.content)

    def files(self, places: Mapping[str, str]) -> Files:
        """Return the files at or below places."""
        return _find_below(self.content, [(place, from_root(place), ending) for place, ending in places.items()])

    def layer(self, place: str, shown: str) -> LayerFiles:
        """Read a layer. Raises InvalidInput."""
        found = self.files({place: ""})
        below = [(posixpath.join(shown, posixpath.relpath(name, place)), "file", text) for name, text in found]
        return make_layer(shown, below)


def _find_below(named: Iterable[tuple[str, bytes]], wanted: Iterable[tuple[str, str, str]]) -> Files:
    """Return the files, named from the root, that are wanted: each a place, its path from the root, and an ending."""
    files = list(named)
    found: dict[str, bytes] = {}
    for place, root, ending in wanted:
        for name, text in files:
            if name.endswith(ending) and (not root or name == root or name.startswith(f"{root}/")):
                found[posixpath.normpath(posixpath.join(place, posixpath.relpath(name, root or ".")))] = text
    return tuple(sorted(found.items()))
