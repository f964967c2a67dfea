"""Search for specs below a folder or by a pattern. An unreadable file or folder is an error, never skipped."""

from __future__ import annotations

import errno
import fnmatch
import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _, reason_of

ENDINGS = (".yaml", ".yml", ".json")
EXPECTED = (".expect.yaml", ".expect.yml")
_ABSENT = (errno.ENOENT, errno.ENOTDIR)
_IMPOSSIBLE = (errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP)
"""Errors of an invalid file name, or of a circular link; reading the file reports the reason."""
_LINK = (_("This link points to a folder. vatspolicy does not follow it."), _("Pass that folder instead."))


def search(argument: str) -> list[str]:
    """Return the specs below a folder or behind a pattern, sorted; any other argument is a file by its name.

    A pattern is never a name. `**` stands for any number of folders, and the ending of a file matches in any case.
    Hidden files and folders match only a pattern that names the dot. Expectations of fixtures are not specs.

    Raises:
        InvalidInput: A folder that cannot be read, a submodule that is not checked out, a broken link, a link to a
            folder, a special file, a folder under the name of a spec, or a spec under the name of an expectation is in
            the way, or a pattern is the name of a file, too.
    """
    try:
        mode = os.lstat(argument).st_mode
        folder = os.path.isdir(argument)
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) or error.errno in _IMPOSSIBLE:
            return [argument]
        if error.errno not in _ABSENT:
            raise _refuse(argument, _("It cannot be read: {reason}.", reason=reason_of(error))) from None
        mode, folder = 0, False
    pattern = _is_pattern(argument)
    if pattern and mode:
        hint = _("For the file or folder itself, write {name}.", name=glob.escape(argument))
        raise _refuse(argument, _("This is both a pattern and the name of a file or folder."), hint)
    if not pattern and not folder:
        return [argument]
    if link := _find_link(argument):
        raise _refuse(link, *_LINK)
    result = _SpecSearch()
    if folder:
        result.walk(Path(argument), ("**", "*"), ENDINGS)
    else:
        path = Path(argument)
        parts = path.parts[1:] if path.anchor else path.parts
        result.walk(Path(path.anchor), parts, ("",))
    if result.problems:
        raise InvalidInput(sorted(set(result.problems)))
    return sorted(set(result.specs))


def _refuse(file: str, message: str, hint: str = "") -> InvalidInput:
    return InvalidInput([Problem(file, 1, 1, "", message, hint)])


