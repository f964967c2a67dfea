"""The two states to compare: git revisions, folders or bundles, each loaded under its own schemas."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vatspolicy.authoring.diff.git import Git, SourceError, check_size
from vatspolicy.bundles.archive import ArchiveError, is_archive, read_archive
from vatspolicy.bundles.bundle_file import LAYERS
from vatspolicy.documents import Document, parse_document
from vatspolicy.documents.schemas import SchemaSet
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _, reason_of
from vatspolicy.policies.bundle import Bundle, build_bundle
from vatspolicy.policies.files import TESTS_ENDING, is_law

FOLDERS = {"policies": ".yaml", "schemas": ".json", "fixtures": ".yaml"}
"""Folders of a project that are read, with the ending of the files in them."""
CHANGELOG = "CHANGELOG.md"
RELEASE = "bundle.yaml"
WORKING_TREE = "."
"""The name of the project on disk."""

_REVISION_PATH = re.compile(r"((?:[^:{}]|\{[^}]*\})+):(.*)")
"""A revision and a path in it; a colon in braces belongs to the revision."""
_PATHS = ("./", "../", "/", "~")
"""Beginnings of a path, which no revision has."""

Files = tuple[tuple[str, bytes], ...]


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

    @property
    def title(self) -> str:
        """The name, with the commit if the name does not show it."""
        if self.name == WORKING_TREE:
            return "working tree"
        known = self.commit is None or (len(self.name) >= 7 and self.commit.startswith(self.name.lower()))
        return self.name if known else f"{self.name} ({str(self.commit)[:9]})"


def read_pair(base: str, head: str | None, folder: Path) -> tuple[Source, Source]:
    """Read the states of `BASE HEAD`, `BASE..HEAD`, `BASE...HEAD` (since they parted), or `BASE` (until now, on disk).

    Raises:
        SourceError: A state cannot be read.
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


def read_source(name: str, folder: Path) -> Source:
    """Read a folder or bundle if there is one of the name, else `REVISION:PATH` or a revision. Raises SourceError."""
    if name and _is_folder(folder / name):
        return _read_folder(name, folder / name)
    if is_archive(name) and _exists(folder / name):
        return _read_archive(name, folder / name)
    if not name.startswith(_PATHS) and (found := _REVISION_PATH.fullmatch(name)):
        return _read_revision_path(Git(folder), name, found[1], found[2])
    if name.startswith(_PATHS) or is_archive(name):
        missing = _("There is no bundle {name!r}.", name=name), _("There is no folder {name!r}.", name=name)
        raise SourceError(missing[0] if is_archive(name) else missing[1])
    git = Git(folder)
    return _read_commit(git, name, git.commit(name))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _read_archive(name: str, path: Path) -> Source:
    """Read a bundle: an archive of policies/ (and schemas/, fixtures/), or of policies alone."""
    try:
        files = read_archive(path, lambda file: _wanted(file) or _wanted(f"policies/{file}") or file.startswith(LAYERS))
    except ArchiveError as error:
        raise SourceError(str(error)) from None
    if any(file.startswith(LAYERS) for file, _ in files):
        raise SourceError(_("{name!r} has layers, which cannot be compared.", name=name))
    names = {file for file, _ in files}
    if not any(file.startswith("policies/") for file in names) and RELEASE in names:
        files = [(f"policies/{file}", content) for file, content in files]
    return _source(name, None, [(file, content) for file, content in files if _wanted(file)])


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
    files = git.files(commit, [*FOLDERS, CHANGELOG], _wanted, prefix)
    if not any(one.startswith("policies/") for one, _ in files):  # a folder of policies alone has bundle.yaml
        alone = git.files(commit, [""], lambda one: _wanted(f"policies/{one}"), prefix)
        files = [(f"policies/{one}", content) for one, content in alone] if RELEASE in dict(alone) else []
    return _source(name, commit, files)


