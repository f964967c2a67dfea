"""The two states to compare, as files: git revisions, folders or bundles."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

from vatspolicy.bundles.archive import ArchiveError, is_archive, read_archive, read_archive_bytes
from vatspolicy.bundles.bundle_file import LAYERS, BundleFile, read_bundle_file
from vatspolicy.bundles.select import LawStack
from vatspolicy.core.documents.schemas import resource_folder
from vatspolicy.core.policies.bundle import read_sources
from vatspolicy.core.policies.files import HEAD, RELEASE, LayerFiles, make_layer, read_layer
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.git import Git, SourceError, check_size, from_root
from vatspolicy.i18n import _, reason_of

Files = tuple[tuple[str, bytes], ...]


class Tree(Protocol):
    """Files of one state. Places are relative paths with slashes, which can begin with `..`."""

    def has(self, place: str) -> bool:
        """Return whether a file or folder exists at a place. Raises SourceError."""

    def files(self, places: Mapping[str, str]) -> Files:
        """Return the regular files with the required ending at or below each place, ordered by name.

        Raises SourceError.
        """

    def layer(self, place: str, shown: str) -> LayerFiles:
        """Read a layer. Its file names start with `shown`.

        Raises SourceError, and InvalidInput for a layer that cannot be read as a whole.
        """


@dataclass(frozen=True)
class FolderTree:
    """The files of a folder on the disk."""

    root: Path

    def has(self, place: str) -> bool:
        """Return whether a file or folder exists at a place."""
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
            raise SourceError(_("{path!r} is outside {folder!r}.", path=place, folder=str(self.root)))
        return self.root / place


@dataclass(frozen=True)
class CommitTree:
    """The files of a commit below a folder."""

    git: Git
    commit: str
    root: str
    """The folder, from the root of the repository."""

    def has(self, place: str) -> bool:
        """Return whether a file or folder exists at a place. Raises SourceError."""
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
        """Return whether a file or folder exists at a place."""
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
    """Return the requested files by root path. Each request is a place, its path from the root, and an ending."""
    files = list(named)
    found: dict[str, bytes] = {}
    for place, root, ending in wanted:
        for name, text in files:
            if name.endswith(ending) and (not root or name == root or name.startswith(f"{root}/")):
                found[posixpath.normpath(posixpath.join(place, posixpath.relpath(name, root or ".")))] = text
    return tuple(sorted(found.items()))


# --- the states


POLICIES: Final = "policies"
"""Name of a project's policies folder, next to its schemas and fixtures."""
CHANGELOG = "CHANGELOG.md"
WORKING_TREE = "."
"""The name of the project on disk."""
_UNNAMED = LawStack()
"""Marks that the caller gave no folders: each state is a whole law."""

_REVISION_PATH = re.compile(r"((?:[^:{}]|\{[^}]*\})+):(.*)")
"""A revision and a path in it; a colon in braces belongs to the revision."""
_PATHS = ("./", "../", "/", "~")
"""Prefixes that only a path can have, not a revision."""


@dataclass(frozen=True)
class Source:
    """One state of a project."""

    name: str
    """Name from the user."""
    commit: str | None
    policies: Files = field(repr=False)
    schemas: Mapping[str, bytes] = field(repr=False)
    """Schema files by name; empty for a state without schemas."""
    fixtures: Files = field(repr=False)
    changelog: str | None = field(default=None, repr=False)
    layers: tuple[LayerFiles, ...] = field(default=(), repr=False)
    """The layers above the policies, the lowest first."""

    @property
    def files(self) -> Files:
        """Every file of the law: policies, bundle.yaml, layers and the files next to them."""
        above = (file for layer in self.layers for file in (layer.head, *layer.sources))
        return (*self.policies, *above)

    @property
    def title(self) -> str:
        """The name, with the commit unless the name contains it."""
        if self.name == WORKING_TREE:
            return "working tree"
        known = self.commit is None or (len(self.name) >= 7 and self.commit.startswith(self.name.lower()))
        return self.name if known else f"{self.name} ({str(self.commit)[:9]})"


