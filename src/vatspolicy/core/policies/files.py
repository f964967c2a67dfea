"""Files of a folder of policies, and of a layer above the law."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from vatspolicy.compile_cache import digest
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _, reason_of

if TYPE_CHECKING:
    from pathlib import Path as FilePath

HEAD = "layer.yaml"
"""Name of the file that makes a folder a layer."""
RELEASE = "bundle.yaml"
"""Name of the file that makes a folder a base."""
ACCEPTED = "accepted.yaml"
"""Name of the file of accepted changes of the law."""
PROPERTIES = "properties.yaml"
"""Name of the file of properties that must hold of the law, and of accepted findings of `analyze`."""
NON_POLICY_FILES = (PROPERTIES, ACCEPTED, HEAD)
"""Files in a folder of policies that do not affect decisions."""
TESTS_ENDING = ".test.yaml"
"""Ending of a test file, which is in the folder of its policy."""

_RULES = re.compile(rb"^[\"']?rules[\"']?[ \t]*:", re.MULTILINE)
"""The top-level key that identifies a policy."""


def law_files(sources: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Return the policies and bundle.yaml among files, ordered by name regardless of folder."""
    return sorted((file for file in sources if is_law(file[0])), key=lambda file: (os.path.basename(file[0]), file[0]))


def is_law(name: str) -> bool:
    """Return whether a file in a folder of policies is a policy or bundle.yaml."""
    return os.path.basename(name) not in NON_POLICY_FILES and not name.endswith(TESTS_ENDING)


class LayerFiles(NamedTuple):
    """The files of one layer, under the names that reports show."""

    head: tuple[str, bytes]
    """layer.yaml."""
    sources: tuple[tuple[str, bytes], ...]
    """The other .yaml files."""

    @property
    def digest(self) -> str:
        """SHA-256 over names and bytes of layer.yaml and the policies."""
        files = [self.head, *law_files(self.sources)]
        return digest(part for name, text in files for part in (os.path.basename(name).encode(), text))


def read_layer(folder: FilePath, shown: str) -> LayerFiles:
    """Read a layer. Its file names start with `shown`.

    Raises:
        InvalidInput: A file or a folder cannot be read, or would be omitted: a rule that is not seen forbids nothing.
    """
    files: list[tuple[str, str, bytes]] = []
    problems: list[Problem] = []
    if not os.path.isdir(folder):
        raise InvalidInput([Problem(str(folder), 1, 1, "", _("This layer does not exist."))])
    for path in walk(folder, problems):
        name = os.path.join(shown, os.path.relpath(path, folder))
        try:
            mode = os.lstat(path).st_mode
            kind = "link" if stat.S_ISLNK(mode) else "file" if stat.S_ISREG(mode) else "other"
            text = b""
            if kind == "file" and path.endswith(".yaml"):
                with open(path, "rb") as stream:
                    text = stream.read()
            files.append((name, kind, text))
        except OSError as error:
            problems.append(unreadable(name, error))
    return make_layer(shown, files, problems)


def make_layer(shown: str, entries: Iterable[tuple[str, str, bytes]], unreadable: Iterable[Problem] = ()) -> LayerFiles:
    """Return the layer of some files: each a name below `shown`, its kind (file, link or other), and its bytes.

    Raises:
        InvalidInput: With `unreadable` and every file that would be omitted.
    """
    problems = list(unreadable)
    files: dict[str, bytes] = {}
    for name, kind, text in entries:
        if kind == "link":
            problems.append(Problem(name, 1, 1, "", _("A layer cannot contain links."), _("Copy the file.")))
        elif kind == "file" and name.endswith(".yaml"):
            files[name] = text
        elif name.lower().endswith((".yaml", ".yml")):
            problems.append(Problem(name, 1, 1, "", _("vatspolicy would not read this file."), _("Name it NAME.yaml.")))
    head = files.pop(os.path.join(shown, HEAD), None)
    release = os.path.join(shown, RELEASE)
    if head is None and not problems:
        hint = _("This file must state name, title and owner.")
        if release in files:
            hint = _("With --law, choose a folder that contains bundle.yaml.")
        problems.append(Problem(shown or os.curdir, 1, 1, "", _("The layer has no layer.yaml."), hint))
    elif release in files:
        message = _("This folder contains both layer.yaml and bundle.yaml, so it is not a layer.")
        hint = _("Remove bundle.yaml, or choose the folder as the law with --law.")
        problems.append(Problem(release, 1, 1, "", message, hint))
    problems += [
        Problem(
            name,
            1,
            1,
            "",
            _("A layer cannot contain {file}.", file=RELEASE),
            _("Only the base states the days that it covers."),
        )
        for name in files
        if os.path.basename(name) == RELEASE and name != release
    ]
    problems += [
        Problem(name, 1, 1, "", _("vatspolicy would not read this policy."), _("The file name must equal its id."))
        for name, text in files.items()
        if not is_law(name) and _RULES.search(text)
    ]
    problems += [
        Problem(name, 1, 1, "", _("A layer has one {file}, in its top folder.", file=HEAD))
        for name in files
        if os.path.basename(name) == HEAD
    ]
    if problems or head is None:
        raise InvalidInput(problems)
    return LayerFiles((os.path.join(shown, HEAD), head), tuple(sorted(files.items())))


def walk(folder: str | FilePath, problems: list[Problem]) -> Iterator[str]:
    """Yield the files and links below a folder; note the folders that cannot be read."""

    def note(error: OSError) -> None:
        problems.append(unreadable(str(error.filename), error))

    for folder_path, folders, files in os.walk(folder, onerror=note):
        yield from (os.path.join(folder_path, name) for name in files)
        yield from (link for name in folders if os.path.islink(link := os.path.join(folder_path, name)))  # noqa: PTH114


def unreadable(name: str, error: OSError) -> Problem:
    """Return the problem of a file or folder that cannot be read."""
    return Problem(name, 1, 1, "", _("The file cannot be read: {reason}.", reason=reason_of(error)))
