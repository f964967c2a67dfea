"""The two states to compare, as files: git revisions, folders or bundles."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from vatspolicy.authoring.diff.git import Git, SourceError, check_size
from vatspolicy.authoring.diff.stacks import (
    CommitTree,
    Files,
    FolderTree,
    Tree,
    name_places,
    read_layers,
    read_stack,
    require_layers,
    split_base,
)
from vatspolicy.bundles.archive import ArchiveError, is_archive, read_archive
from vatspolicy.bundles.bundle_file import LAYERS, read_bundle_file
from vatspolicy.documents.schemas import resource_folder
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _, reason_of
from vatspolicy.policies.bundle import read_sources
from vatspolicy.policies.files import HEAD, RELEASE, LayerFiles, is_layer, make_layer, read_layer

FOLDERS = {"policies": ".yaml", "schemas": ".json", "fixtures": ".yaml"}
"""Folders of a project that are read, with the ending of the files in them."""
CHANGELOG = "CHANGELOG.md"
WORKING_TREE = "."
"""The name of the project on disk."""

_REVISION_PATH = re.compile(r"((?:[^:{}]|\{[^}]*\})+):(.*)")
"""A revision and a path in it; a colon in braces belongs to the revision."""
_PATHS = ("./", "../", "/", "~")
"""Beginnings of a path, which no revision has."""


@dataclass(frozen=True)
class Source:
    """One state of a project."""

    name: str
    """Name that the user gave."""
    commit: str | None
    policies: Files = field(repr=False)
    schemas: Mapping[str, bytes] = field(repr=False)
    """Schema files by name; empty where the state has none of its own."""
    fixtures: Files = field(repr=False)
    changelog: str | None = field(repr=False)
    layers: tuple[LayerFiles, ...] = field(default=(), repr=False)
    """The layers above the policies, the lowest first."""

    @property
    def files(self) -> Files:
        """Every file of the law: policies, bundle.yaml, the layers and what stands beside them."""
        above = (file for layer in self.layers for file in (layer.head, *layer.sources))
        return (*self.policies, *above)

    @property
    def title(self) -> str:
        """The name, with the commit if the name does not show it."""
        if self.name == WORKING_TREE:
            return "working tree"
        known = self.commit is None or (len(self.name) >= 7 and self.commit.startswith(self.name.lower()))
        return self.name if known else f"{self.name} ({str(self.commit)[:9]})"


def read_pair(base: str, head: str | None, folder: Path, law: Sequence[Path] = ()) -> tuple[Source, Source]:
    """Read the states of `BASE HEAD`, `BASE..HEAD`, `BASE...HEAD` (since they parted), or `BASE` (until now, on disk).

    `law`: the folder of policies (if the first is not a layer) and the layers above it, which are read as they are in
    each state. A state that is a whole law, such as a bundle, takes the layers alone. A layer that only one of the
    states has is not there in the other.

    Raises:
        SourceError: A state cannot be read.
        InvalidInput: A layer cannot be read as a whole, or is in none of the states.
    """
    git = Git(folder)
    if head is None and (found := _range(base, folder)):
        left, dots, right = found
        if dots == "...":
            commit = git.merge_base(git.commit(left), git.commit(right))
            sides = _State(f"{left}...{right}", CommitTree(git, commit), commit), _find_state(right, folder, law)
            left_side, right_side = _read_states(sides, folder, law)
            return left_side, right_side
        base, head = left, right
    names = base, WORKING_TREE if head is None else head
    before, after = _read_states([_find_state(name, folder, law) for name in names], folder, law)
    return before, after


def _range(text: str, folder: Path) -> tuple[str, str, str] | None:
    """Split `A..B` or `A...B`, with HEAD for an end that is left out; return None for a folder or a single revision."""
    found = re.fullmatch(r"(.*?)(\.{2,3})([^./].*)?", text)
    if found is None or text in (".", "..") or text.startswith(_PATHS) or _exists(folder / text):
        return None
    return found[1] or "HEAD", found[2], found[3] or "HEAD"


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # no file can have such a name
        return False


def read_source(name: str, folder: Path, law: Sequence[Path] = ()) -> Source:
    """Read a folder or bundle if there is one of the name, else `REVISION:PATH` or a revision.

    Raises:
        SourceError: It cannot be read.
        InvalidInput: A layer cannot be read as a whole.
    """
    [found] = _read_states([_find_state(name, folder, law)], folder, law)
    return found


@dataclass(frozen=True)
class _State:
    """A state before its law is read."""

    name: str
    tree: Tree
    """Where the folders of the law are looked up."""
    commit: str | None = None
    whole: Source | None = None
    """The law, of a state that is a whole law in itself; None for a project."""


def _find_state(name: str, folder: Path, law: Sequence[Path]) -> _State:
    """Find a folder or bundle if there is one of the name, else `REVISION:PATH` or a revision. Raises SourceError."""
    here = FolderTree(folder)
    if name and _is_folder(folder / name):
        own = FolderTree(folder / name)
        if law and (name == WORKING_TREE or not (own.has(RELEASE) or own.has(HEAD))):
            return _State(name, own)
        return _State(name, here, whole=_read_folder(name, folder / name))
    if is_archive(name) and _exists(folder / name):
        return _State(name, here, whole=_read_archive(name, folder / name))
    if not name.startswith(_PATHS) and (found := _REVISION_PATH.fullmatch(name)):
        git = Git(folder)
        source = _read_revision_path(git, name, found[1], found[2])
        return _State(name, CommitTree(git, str(source.commit)), source.commit, source)
    if name.startswith(_PATHS) or is_archive(name):
        missing = _("There is no bundle {name!r}.", name=name), _("There is no folder {name!r}.", name=name)
        raise SourceError(missing[0] if is_archive(name) else missing[1])
    git = Git(folder)
    commit = git.commit(name)
    return _State(name, CommitTree(git, commit), commit)


def _read_states(states: Sequence[_State], folder: Path, law: Sequence[Path]) -> tuple[Source, ...]:
    """Read the law of each state, with the layers above it. Raises SourceError, InvalidInput."""
    places = name_places(law, folder)
    trees = [state.tree for state in states]
    base, layers = split_base([state.tree for state in states if state.whole is None] or trees, places)
    require_layers(trees, layers)
    found: list[Source] = []
    problems: list[Problem] = []
    for place, state in enumerate(states):
        try:
            found.append(_read_state(state, base, layers, bool(places)))
        except InvalidInput as error:
            named = place == 0 and len(states) > 1
            problems += [p._replace(file=f"{state.name}:{p.file}") for p in error.problems] if named else error.problems
    if problems:
        raise InvalidInput(problems)
    return tuple(found)


def _read_state(state: _State, base: str | None, layers: Sequence[str], has_law: bool) -> Source:
    if state.whole is not None:
        return replace(state.whole, layers=(*state.whole.layers, *read_layers(state.tree, layers)))
    if not has_law:
        assert isinstance(state.tree, CommitTree) and state.commit is not None
        return _read_commit(state.tree.git, state.name, state.commit)
    read = read_stack(state.tree, base, layers)
    if not read.policies:
        raise SourceError(_("There are no policies in {name!r}. A project has a folder policies/.", name=state.name))
    return Source(
        name=state.name,
        commit=state.commit,
        policies=read.policies,
        schemas={file.rpartition("/")[2]: content for file, content in read.schemas},
        fixtures=read.fixtures,
        changelog=None if read.changelog is None else read.changelog.decode("utf-8", "replace"),
        layers=read.layers,
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _read_archive(name: str, path: Path) -> Source:
    """Read a bundle: an archive of policies/ (and schemas/, fixtures/), or of policies alone.

    Raises:
        SourceError: The file cannot be read.
        InvalidInput: Its layers are not those of its manifest.
    """
    try:
        files = read_archive(path, lambda file: _wanted(file) or _wanted(f"policies/{file}") or file.startswith(LAYERS))
    except ArchiveError as error:
        raise SourceError(str(error)) from None
    names = {file for file, _ in files}
    layers = read_bundle_file(path).layers if any(file.startswith(LAYERS) for file in names) else ()
    if not any(file.startswith("policies/") for file in names) and RELEASE in names:
        files = [(f"policies/{file}", content) for file, content in files]
    return replace(_source(name, None, [(file, content) for file, content in files if _wanted(file)]), layers=layers)


def _read_revision_path(git: Git, name: str, revision: str, path: str) -> Source:
    """Read the folder or bundle at a path of a revision, which begins at the root as git has it, or with `./`."""
    commit, place = git.commit(revision), git.place(path)
    parent, slash, file = place.rpartition("/")
    bundle = git.files(commit, [file], lambda one: one == file, parent + slash) if is_archive(place) else []
    if bundle:
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / file
            archive.write_bytes(bundle[0][1])
            return replace(_read_archive(name, archive), commit=commit)
    prefix = f"{place}/" if place else ""
    if git.has(commit, f"{prefix}{HEAD}") and not git.has(commit, f"{prefix}{RELEASE}"):
        shown = path.strip("/")
        found = [(f"{shown}/{one}", kind, text) for one, kind, text in git.everything(commit, place)]
        return replace(_above_shipped(name, make_layer(shown, found)), commit=commit)
    files = git.files(commit, [*FOLDERS, CHANGELOG], _wanted, prefix)
    if not any(one.startswith("policies/") for one, _ in files):  # a folder of policies alone has bundle.yaml
        alone = git.files(commit, [""], lambda one: _wanted(f"policies/{one}"), prefix)
        files = [(f"policies/{one}", content) for one, content in alone] if RELEASE in dict(alone) else []
    return _source(name, commit, files)


def _read_commit(git: Git, name: str, commit: str) -> Source:
    paths = [*FOLDERS, CHANGELOG]
    return _source(name, commit, git.files(commit, paths, _wanted))


def _read_folder(name: str, path: Path) -> Source:
    """Read a project (with a folder `policies`), a folder of policies alone, or a layer above the shipped law."""
    prefix, roots = "", [path / folder for folder in FOLDERS]
    if not roots[0].is_dir() and is_layer(path):
        return _above_shipped(name, read_layer(path, name))
    if not roots[0].is_dir():
        if not (path / RELEASE).is_file():
            raise SourceError(_("There are no policies in {name!r}. A project has a folder policies/.", name=name))
        prefix, roots = "policies/", [path]
    files = [file for root in roots for file in root.rglob("*") if file.is_file()]
    files += [file for file in (path / CHANGELOG,) if file.is_file()]
    named = [(f"{prefix}{file.relative_to(path).as_posix()}", file) for file in files]
    named = [(text, file) for text, file in named if _wanted(text)]
    try:
        check_size(len(named), sum(file.stat().st_size for __, file in named))
        contents = [(text, file.read_bytes()) for text, file in named]
    except OSError as error:
        raise SourceError(
            _("The folder {name!r} cannot be read: {reason}.", name=name, reason=reason_of(error))
        ) from None
    return _source(name, None, contents)


def _above_shipped(name: str, layer: LayerFiles) -> Source:
    """Return the shipped law with a layer above it."""
    policies = tuple(read_sources(resource_folder("policies")))
    return Source(name, None, policies, {}, (), None, (layer,))


def _wanted(name: str) -> bool:
    folder, slash, _ = name.partition("/")
    return name == CHANGELOG or (bool(slash) and folder in FOLDERS and name.endswith(FOLDERS[folder]))


def _source(name: str, commit: str | None, files: Iterable[tuple[str, bytes]]) -> Source:
    by_folder: dict[str, list[tuple[str, bytes]]] = {folder: [] for folder in FOLDERS}
    changelog = None
    for file, content in sorted(files):
        if file == CHANGELOG:
            changelog = content.decode("utf-8", "replace")
        else:
            by_folder[file.partition("/")[0]].append((file, content))
    if not by_folder["policies"]:
        raise SourceError(_("There are no policies in {name!r}. A project has a folder policies/.", name=name))
    return Source(
        name=name,
        commit=commit,
        policies=tuple(by_folder["policies"]),
        schemas={file.rpartition("/")[2]: content for file, content in by_folder["schemas"]},
        fixtures=tuple(by_folder["fixtures"]),
        changelog=changelog,
    )