def read_pair(base: str, head: str | None, folder: Path, law: LawStack = _UNNAMED) -> tuple[Source, Source]:
    """Read the states of `BASE HEAD`, `BASE..HEAD`, `BASE...HEAD` (from the merge base), or `BASE` (up to the disk).

    `law`: the folder of policies and the layers above it, which are read as they are in each state. A state that is a
    whole law, such as a bundle, takes the layers alone. A layer that only one of the states has is not there in the
    other. A bundle file of `law` is what the layers stand above in each other state.

    Raises:
        SourceError: A state cannot be read.
        InvalidInput: A layer cannot be read as a whole, or is in none of the states.
    """
    named = law != _UNNAMED
    if head is None and (found := _range(base, folder)):
        left, dots, right = found
        if dots == "...":
            git = Git(folder)
            parted = git.merge_base(git.commit(left), git.commit(right))
            first = _find_project(f"{left}...{right}", git, parted, named)
        else:
            first = _find_state(left, folder, named)
        states = first, _find_state(right, folder, named)
    else:
        states = _find_state(base, folder, named), _find_state(head or WORKING_TREE, folder, named)
    if (below := law.bundle_file) is not None:
        base_law, head_law = (state.whole or replace(source_of(below), name=state.name) for state in states)
        states = replace(states[0], whole=base_law), replace(states[1], whole=head_law)
    before, after = _read_states(states, folder, law)
    return before, after


def source_of(bundle_file: BundleFile) -> Source:
    """Return the law of a bundle file, with its own layers."""
    whole = _read_whole(bundle_file.file, ArchiveTree(tuple(bundle_file.files.items())), "")
    return replace(whole, layers=bundle_file.layers)


def _range(text: str, folder: Path) -> tuple[str, str, str] | None:
    """Split `A..B` or `A...B`, with HEAD for a missing end. Return None for a folder or a single revision."""
    found = re.fullmatch(r"(.*?)(\.{2,3})([^./].*)?", text)
    if found is None or text in (".", "..") or text.startswith(_PATHS) or _exists(folder / text):
        return None
    return found[1] or "HEAD", found[2], found[3] or "HEAD"


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # not a valid file name
        return False


def read_source(name: str, folder: Path, law: LawStack = _UNNAMED) -> Source:
    """Read the folder or bundle of that name if it exists, or else `REVISION:PATH` or a revision.

    Raises:
        SourceError: It cannot be read.
        InvalidInput: A layer cannot be read as a whole.
    """
    [source] = _read_states([_find_state(name, folder, law != _UNNAMED)], folder, law)
    return source


@dataclass(frozen=True)
class _State:
    """A state before its law and layers are read."""

    name: str
    tree: Tree
    """The files to search for the folders of the law."""
    commit: str | None = None
    whole: Source | None = None
    """The law, if the state is a whole law; None if the caller gives the folders."""


def _find_state(name: str, folder: Path, named: bool) -> _State:
    """Find the folder or bundle of that name if it exists, or else `REVISION:PATH` or a revision.

    `named`: the caller names the folders of the law.

    Raises:
        SourceError: There is none, or it cannot be read.
        InvalidInput: It is a layer that cannot be read as a whole.
    """
    here = FolderTree(folder)
    if name and _is_folder(folder / name):
        own = FolderTree(folder / name)
        if named and (name == WORKING_TREE or not (own.has(RELEASE) or own.has(HEAD))):
            return _State(name, own)
        return _State(name, here, whole=_read_whole(name, own, name))
    if is_archive(name) and _exists(folder / name):
        return _State(name, here, whole=_read_archive(name, folder / name))
    if not name.startswith(_PATHS) and (found := _REVISION_PATH.fullmatch(name)):
        git = Git(folder)
        commit, place = git.commit(found[1]), git.place(found[2])
        tree = CommitTree(git, commit, place)
        if posixpath.basename(place) == POLICIES and tree.has(RELEASE):  # the project around it has the fixtures
            tree = replace(tree, root=posixpath.dirname(place))
        archive = git.files(commit, [place], place.__eq__) if is_archive(place) else []
        whole = _read_archive(name, *archive[0]) if archive else _read_whole(name, tree, found[2].strip("/"))
        return _State(name, replace(tree, root=git.place("./")), commit, replace(whole, commit=commit))
    if name.startswith(_PATHS) or is_archive(name):
        missing = _("There is no bundle {name!r}.", name=name), _("There is no folder {name!r}.", name=name)
        raise SourceError(missing[0] if is_archive(name) else missing[1])
    git = Git(folder)
    return _find_project(name, git, git.commit(name), named)


def _find_project(name: str, git: Git, commit: str, named: bool) -> _State:
    """Return the state of the project at a commit. Raises SourceError, InvalidInput."""
    tree = CommitTree(git, commit, git.place("./"))
    return _State(name, tree, commit, None if named else replace(_read_whole(name, tree, ""), commit=commit))


