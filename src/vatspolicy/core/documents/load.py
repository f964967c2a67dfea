"""Reading of files, standard input and texts as documents."""

from __future__ import annotations

import errno
import functools
import os
import sys
from itertools import islice
from typing import TYPE_CHECKING

from vatspolicy.core.documents.document import Document
from vatspolicy.core.documents.positions import line_starts, position, unprintable
from vatspolicy.core.documents.reader import EMPTY, LIMITS, Limits
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _, reason_of

if TYPE_CHECKING:
    from pathlib import Path as FilePath

STDIN = "<stdin>"
_BINARY = {
    b"PK\x03\x04": _("an archive or an office file (.zip, .docx, .xlsx)"),
    b"%PDF-": _("a PDF file"),
    b"\x1f\x8b": _("a compressed file (.gz)"),
}
"""Kinds of files that are not text, by their first bytes."""


def load_document(
    path: FilePath | str, stdin_name: str | None = None, recall: bool = False, empty: str = ""
) -> Document:
    """Read a file, or standard input for `-` under the name `stdin_name`.

    `recall`: as `recall_document` does, for files of a law. `empty`: the hint for an empty file.

    Raises:
        InvalidInput: with every problem found.
    """
    from_stdin = str(path) == "-"
    name = (stdin_name or STDIN) if from_stdin else str(path)
    try:
        if from_stdin:
            if sys.stdin is None:  # closed by the parent process
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            content = sys.stdin.buffer.read(LIMITS.size + 1)
        else:
            # as pathlib spells it; a pipe that nobody writes to is empty
            with open(name.rstrip("/") or os.curdir, "rb", opener=_open_without_waiting) as stream:
                content = stream.read(LIMITS.size + 1)
    except FileNotFoundError:
        message = _("This file does not exist.")
    except IsADirectoryError:
        message = _("This is a directory, not a file.")
    except PermissionError:
        message = _("The file may not be read: permission is denied.")
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else _("its name cannot be used")
        message = _("The file cannot be read: {reason}.", reason=reason)
    else:
        try:
            return recall_document(content, name) if recall else parse_document(content, name)
        except InvalidInput as error:
            problem = error.problems[0]
            raise InvalidInput([problem._replace(hint=empty)]) if problem.message == EMPTY else error from None
    raise InvalidInput([Problem(name, 1, 1, "", message)])


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file for reading. A pipe opens without a writer."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(descriptor, True)
    return descriptor


def parse_document(text: str | bytes, file: str, limits: Limits = LIMITS) -> Document:
    """Read a text: JSON if `file` ends in .json, else YAML; standard input may be either.

    Raises InvalidInput with every problem found, at most up to the first one after which reading makes no sense.
    """
    clean = _decode(text, file, limits)
    if file.lower().endswith(".json"):
        from vatspolicy.core.documents.json_reader import read_json

        return read_json(clean, file, limits)
    if file == STDIN and clean.lstrip().startswith(("{", "[")):
        from vatspolicy.core.documents.json_reader import JsonReader

        try:
            return JsonReader(clean, file, limits).document()
        except InvalidInput as as_json:
            from vatspolicy.core.documents.yaml_reader import YamlReader

            try:
                return YamlReader(clean, file, limits).document()
            except InvalidInput:
                raise as_json from None
    from vatspolicy.core.documents.yaml_reader import YamlReader

    return YamlReader(clean, file, limits).document()


def recall_document(content: bytes, file: str) -> Document:
    """Read a file of a law like `parse_document`, reusing earlier results for the same text.

    Several steps read a file of a law, and a comparison reads it in two states. The data are the caller's own.

    Raises:
        InvalidInput: with every problem found.
    """
    try:
        remembered = _remember(content, file.lower().endswith(".json"))
    except InvalidInput:
        return parse_document(content, file)  # with the name of this file
    return Document(file, remembered.root.data(), remembered.text, remembered.root)


@functools.lru_cache(maxsize=1024)
def _remember(content: bytes, is_json: bool) -> Document:
    return parse_document(content, ".json" if is_json else ".yaml")


def _decode(content: str | bytes, file: str, limits: Limits) -> str:
    """Return the text with plain line feeds and without a byte order mark. Raises InvalidInput."""
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    if len(raw) > limits.size:
        raise InvalidInput([Problem(file, 1, 1, "", _("The file is larger than {size:,} bytes.", size=limits.size))])
    if kind := next((kind for sign, kind in _BINARY.items() if raw.startswith(sign)), ""):
        raise InvalidInput(
            [Problem(file, 1, 1, "", _("This is {kind}, not YAML or JSON.", kind=kind), _("Name a text file."))]
        )
    try:
        text = _plain(raw.decode("utf-8") if isinstance(content, bytes) else content)
    except UnicodeDecodeError as error:
        before = _plain(raw[: error.start].decode("utf-8"))
        line, column = position(line_starts(before), len(before))
        message, hint = _("The file is not UTF-8 text."), _("Save it as UTF-8.")
        raise InvalidInput([Problem(file, line, column, "", message, hint)]) from None
    problems = []
    lines = line_starts(text)
    for character in islice(unprintable(text), 10):
        line, column = position(lines, character.start())
        message = _("The invisible character U+{value:04X} is not allowed.", value=ord(character.group()))
        problems.append(Problem(file, line, column, "", message, _("Remove it.")))
    if problems:
        raise InvalidInput(problems)
    return text


def _plain(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