def _read_commit(git: Git, name: str, commit: str) -> Source:
    paths = [*FOLDERS, CHANGELOG]
    return _source(name, commit, git.files(commit, paths, _wanted))


def _read_folder(name: str, path: Path) -> Source:
    """Read a project (with a folder `policies`), or a folder of policies alone."""
    prefix, roots = "", [path / folder for folder in FOLDERS]
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


# --- loading


@dataclass(frozen=True)
class LawRevision:
    """One side of a comparison: a state of the law, loaded under its own schemas."""

    source: Source
    bundle: Bundle
    documents: Mapping[str, Document] = field(repr=False)
    """Policy files by id, except files with identical bytes on the other side."""
    tests: Mapping[str, tuple[str, Any]] = field(repr=False)
    """Tests by the id of their policy, as (file, data), without those of files that are the same on the other side."""
    release: Document = field(repr=False)
    """bundle.yaml."""

    @property
    def schemas(self) -> SchemaSet:
        """The schemas under which this side reads profiles."""
        return self.bundle.schemas

    def schema(self, name: str) -> Any:
        """Return the schema in a file of this side as data; None if it has no such file."""
        content = self.schemas.files.get(name)
        return None if content is None else json.loads(content)


def load_pair(base: Source, head: Source) -> tuple[LawRevision, LawRevision]:
    """Load both sides. A state without schemas, such as a folder of policies alone, is read under those of the other.

    Raises:
        InvalidInput: A side cannot be loaded; files of the base are named `base:path`.
    """
    base_schemas, head_schemas = (_schemas(own.schemas or other.schemas) for own, other in ((base, head), (head, base)))
    if base_schemas == head_schemas:
        base_schemas = head_schemas
    problems: list[Problem] = []
    sides = []
    same = frozenset(base.policies) & frozenset(head.policies)
    for source, schemas in ((base, base_schemas), (head, head_schemas)):
        try:
            sides.append(load_side(source, schemas, same))
        except InvalidInput as error:
            problems += named_after(source, error.problems) if source is base else error.problems
    if problems:
        raise InvalidInput(problems)
    return sides[0], sides[1]


def load_side(source: Source, schemas: SchemaSet, same: frozenset[tuple[str, bytes]] = frozenset()) -> LawRevision:
    """Load a state under these schemas; `same` are files to leave out. Raises InvalidInput."""
    try:
        bundle = build_bundle(list(source.policies), schemas)
    except (FileNotFoundError, KeyError, TypeError, ValueError) as error:  # schemas that this program cannot use
        if isinstance(error, InvalidInput):
            raise
        message = _("The schemas of this state cannot be used by this version of the program.")
        raise InvalidInput([Problem("schemas", 1, 1, "", message)]) from None
    named = {name: content for name, content in source.policies if name.rpartition("/")[2] == RELEASE}
    release = [parse_document(content, name) for name, content in named.items()][-1]
    rest = [file for file in source.policies if file not in same and file[0] not in named]
    documents = [parse_document(content, name) for name, content in rest if is_law(name)]
    tests = {document.data["id"]: (document.file, document.data.pop("tests", None)) for document in documents}
    for name, content in rest:
        if name.endswith(TESTS_ENDING):
            id = name.rpartition("/")[2].removesuffix(TESTS_ENDING)
            tests[id] = (name, parse_document(content, name).data)
    return LawRevision(
        source=source,
        bundle=bundle,
        documents={document.data["id"]: document for document in documents},
        tests=tests,
        release=release,
    )


def named_after(source: Source, problems: Iterable[Problem]) -> list[Problem]:
    """Return problems of the base with its files named as git names them: `main:policies/a.yaml`."""
    return [problem._replace(file=f"{source.name}:{problem.file}") for problem in problems]


def _schemas(files: Mapping[str, bytes]) -> SchemaSet:
    """Return the set of these files; the shipped set if they are the same, or if there are none."""
    shipped = SchemaSet.shipped()
    own = SchemaSet(files)
    return shipped if not files or own == shipped else own
