"""The two states to compare: git revisions, folders or bundles, read into memory under the names of the project."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vatspolicy.authoring.diff.git import Git, SourceError, check_size
from vatspolicy.bundles.archive import ArchiveError, is_archive, read_archive

FOLDERS = {"policies": ".yaml", "schemas": ".json", "fixtures": ".yaml"}
"""Folders of a project that are read, with the ending of the files in them."""
CHANGELOG = "CHANGELOG.md"
RELEASE = "bundle.yaml"
WORKING_TREE = "."
"""The project as it stands on disk."""

_PATHS = ("./", "../", "/", "~")
"""What a path begins with, and no revision."""

Files = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class Source:
    """One state of a project."""

    name: str
    """As the user named it."""
    commit: str | None
    policies: Files = field(repr=False)
    schemas: Mapping[str, bytes] = field(repr=False)
    """Schema files by name; empty where the state has none of its own."""
    fixtures: Files = field(repr=False)
    changelog: str | None = field(repr=False)

    @property
    def title(self) -> str:
        """The name, with the commit where the name does not say which."""
        if self.name == WORKING_TREE:
            return "working tree"
        known = self.commit is None or (len(self.name) >= 7 and self.commit.startswith(self.name.lower()))
        return self.name if known else f"{self.name} ({str(self.commit)[:9]})"


def read_pair(base: str, head: str | None, folder: Path) -> tuple[Source, Source]:
    """The states behind `BASE HEAD`, `BASE..HEAD`, `BASE...HEAD` (since they parted), or `BASE` (until now, on disk).

    Raises SourceError for what cannot be read.
    """
    git = Git(folder)
    if head is None and (found := _range(base, folder)):
        left, dots, right = found
        if dots == "...":
            commit = git.merge_base(git.commit(left), git.commit(right))
            return _read_commit(git, f"{left}...{right}", commit), read_source(right, folder)
        base, head = left, right
    return read_source(base, folder), read_source(WORKING_TREE if head is None else head, folder)


def _range(text: str, folder: Path) -> tuple[str, str, str] | None:
    """`A..B` or `A...B` in parts, an end that is left out being HEAD; None for a folder or a single revision."""
    found = re.fullmatch(r"(.*?)(\.{2,3})([^./].*)?", text)
    if found is None or text in (".", "..") or text.startswith(_PATHS) or _exists(folder / text):
        return None
    return found[1] or "HEAD", found[2], found[3] or "HEAD"


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # nothing can have such a name
        return False


def read_source(name: str, folder: Path) -> Source:
    """The state that a name stands for: a folder or bundle where there is one, else a revision. Raises SourceError."""
    if name and _is_folder(folder / name):
        return _read_folder(name, folder / name)
    if is_archive(name) and _exists(folder / name):
        return _read_archive(name, folder / name)
    if name.startswith(_PATHS) or is_archive(name):
        raise SourceError(f"There is no {'bundle' if is_archive(name) else 'folder'} {name!r}.")
    git = Git(folder)
    return _read_commit(git, name, git.commit(name))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _read_archive(name: str, path: Path) -> Source:
    """A bundle: an archive of policies/ (and schemas/, fixtures/), or of policies alone."""
    try:
        files = read_archive(path, lambda file: _wanted(file) or _wanted(f"policies/{file}"))
    except ArchiveError as error:
        raise SourceError(str(error)) from None
    names = {file for file, _ in files}
    if not any(file.startswith("policies/") for file in names) and RELEASE in names:
        files = [(f"policies/{file}", content) for file, content in files]
    return _source(name, None, [(file, content) for file, content in files if _wanted(file)])


def _read_commit(git: Git, name: str, commit: str) -> Source:
    paths = [*FOLDERS, CHANGELOG]
    return _source(name, commit, git.files(commit, paths, _wanted))


def _read_folder(name: str, path: Path) -> Source:
    """A project (with a folder `policies`), or a folder of policies alone."""
    prefix, roots = "", [path / folder for folder in FOLDERS]
    if not roots[0].is_dir():
        if not (path / RELEASE).is_file():
            raise SourceError(f"There are no policies in {name!r}. A project has a folder policies/.")
        prefix, roots = "policies/", [path]
    files = [file for root in roots for file in root.rglob("*") if file.is_file()]
    files += [file for file in (path / CHANGELOG,) if file.is_file()]
    named = [(f"{prefix}{file.relative_to(path).as_posix()}", file) for file in files]
    named = [(text, file) for text, file in named if _wanted(text)]
    try:
        check_size(len(named), sum(file.stat().st_size for _, file in named))
        contents = [(text, file.read_bytes()) for text, file in named]
    except OSError as error:
        raise SourceError(f"The folder {name!r} cannot be read: {error.strerror or error}.") from None
    return _source(name, None, contents)


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
        raise SourceError(f"There are no policies in {name!r}. A project has a folder policies/.")
    return Source(
        name=name,
        commit=commit,
        policies=tuple(by_folder["policies"]),
        schemas={file.rpartition("/")[2]: content for file, content in by_folder["schemas"]},
        fixtures=tuple(by_folder["fixtures"]),
        changelog=changelog,
    )
