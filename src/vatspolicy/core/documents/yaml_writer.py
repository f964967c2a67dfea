"""The one writer of YAML: files that people wrote, in canonical layout, and data that the program writes.

It indents by two spaces, quotes in one way, and breaks expressions at && and ||.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from vatspolicy.core.documents.document import Path
from vatspolicy.core.documents.scalars import doubt, is_surely_text
from vatspolicy.core.documents.yaml_tree import YamlCollection, YamlEntry, YamlScalar, YamlText

WIDTH = 120
"""Maximum columns of an expression. Sentences and one-line tests are never broken."""

EXPRESSIONS = ("when", "check", "covers", "max_foreign_percent")
"""Keys whose values are expressions; under `terms` every value is one."""

Comment = Callable[[Path, Mapping[str, Any]], str]
"""The comment above a key, from its path and the mapping that holds it; empty for none."""


class KeyOrder:
    """The order of keys of a mapping and its contents. This class keeps the author's order."""

    def keys(self) -> list[str]:
        """Return the keys in their order; none if the order is the author's."""
        return []

    def below(self, step: str | int) -> KeyOrder:
        """Return the order within a value."""
        return self


def dump_yaml(data: Any, head: Sequence[str] = (), comment: Comment | None = None) -> str:
    """Return data as the canonical text of a YAML file, below the comment lines of `head`."""
    return write_tree(YamlText(list(head), build_tree(data, comment)))


def write_tree(tree: YamlText, order: KeyOrder | None = None) -> str:
    """Return the canonical text of a file."""
    order = order or KeyOrder()
    lines = _indent_comments(tree.head, "")
    while lines and not lines[-1]:
        lines.pop()
    writer = _YamlWriter(tree.flush)
    if isinstance(tree.root, YamlCollection) and tree.root.entries and not tree.root.flow:
        body = list(writer.block(tree.root, 0, order, ()))
        while body and not body[0]:
            body.pop(0)
        lines += body
    else:
        lines += writer.value(tree.root, 0, order, ()).split("\n")
    return "\n".join(lines).rstrip() + "\n"


def write_block(node: YamlScalar | YamlCollection, indent: int) -> list[str]:
    """Return the members of a collection as lines, `indent` columns in."""
    assert isinstance(node, YamlCollection)
    return list(_YamlWriter(flush=False).block(node, indent, KeyOrder(), ()))


def write_inline(node: YamlScalar | YamlCollection) -> str:
    """Return a tree on one line, in a form that is also valid within brackets."""
    writer = _YamlWriter(flush=False)
    if isinstance(node, YamlCollection):
        return writer.flow(node, 0, KeyOrder(), (), 0)
    return writer.inline(node, flow=True)


# --- data as a tree


def build_tree(
    data: Any, comment: Comment | None = None, path: Path = (), flow: bool = False
) -> YamlScalar | YamlCollection:
    """Return data as a tree: in brackets where it holds no collections and no comments, is below the root, and fits.

    `flow`: everything in brackets.
    """
    if not isinstance(data, Mapping | list | tuple):
        return _build_scalar(data)
    entries: list[YamlEntry] = []
    if isinstance(data, Mapping):
        for key, value in data.items():
            line = comment((*path, key), data) if comment and not flow else ""
            value = build_tree(value, comment, (*path, key), flow)
            entries.append(YamlEntry(YamlScalar(key, '"'), value, lead=[f"# {line}"] if line else []))
    else:
        entries += (_build_member(build_tree(member, comment, (*path, n), flow)) for n, member in enumerate(data))
    node = YamlCollection(isinstance(data, Mapping), True, entries)
    leaf = not any(entry.lead or (isinstance(entry.value, YamlCollection) and entry.value.entries) for entry in entries)
    node.flow = flow or not entries
    if leaf and path and not node.flow:
        node.flow = 2 * len(path) + len(str(path[-1])) + len(write_inline(node)) <= WIDTH
    return node


def _build_member(value: YamlScalar | YamlCollection) -> YamlEntry:
    """Return a member of a list; the comment of its first key goes above the dash."""
    if not isinstance(value, YamlCollection) or not value.entries:
        return YamlEntry(None, value)
    lead, value.entries[0].lead = value.entries[0].lead, []
    return YamlEntry(None, value, lead=lead)


def _build_scalar(value: Any) -> YamlScalar:
    if isinstance(value, str):
        return YamlScalar(value, '"')
    if isinstance(value, float):
        return YamlScalar(format(Decimal(repr(value)), "f"), "")
    return YamlScalar(json.dumps(value), "")


# --- a tree as text