class _SpecSearch:
    """Specs found, and the problems of the search."""

    def __init__(self) -> None:
        self.specs: list[str] = []
        self.problems: list[Problem] = []

    def walk(self, folder: Path, parts: Sequence[str], endings: tuple[str, ...]) -> None:
        """Find the files below a folder that match the parts of a pattern and have one of the endings."""
        part, rest = parts[0], parts[1:]
        if part == "**":
            self.walk(folder, rest or ("*",), endings)
            for entry in self._entries(folder):
                if not entry.name.startswith(".") and self._is_folder(entry):
                    self.walk(folder / entry.name, parts, endings)
            return
        if not _is_pattern(part):
            self._follow(folder / _unescaped(part), rest, endings)
            return
        entries = list(self._entries(folder))
        names = {entry.name for entry in entries}
        # `specs/*.yaml` means `gpu.YAML`, too.
        matches = re.compile(fnmatch.translate(part), 0 if rest else re.IGNORECASE).match
        for entry in entries:
            if entry.name.startswith(".") != part.startswith(".") or not matches(entry.name):
                continue
            if rest and self._is_folder(entry):
                self.walk(folder / entry.name, rest, endings)
            elif not rest and entry.name.lower().endswith(endings) and self._is_file(entry, names):
                self.specs.append(str(folder / entry.name))

    def _follow(self, path: Path, rest: Sequence[str], endings: tuple[str, ...]) -> None:
        """Continue with a pattern part that is a plain name, if the file or folder exists."""
        if rest:
            if path.is_dir() or _exists(path):
                self.walk(path, rest, endings)
        elif _exists(path) and not path.is_dir():
            self.specs.append(str(path))

    def _entries(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                found = list(entries)
            if not found and _is_submodule(folder):
                self._report(str(folder), _("This submodule is not checked out."), _("Check out its files, too."))
            yield from found
        except OSError as error:
            if error.errno not in _ABSENT:
                self._report(str(folder), _("This folder cannot be read: {reason}.", reason=reason_of(error)))

    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        """Return True for a folder to search. Report a link that leads to a folder, or nowhere."""
        try:
            if not entry.is_symlink():
                return entry.is_dir()
            if entry.is_dir():
                self._report(entry.path, *_LINK)
            elif not os.path.exists(entry.path) and not Path(entry.name).suffix:
                self._report(entry.path, _("The target of this link does not exist."))
        except OSError as error:
            self._report(entry.path, _("It cannot be read: {reason}.", reason=reason_of(error)))
        return False

    def _is_file(self, entry: os.DirEntry[str], names: set[str]) -> bool:
        """Return True for a file that can be read as a spec. Report any other entry with the name of one."""
        try:
            if entry.is_dir():
                if self._is_folder(entry) and entry.name.lower().endswith(ENDINGS):
                    hint = _("Rename it, or pass the folder itself.")
                    self._report(entry.path, _("This folder is named like a spec."), hint)
                return False
            if entry.name.endswith(EXPECTED):
                self._check_expectation(entry, names)
                return False
            mode = os.stat(entry.path).st_mode
        except OSError as error:
            broken = error.errno in (*_ABSENT, errno.ELOOP)
            self._report(
                entry.path,
                _("The target of this link does not exist.")
                if broken
                else _("It cannot be read: {reason}.", reason=reason_of(error)),
            )
            return False
        if not stat.S_ISREG(mode):
            self._report(entry.path, _("This is not a regular file."))
        return stat.S_ISREG(mode)

    def _check_expectation(self, entry: os.DirEntry[str], names: set[str]) -> None:
        """Report an expectation without its spec, and a spec that is named like an expectation."""
        base = entry.name.rpartition(".expect")[0]
        if not any(base + ending in names for ending in ENDINGS):
            message = _("This file is named like the expectation of a fixture, but the fixture is missing.")
            self._report(entry.path, message, _("Rename it."))
        elif not _is_expectation(entry.path):
            message = _("This file is named like the expectation of a fixture, but does not contain an expectation.")
            self._report(entry.path, message, _("Rename a spec; an expectation states `decisions`."))

    def _report(self, file: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(os.path.normpath(file), 1, 1, "", message, hint))


def _find_link(argument: str) -> str | None:
    """Return the first link to a folder on the way from the working directory to a folder or a pattern."""
    parts, here = Path(argument).parts, Path.cwd().parts
    if Path(argument).is_absolute() and parts[: len(here)] != here:
        return None
    for end in range(len(here) + 1 if Path(argument).is_absolute() else 1, len(parts) + 1):
        place = Path(*parts[:end])
        if place.is_symlink() and place.is_dir() and not _is_pattern(place.name):
            return str(place)
    return None


def _is_submodule(folder: Path) -> bool:
    """Return whether an empty folder is a submodule of its repository."""
    from vatspolicy.git import Git, SourceError

    try:
        return Git(folder.parent).has_submodule(folder.name)
    except SourceError:
        return False


def _is_expectation(path: str) -> bool:
    """Return whether a file can be read and states decisions, as no spec may."""
    from vatspolicy.core.documents import load_document

    try:
        data = load_document(path).data
    except InvalidInput:
        return False
    return isinstance(data, dict) and "decisions" in data and "services" not in data


def _is_pattern(text: str) -> bool:
    """Return True if a text has a special character of patterns; an unclosed bracket is a plain character."""
    return re.search(r"[*?]|\[.[^\]]*\]", text, re.DOTALL) is not None


def _exists(path: Path) -> bool:
    try:
        os.lstat(path)
    except OSError:
        return False
    return True


def _unescaped(part: str) -> str:
    """Return the name matched by a pattern part without special characters."""
    return re.sub(r"\[([*?[])\]", r"\1", part)
