"""Unfinished CEL texts: their paths in files, the names around a place, and the types of these names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from vatspolicy.core.cel.ast import Node
from vatspolicy.core.cel.parser import ExpressionError, TypeEnvironment
from vatspolicy.core.cel.types import ListOf, ObjectOf, Type
from vatspolicy.core.documents import Path
from vatspolicy.core.policies.message_values import placed_facts
from vatspolicy.core.policies.reads import ROOTS
from vatspolicy.language_server.kinds import POLICY, SETTINGS

_NAME = re.compile(r"[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*")
_PART = re.compile(r"\w+")
_SPACE = re.compile(r"\s")
_NO_NAMES = frozenset(("true", "false", "in", "size"))
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?")
_CALL = re.compile(r"\s*\(")
_VARIABLE = re.compile(r"\s*\(\s*([A-Za-z_]\w*)\s*,")
_COMPARED = re.compile(r"([A-Za-z_][\w.]*)\s*(?:==|!=|in)\s*\[?(?:\s*(?:\"[^\"]*\"|'[^']*')\s*,)*\s*$")
_SET_ARGUMENT = re.compile(r"\bsets\.\w+\(\s*([A-Za-z_][\w.]*)\s*,\s*\[(?:\s*(?:\"[^\"]*\"|'[^']*')\s*,)*\s*$")
_MEMBER = re.compile(r"\s*(?:in|==|!=)\s+([A-Za-z_][\w.]*)")
_NEAR = 4000
"""Maximum distance from a literal to the name in its comparison."""
TERM, PARAMETER = "term", "param"
"""Roots of names that are not facts."""
SETS = "sets"
"""Name before the functions that compare lists as sets."""
QUANTIFIERS = ("exists", "all")
_MOST_BOUND = 8
"""Maximum number of nested quantifiers around a name."""


class Name(NamedTuple):
    """A chain of names such as `company.foreign_percent`, and the place of each part in an expression."""

    parts: tuple[str, ...]
    starts: tuple[int, ...]
    """Offset of each part."""
    call: str = ""
    """Name of the function that is called on it, such as `exists`."""
    end: int = 0
    """Offset behind the chain, the name of the function included."""


def find_subject(kind: str, path: Path, scalars: Mapping[Path, str]) -> str | None:
    """Return the subject of the expression at a path of a file: product, service, activity or license.

    None if no expression stands there.
    """
    match path:
        case ("properties", _, "when") if kind == SETTINGS:
            return scalars.get((*path[:2], "each"), "product")
        case _ if kind != POLICY:
            return None
        case ("terms", _) | ("instruments", _, "authority", _, "when"):
            return "activity"
        case ("instruments", _, "covers"):
            return "license"
        case ("rules", _, "when") | ("rules", _, "route", "max_foreign_percent"):
            return scalars.get((*path[:2], "each"), "activity")
        case ("rules", _, "route", "conditions", _, "check"):
            return scalars.get((*path[:2], "each"), "activity")
    return None


def is_message(kind: str, path: Path) -> bool:
    """Return whether a text may show facts in braces."""
    match path:
        case ("rules", _, "message", _) | ("rules", _, "route", "conditions", _, "message", _):
            return kind == POLICY
    return False


def find_names(text: str) -> Iterator[Name]:
    """Yield the names of an expression outside its string literals."""
    blank = _STRING.sub(lambda string: " " * len(string.group()), text)
    for match in _NAME.finditer(blank):
        chain, (start, end) = match.group(), match.span()
        if chain in _NO_NAMES or _follows_dot(blank, start):
            continue
        if "." not in chain:
            yield Name((chain,), (start,), "", end)
            continue
        if _SPACE.search(chain) is None:
            parts = tuple(chain.split("."))
            starts = tuple(accumulate((len(part) + 1 for part in parts[:-1]), initial=start))
        else:
            words = [(part.group(), part.start()) for part in _PART.finditer(blank, start, end)]
            parts, starts = zip(*words, strict=True)
        called = _CALL.match(blank, end) is not None
        if called and parts[0] == SETS:
            continue
        yield Name(parts[:-1], starts[:-1], parts[-1], end) if called else Name(parts, starts, "", end)


def _follows_dot(text: str, start: int) -> bool:
    """Return whether a name is a member of another expression than a name, such as a list in brackets."""
    while start > 0 and text[start - 1].isspace():
        start -= 1
    return text.endswith(".", 0, start)


def find_shown_facts(text: str) -> Iterator[Name]:
    """Yield the facts in braces of a message."""
    for start, name in placed_facts(text):
        words = [(part.group(), start + part.start()) for part in _PART.finditer(name)]
        if words:
            parts, starts = zip(*words, strict=True)
            yield Name(parts, starts, end=start + len(name))


def string_at(text: str, offset: int) -> tuple[int, str] | None:
    """Return start (after the quote) and content of the string literal at an offset; its end may be missing."""
    for string in _STRING.finditer(text):
        if string.start() < offset <= string.end():
            quote, inner = string.group()[0], string.group()[1:]
            closed = inner.endswith(quote)
            if closed and offset == string.end():
                return None
            return string.start() + 1, inner[:-1] if closed else inner
    return None


def bindings(text: str, offset: int) -> dict[str, tuple[str, ...]]:
    """Return the variables that quantifiers before an offset bind, each with the name of its list."""
    bound_names = (bound for name in find_names(text) if (bound := binding(text, name)) is not None)
    return {variable: over for end, variable, over in bound_names if end <= offset}


def binding(text: str, name: Name) -> tuple[int, str, tuple[str, ...]] | None:
    """Return the variable that a quantifier over a list binds: where that is read, the variable, the name of the list.

    None if the name is not that of a list that a quantifier follows.
    """
    match = _VARIABLE.match(text, name.end) if name.call in QUANTIFIERS else None
    return None if match is None else (match.end(), match.group(1), name.parts)


def fact_paths(parts: tuple[str, ...], bound: Mapping[str, tuple[str, ...]]) -> list[Path]:
    """Return the profile paths of a name, with 0 for a member of a list; none for other names."""
    seen: set[str] = set()
    rest: Path = ()
    while parts and parts[0] in bound and parts[0] not in seen:
        if len(seen) == _MOST_BOUND:
            return []
        seen.add(parts[0])
        parts, rest = bound[parts[0]], (0, *parts[1:], *rest)
    if not parts or parts[0] in (TERM, PARAMETER):
        return []
    starts = ROOTS.get(parts[0], (parts[0],))
    return [(*(0 if step == "*" else step for step in start.split(".")), *parts[1:], *rest) for start in starts]


@dataclass(frozen=True)
class Scope:
    """The names that an expression may use, with their types."""

    environment: TypeEnvironment
    bound: Mapping[str, tuple[str, ...]]

    def type_of(self, parts: tuple[str, ...], depth: int = 0) -> Type | None:
        """Return the type of a name; None if it has none."""
        if not parts or depth > 8:
            return None
        root, rest = parts[0], parts[1:]
        variable: Type | None
        if root in self.bound:
            over = self.type_of(self.bound[root], depth + 1)
            variable = over.item if isinstance(over, ListOf) else None
        elif root == PARAMETER and rest:
            variable, rest = self.environment.params.get(rest[0], ("", None))[1], rest[1:]
        elif root == TERM and rest:
            tree = self.term(rest[0])
            variable, rest = None if tree is None else tree.type, rest[1:]
        else:
            variable = self.environment.variables.get(root)
        for name in rest:
            variable = variable.fields.get(name) if isinstance(variable, ObjectOf) else None
        return variable

    def term(self, name: str) -> Node | None:
        """Return the typed body of a term; None if it is unknown or does not fit here."""
        try:
            return self.environment.term(name, self.environment)
        except ExpressionError:
            return None

    def compared_with(self, text: str, offset: int) -> tuple[str, ...] | None:
        """Return the name in the comparison with the string literal at an offset."""
        string = string_at(text, offset)
        if string is None:
            return None
        start, content = string
        before = text[max(start - _NEAR, 0) : start - 1]
        if named := _COMPARED.search(before) or _SET_ARGUMENT.search(before):
            return tuple(named.group(1).split("."))
        if behind := _MEMBER.match(text, start + len(content) + 1):
            return tuple(behind.group(1).split("."))
        return None


def scalar_type(type: Type | None) -> Type | None:
    """Return the type of the members of a list; any other type is unchanged."""
    while isinstance(type, ListOf):
        type = type.item
    return type