class _YamlWriter:
    def __init__(self, flush: bool) -> None:
        self.flush = flush

    def block(self, node: YamlCollection, indent: int, order: KeyOrder, path: tuple[str, ...]) -> Iterator[str]:
        """Yield the lines of a collection written as a block."""
        pad = " " * indent
        for index, entry in enumerate(self.sort_entries(node, order)):
            yield from _indent_comments(entry.lead, pad)
            head = "-" if entry.key is None else f"{self.inline(entry.key, flow=False, key=True)}:"
            yield from self.entry(entry, pad + head, indent, *_below(entry, index, order, path))
            yield from _indent_comments(entry.foot, pad) if entry is not node.entries[-1] else ()
        yield from _indent_comments(node.entries[-1].foot, pad)  # comments that end a block stay at its end

    def entry(self, entry: YamlEntry, head: str, indent: int, order: KeyOrder, path: tuple[str, ...]) -> Iterator[str]:
        value = entry.value
        tail = f"  {entry.tail}" if entry.tail else ""
        if isinstance(value, YamlCollection) and not value.flow and value.entries:
            flush = self.flush and entry.key is not None and not value.mapping
            lines = list(self.block(value, indent if flush else indent + 2, order, path))
            if entry.key is None and not (tail or value.anchor or not lines[0] or lines[0].lstrip().startswith("#")):
                lines[0] = f"{head} {lines[0].lstrip()}"
            else:
                lines.insert(0, f"{head} {value.anchor}".rstrip() + tail)
        elif entry.below and isinstance(value, YamlCollection):
            below = " " * (indent + 2) + self.value(value, indent, order, path, indent + 2)
            lines = [head + tail, *below.split("\n")]
        else:
            lines = self.value(value, indent, order, path, len(head) + 1).split("\n")
            lines[0] = f"{head} {lines[0]}" if lines[0] else head
            lines[0 if isinstance(value, YamlScalar) else -1] += tail
        yield from lines

    def sort_entries(self, node: YamlCollection, order: KeyOrder) -> list[YamlEntry]:
        keys = order.keys()
        if not node.mapping or not keys:
            return node.entries
        rank = {key: index for index, key in enumerate(keys)}
        return sorted(node.entries, key=lambda entry: rank.get(entry.key.value if entry.key else "", len(rank)))

    # --- values

    def value(
        self, node: YamlScalar | YamlCollection, indent: int, order: KeyOrder, path: tuple[str, ...], column: int = 0
    ) -> str:
        """Return a value as text; lines after the first are indented already."""
        if isinstance(node, YamlCollection):
            return node.anchor + self.flow(node, column + len(node.anchor), order, path, indent)
        expression = bool(path) and (path[-1] in EXPRESSIONS or path[-2:-1] == ("terms",))
        return node.anchor + self.scalar(node, indent, column, expression)

    def scalar(self, node: YamlScalar, indent: int, column: int, expression: bool) -> str:
        if expression and node.style != "*" and _is_foldable(node.value):
            return self.expression(node, indent, column)
        if node.style in ("|", ">"):
            return _write_block_scalar(node, indent)
        return self.inline(node, flow=False)

    def expression(self, node: YamlScalar, indent: int, column: int) -> str:
        """Return an expression on one line if it fits, else folded, at the author's breaks if those fit."""
        inner = " " * (indent + 2)
        if node.style == ">":
            rows = [row.strip() for row in node.raw.split("\n")[1:] if row.strip()]
            fits = all(len(inner) + len(row) <= WIDTH for row in rows)
            if fits and " ".join(rows) == node.value and node.raw.startswith(">-"):
                return "\n".join([">-", *(inner + row for row in rows)])
        line = self.inline(node, flow=False)
        if node.style != ">" and column + len(line) <= WIDTH:
            return line
        return "\n".join([">-", *(inner + row for row in _fold(node.value, WIDTH - len(inner)))])

    def flow(self, node: YamlCollection, column: int, order: KeyOrder, path: tuple[str, ...], indent: int) -> str:
        """Return a collection in brackets, broken where the author broke it.

        `indent` is that of the line that the bracket stands on.
        """
        text, closing = "{}" if node.mapping else "[]"
        pad = " " * (indent + 2 if node.hang is None else column + node.hang)
        for index, entry in enumerate(self.sort_entries(node, order)):
            if index and node.broken and node.entries.index(entry) in node.broken:
                text, indent = f"{text},\n{pad}", len(pad)
            elif index:
                text += ", "
            if entry.key is not None:
                text += f"{self.inline(entry.key, flow=True, key=True)}: "
            text += entry.value.anchor
            if isinstance(entry.value, YamlCollection):
                at = len(text) - text.rindex("\n") - 1 if "\n" in text else column + len(text)
                text += self.flow(entry.value, at, *_below(entry, index, order, path), indent)
            else:
                text += self.inline(entry.value, flow=True)
        return text + closing

    def inline(self, node: YamlScalar, flow: bool, key: bool = False) -> str:
        """Return a scalar on one line: plain if the value stays the same, otherwise in single or double quotes."""
        if node.style == "*":
            return node.raw + (" " if key else "")
        if node.style == "":
            return node.value
        value = node.value
        if node.style == "'" and "\n" not in node.raw and not key:
            return node.raw
        return _write_text(value, flow)


