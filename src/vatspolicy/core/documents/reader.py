"""Base of the YAML and the JSON reader: position, limits and problems."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from vatspolicy.core.documents.document import Document, DocumentNode, format_path
from vatspolicy.core.documents.positions import characters, line_starts, position, unprintable
from vatspolicy.errors import FURTHER, MAX_EXPLAINED, InvalidInput, Problem
from vatspolicy.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn

MAX_EXACT = 2**53  # the largest magnitude up to which every integer is a double too
NO_ESCAPE = (_("This escape sequence does not exist."), _("Write \\\\ for a backslash."))
QUOTE_TEXT = _("Put it in quotes if it is text.")


class Limits(NamedTuple):
    """Limits of a document: bytes of text, nodes after aliases are expanded, levels of nesting, uses of aliases."""

    size: int = 2**20
    nodes: int = 20_000
    depth: int = 32
    aliases: int = 64


LIMITS = Limits()
"""Limits unless the caller passes others."""
EMPTY = _("The file is empty.")


class StopError(Exception):
    """Reading ended at a problem."""


class DoubtfulValues(InvalidInput):
    """The problems of a text that was read to its end; `document` holds each value with a problem in some other way."""

    def __init__(self, problems: Iterable[Problem], document: Document) -> None:
        super().__init__(problems)
        self.document = document


class TextReader:
    """Reader of a text. Messages contain no values of the text, only the keys that lead to them."""

    def __init__(self, text: str, file: str, limits: Limits) -> None:
        self.text, self.file, self.limits = text, file, limits
        self.path: list[str | int] = []
        self.depth = 0
        self.nodes = 0
        self.problems: list[tuple[int, str, str, str]] = []
        self._lines = line_starts(text)

    def document(self) -> Document:
        """Read the whole text. Raises InvalidInput with every problem: DoubtfulValues if read to its end."""
        root: DocumentNode | None = None
        with suppress(StopError):
            root = self.read()
        problems = [
            Problem(self.file, *position(self._lines, index), path, message, hint)
            for index, path, message, hint in self.problems
        ]
        if root is None:
            raise InvalidInput(problems)
        document = Document(self.file, root.data(), self.text, root)
        if problems:
            raise DoubtfulValues(problems, document)
        return document

    def read(self) -> DocumentNode:
        """Read the root of the text. Raises StopError."""
        raise NotImplementedError

    def note(self, index: int, message: str, hint: str = "") -> None:
        """Note a problem and continue. Raises StopError after MAX_EXPLAINED problems."""
        if len(self.problems) >= MAX_EXPLAINED:
            self.problems.append((index, "", *FURTHER))
            raise StopError
        self.problems.append((index, format_path(tuple(self.path)), message, hint))

    def fail(self, index: int, message: str, hint: str = "") -> NoReturn:
        """Note a fatal problem. Raises StopError."""
        self.note(index, message, hint)
        raise StopError

    def fail_alone(self, index: int, message: str, hint: str = "") -> NoReturn:
        """Note only this problem and stop, because the two YAML parsers find it at different times."""
        self.problems.clear()
        self.path.clear()
        self.fail(index, message, hint)

    def spend(self, index: int, nodes: int = 1, height: int = 0) -> None:
        """Count values read, which reach `height` levels deeper than here. Raises StopError when there are too many."""
        self.nodes += nodes
        if self.nodes > self.limits.nodes:
            self.fail(index, _("The file has more than {nodes:,} values.", nodes=self.limits.nodes))
        if self.depth + height > self.limits.depth:
            self.path.clear()
            self.fail(index, _("Values are nested more than {depth} levels deep.", depth=self.limits.depth))

    def enter(self, keys: dict[str, int], key: str, index: int) -> bool:
        """Step into the value of a key; return False for a duplicate key, whose first value stays."""
        self.path.append(key)
        if key not in keys:
            keys[key] = index
            return True
        line, __ = position(self._lines, keys[key])
        self.note(index, _("The key was given before, on line {line}.", line=line), _("Remove one of the two."))
        return False

    def leave(self, node: DocumentNode, child: DocumentNode) -> None:
        """Step out of a value of `node`."""
        self.path.pop()
        node.size += child.size
        node.height = max(node.height, child.height + 1)

    def number(self, index: int, text: str) -> int | float:
        """`text` is a decimal number; refused when a double could not hold its whole part exactly."""
        value = float(text)
        if abs(value) > MAX_EXACT or (
            abs(value) == MAX_EXACT and text.lstrip("-").removesuffix(".0") != str(MAX_EXACT)
        ):
            self.note(
                index,
                _("The number is beyond {max_exact:,} and would not stay exact.", max_exact=MAX_EXACT),
                _("Put it in quotes."),
            )
            return 0
        if value == 0 and any(digit in "123456789" for digit in text.lower().partition("e")[0]):
            self.note(index, _("The number is too small and would be read as 0."), _("Write 0, or put it in quotes."))
            return 0
        return int(text) if text.removeprefix("-").isdigit() else value

    def check_escapes(self, index: int, value: str) -> None:
        """Reject escapes in a double-quoted string that produce characters the file itself may not contain."""
        character = next(unprintable(value), None)
        if character is None:
            return
        read = next(islice(characters(self.text, index, '"', value), character.start(), None), None)
        at, code = read[1] if read else index, ord(character.group())
        if 0xD800 <= code <= 0xDFFF:
            self.fail(at, *NO_ESCAPE)
        self.note(at, _("The text holds the invisible character U+{code:04X}.", code=code), _("Remove it."))
