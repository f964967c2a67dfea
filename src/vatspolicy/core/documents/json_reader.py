"""Strict JSON with the place of every key and value."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from vatspolicy.core.documents.document import Document, DocumentNode, Scalar
from vatspolicy.core.documents.positions import unprintable
from vatspolicy.core.documents.reader import EMPTY, MAX_EXACT, NO_ESCAPE, QUOTE_TEXT, Limits, TextReader
from vatspolicy.i18n import _

if TYPE_CHECKING:
    from typing import Any


def read_json(text: str, file: str, limits: Limits) -> Document:
    """Return the document in a text without invisible characters. Raises InvalidInput with every problem found.

    The scanner of the standard library reads what is plain. The strict reader reads all else, and it reads the places
    of values when the first is requested.
    """
    try:
        data = _scan(text, limits)
    except (ValueError, RecursionError):
        return JsonReader(text, file, limits).document()
    return Document(file, data, text, partial(_read_tree, text, file, limits))


def _scan(text: str, limits: Limits) -> Any:
    """Return the data of a text that the strict reader certainly accepts. Raises ValueError for any other."""
    import json

    data = json.loads(
        text, object_pairs_hook=make_object, parse_int=_integer, parse_float=_decimal, parse_constant=_refuse
    )
    _check(data, limits, "\\" in text)
    return data


def _check(data: Any, limits: Limits, escaped: bool) -> None:
    """Raise ValueError if data reaches a limit, or if an escape may produce a forbidden character."""
    level, nodes, depth = [data], 0, 0
    while level:
        nodes, depth = nodes + len(level), depth + 1
        if nodes > limits.nodes or depth > limits.depth:
            raise ValueError("a limit is reached")
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below += value.values()
                if escaped and any(any(unprintable(key)) for key in value):
                    raise ValueError
            elif isinstance(value, list):
                below += value
            elif escaped and isinstance(value, str) and any(unprintable(value)):
                raise ValueError
        level = below


def make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the JSON object with these keys and values. Raises ValueError for a duplicate key."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError
    return members


def _integer(text: str) -> int:
    value = int(text) if len(text) < 17 else MAX_EXACT
    return value if abs(value) < MAX_EXACT else _refuse(text)


def _decimal(text: str) -> float:
    value = float(text)
    return value if 0 < abs(value) < MAX_EXACT else _refuse(text)


def _refuse(text: str) -> Any:
    """Leave a number to the strict reader."""
    raise ValueError(text)


def _read_tree(text: str, file: str, limits: Limits) -> DocumentNode:
    return JsonReader(text, file, limits).read()


class JsonReader(TextReader):
    """Reads standard JSON, but rejects duplicate keys and numbers that would not stay exact."""

    def __init__(self, text: str, file: str, limits: Limits) -> None:
        super().__init__(text, file, limits)
        self.at = 0  # the next character to read

    def read(self) -> DocumentNode:
        """Read the root of the text. Raises StopError."""
        if not self._next():
            self.fail(0, EMPTY)
        root = self._value()
        if self._next():
            self.fail(self.at, _("Text follows after the end of the JSON value."))
        return root

    def _next(self) -> str:
        """Skip white space and return the next character without reading it; empty at the end."""
        if space := _SPACE.match(self.text, self.at):
            self.at = space.end()
        return self.text[self.at : self.at + 1]

    def _value(self) -> DocumentNode:
        first, start = self._next(), self.at
        if first in ("{", "["):
            self.depth += 1
            self.spend(start)
            node = self._object() if first == "{" else self._array()
            self.depth -= 1
            return node
        self.spend(start)
        if first == '"':
            return DocumentNode(self._string(), start, start, '"')
        word = _NO_SPACE.match(self.text, start)
        if word is None:
            self.fail(start, _("A value is missing here."))
        self.at = word.end()
        return DocumentNode(self._word(word.group(), start), start, start)

    def _word(self, word: str, start: int) -> Scalar:
        if word in _WORDS:
            return _WORDS[word]
        if _NUMBER.fullmatch(word):
            return self.number(start, word)
        if word.lstrip("-+") in ("NaN", "Infinity"):
            self.note(start, _("Infinity and NaN are not valid numbers."), QUOTE_TEXT)
        else:
            self.note(start, _("This is not a JSON value."), QUOTE_TEXT)
        return None

    def _object(self) -> DocumentNode:
        entries: dict[str, DocumentNode] = {}
        keys: dict[str, int] = {}
        node = DocumentNode(entries, self.at, self.at, keys=keys, height=1)
        more = self._open("}")
        while more:
            if self._next() != '"':
                self.fail(self.at, _("A key in double quotes is missing here."))
            start = self.at
            key = self._string()
            first = self.enter(keys, key, start)
            if self._next() != ":":
                self.fail(self.at, _("A : is missing after this key."))
            self.at += 1
            child = self._value()
            if first:
                entries[key] = child
            self.leave(node, child)
            more = self._more("}")
        return node

    def _array(self) -> DocumentNode:
        items: list[DocumentNode] = []
        node = DocumentNode(items, self.at, self.at, height=1)
        more = self._open("]")
        while more:
            self.path.append(len(items))
            items.append(self._value())
            self.leave(node, items[-1])
            more = self._more("]")
        return node

    def _open(self, closing: str) -> bool:
        """Read the opening bracket, and the closing one of an empty container; whether there is a first member."""
        self.at += 1
        if self._next() != closing:
            return True
        self.at += 1
        return False

    def _more(self, closing: str) -> bool:
        """Read a comma or the closing bracket; whether another member follows."""
        char = self._next()
        if char not in (",", closing):
            self.fail(self.at, _("A comma or the closing {closing} is missing.", closing=closing))
        self.at += 1
        return char == ","

    def _string(self) -> str:
        start = self.at
        match = _STRING.match(self.text, start)
        if match is None:
            self.fail(
                start, _("The closing quote is missing on this line."), _("Write \\n for a line break, \\t for a tab.")
            )
        self.at = match.end()
        raw = match.group()
        if "\\" not in raw:
            return raw[1:-1]
        import json

        try:
            text: str = json.loads(raw)
        except json.JSONDecodeError as error:
            self.fail(raw.rfind("\\", 0, error.pos + 1) + start, *NO_ESCAPE)
        self.check_escapes(start, text)
        return text


_SPACE = re.compile(r"[ \t\n]*")
_STRING = re.compile(r'"[^"\\\n\t]*(?:\\[^\n\t][^"\\\n\t]*)*"')
_NO_SPACE = re.compile(r"[^\s\[\]{},:\"]+")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None}