def _below(entry: YamlEntry, index: int, order: KeyOrder, path: tuple[str, ...]) -> tuple[KeyOrder, tuple[str, ...]]:
    """Return the order and the keys within an entry of a collection."""
    if entry.key is None:
        return order.below(index), path
    return order.below(entry.key.value), (*path, entry.key.value)


def _write_text(value: str, flow: bool) -> str:
    """Return a text on one line: plain if the value stays the same, otherwise in single or double quotes."""
    if _is_plain(value, flow):
        return value
    if value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return _quote(value)


def _indent_comments(lines: list[str], pad: str) -> list[str]:
    """Return comment lines at an indentation, with at most one blank line in a row."""
    indent_comments: list[str] = []
    for line in lines:
        if line or not indent_comments or indent_comments[-1]:
            indent_comments.append(pad + line if line else "")
    return indent_comments


def _is_plain(value: str, flow: bool) -> bool:
    """Return True for a text that needs no quotes."""
    if not value or value != value.strip() or not value.isprintable() or value.startswith(_INDICATORS):
        return False
    if ": " in value or " #" in value or value.endswith(":"):
        return False
    if flow and re.search(r"[,\[\]{}?]|:$|:[,\[\]{}]", value):
        return False
    if value in ("-", "?", ":", "---", "...") or value.startswith(("- ", "? ", ": ", "--- ", "... ")):
        return False
    word = value[0].isalpha() and value not in ("true", "false", "null") and not doubt(value)
    return is_surely_text(value) or word  # other readers read values such as 2024-04-08 as dates


_INDICATORS = tuple("[]{}#&*!|>'\"%@`,?:-<=")


def _quote(value: str) -> str:
    """Return a text in double quotes, with escapes for everything that does not print."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    return f"\\U{ord(char):08x}" if ord(char) > 0xFFFF else f"\\u{ord(char):04x}"


def _write_block_scalar(node: YamlScalar, indent: int) -> str:
    """Return a block as it was written, at another indentation."""
    header, *rows = node.raw.rstrip("\n").split("\n")
    header = header.split(" #")[0].rstrip()
    if re.search(r"[1-9]", header):  # the indentation is stated, for a text that begins with space
        return _write_text(node.value, flow=False)
    own = min((len(row) - len(row.lstrip(" ")) for row in rows if row.strip()), default=0)
    pad = " " * (indent + 2)
    lines = [pad + row[own:] if row.strip() else "" for row in rows]
    if header[1:] == "+":
        lines += [""] * (len(node.raw) - len(node.raw.rstrip("\n")) - 1)
    return "\n".join([header, *lines])


def _is_foldable(value: str) -> bool:
    """Return True for an expression that may be broken at its spaces and still reads as the same text."""
    return bool(value) and value == value.strip() and "\n" not in value and "\t" not in value


def _fold(text: str, width: int) -> list[str]:
    """Break an expression before && and ||, the outermost first, so that each row fits if possible."""
    if len(text) <= width:
        return [text]
    breaks = _find_breaks(text)
    if not breaks:
        return [text]
    places = [0, *(end + 1 for end in breaks[min(breaks)]), len(text) + 1]
    parts = [text[start : end - 1] for start, end in itertools.pairwise(places)]
    rows: list[str] = []
    for part in parts:
        if rows and len(rows[-1]) + 1 + len(part) <= width and len(parts) > 2:
            rows[-1] += f" {part}"
        elif len(part) > width and len(parts) > 1:
            rows += _fold(part, width)
        else:
            rows.append(part)
    return rows


def _find_breaks(text: str) -> dict[int, list[int]]:
    """Return the places before && and ||, outside quotes, by the number of brackets that are open there."""
    breaks: dict[int, list[int]] = {}
    depth = 0
    for piece in re.finditer(_PIECE, text):
        token, start, end = piece.group(), piece.start(), piece.end()
        if token in ("(", "["):
            depth += 1
        elif token in (")", "]"):
            depth -= 1
        elif token[0] == " " and text[start - 1 : start] != " " and text[end : end + 1] != " ":
            breaks.setdefault(depth, []).append(start)
    return breaks


_PIECE = r"""(?s)"(?:\\.|[^"\\])*(?:"|\Z)|'(?:\\.|[^'\\])*(?:'|\Z)|[()\[\]]| (?:&&|\|\|) """