def _read_states(states: Sequence[_State], folder: Path, law: LawStack) -> tuple[Source, ...]:
    """Read the law of each state, with the layers above it. Raises SourceError, InvalidInput."""
    base = None if law.folder is None else _place(law.folder, folder)
    layers = [_place(layer, folder) for layer in law.layers]
    trees = [state.tree for state in states]
    if base is not None and not all(state.whole or state.tree.has(f"{base}/{RELEASE}") for state in states):
        raise SourceError(_("There are no policies in {name!r} on one of the sides.", name=base))
    missing = [place for place in layers if not any(tree.has(place) for tree in trees)]
    if missing:
        raise InvalidInput([Problem(place, 1, 1, "", _("This layer does not exist.")) for place in missing])
    found: list[Source] = []
    problems: list[Problem] = []
    for place, state in enumerate(states):
        try:
            above = _read_layers(state.tree, layers)
            source = state.whole or _read_law(state.name, state.tree, base, state.commit)
            found.append(replace(source, layers=(*source.layers, *above)))
        except InvalidInput as error:
            named = place == 0 and len(states) > 1
            problems += [p._replace(file=f"{state.name}:{p.file}") for p in error.problems] if named else error.problems
    if problems:
        raise InvalidInput(problems)
    return tuple(found)


def _place(path: Path, folder: Path) -> str:
    """Return the place of a folder of the law in each state."""
    return Path(os.path.relpath(folder / path, folder)).as_posix()


def _read_layers(tree: Tree, places: Sequence[str]) -> tuple[LayerFiles, ...]:
    """Read the existing layers. Raises SourceError, and InvalidInput with the problems of every layer."""
    layers: list[LayerFiles] = []
    problems: list[Problem] = []
    for place in places:
        try:
            layers += [tree.layer(place, "" if place == "." else place)] if tree.has(place) else []
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(problems)
    return tuple(layers)


def _read_whole(name: str, tree: Tree, shown: str) -> Source:
    """Read a project (with a folder `policies`), a folder of policies alone, or a layer above the shipped law.

    The files of a layer are named below `shown`, those of policies alone below `policies`.

    Raises:
        SourceError: It is none of these, or cannot be read.
        InvalidInput: The layer cannot be read as a whole.
    """
    if tree.has(POLICIES):
        return _read_law(name, tree, POLICIES)
    if tree.has(RELEASE):
        alone = _read_law(name, tree, ".")
        return replace(alone, policies=tuple((f"{POLICIES}/{file}", text) for file, text in alone.policies))
    if tree.has(HEAD):
        return replace(_read_law(name, tree, None), fixtures=(), layers=(tree.layer(".", shown),))
    raise _no_policies(name)


def _read_archive(name: str, file: str | Path, content: bytes | None = None) -> Source:
    """Read a bundle: an archive of policies/ (and schemas/, fixtures/), or of policies alone; `content` if given.

    Raises:
        SourceError: The file cannot be read.
        InvalidInput: Its layers are not those of its manifest.
    """
    path = Path(file)
    try:
        files = read_archive(path) if content is None else read_archive_bytes(path.name, content)
    except ArchiveError as error:
        raise SourceError(str(error)) from None
    has_layers = any(name.startswith(LAYERS) for name, __ in files)
    layers = read_bundle_file(path, dict(files)).layers if has_layers else ()
    whole = _read_whole(name, ArchiveTree(tuple(files)), "")
    return replace(whole, layers=(*whole.layers, *layers))


def _read_law(name: str, tree: Tree, base: str | None, commit: str | None = None) -> Source:
    """Read the law at a place, with the schemas, fixtures and changelog of its project; None: the shipped law.

    Raises:
        SourceError: The law cannot be read.
    """
    if base is None:
        shipped = tuple(read_sources(resource_folder(POLICIES)))
        return Source(name, commit, shipped, {}, tree.files({"fixtures": ".yaml"}))
    of_project = posixpath.basename(base) == POLICIES
    project = posixpath.dirname(base) if of_project else ""
    schemas, fixtures, changelog = (posixpath.join(project, one) for one in ("schemas", "fixtures", CHANGELOG))
    files = tree.files(
        {base: ".yaml", fixtures: ".yaml", changelog: ".md"} | ({schemas: ".json"} if of_project else {})
    )
    own = "" if base == "." else f"{base}/"
    policies = tuple(file for file in files if file[0].endswith(".yaml") and file[0].startswith(own))
    if not policies:
        raise _no_policies(name)
    return Source(
        name=name,
        commit=commit,
        policies=policies,
        schemas={file.rpartition("/")[2]: text for file, text in files if file.startswith(f"{schemas}/")},
        fixtures=tuple(file for file in files if file[0].startswith(f"{fixtures}/")),
        changelog=next((text.decode("utf-8", "replace") for file, text in files if file == changelog), None),
    )


def _no_policies(name: str) -> SourceError:
    return SourceError(_("There are no policies in {name!r}. A project has a folder policies/.", name=name))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
