"""Writing a tree: two spaces a level, one way of quoting, expressions folded at && and ||."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator

from vatspolicy.authoring.formatter.key_order import Order
from vatspolicy.authoring.formatter.yaml_tree import Collection, Entry, Scalar, Text
from vatspolicy.documents.scalars import doubt, is_surely_text

WIDTH = 120
"""Columns that an expression keeps to. A sentence, and a test on one line, are never broken."""

EXPRESSIONS = ("when", "check", "covers", "max_foreign_percent")
"""Keys whose values are expressions; under `terms` every value is one."""


def write_text(tree: Text, order: Order) -> str:
    """The canonical text of a file."""
    lines = _comments(tree.head, "")
    while lines and not lines[-1]:
        lines.pop()
    writer = _Writer(tree.flush)
    if isinstance(tree.root, Collection) and tree.root.entries and not tree.root.flow:
        body = list(writer.block(tree.root, 0, order, ()))
        while body and not body[0]:
            body.pop(0)
        lines += body
    else:
        lines += writer.value(tree.root, 0, order, ()).split("\n")
    return "\n".join(lines).rstrip() + "\n"


class _Writer:
    def __init__(self, flush: bool) -> None:
        self.flush = flush

    def block(self, node: Collection, indent: int, order: Order, path: tuple[str, ...]) -> Iterator[str]:
        """The lines of a collection written as a block."""
        pad = " " * indent
        for index, entry in enumerate(self.sorted(node, order)):
            yield from _comments(entry.lead, pad)
            if entry.key is None:
                head, inner, where = "-", order.below(index), path
            else:
                head, inner, where = f"{self.key(entry.key)}:", order.below(entry.key.value), (*path, entry.key.value)
            yield from self.entry(entry, pad + head, indent, inner, where)
            yield from _comments(entry.foot, pad) if entry is not node.entries[-1] else ()
        yield from _comments(node.entries[-1].foot, pad)  # what ends a block stays at its end

    def entry(self, entry: Entry, head: str, indent: int, order: Order, path: tuple[str, ...]) -> Iterator[str]:
        value = entry.value
        tail = f"  {entry.tail}" if entry.tail else ""
        if isinstance(value, Collection) and not value.flow and value.entries:
            flush = self.flush and entry.key is not None and not value.mapping
            lines = list(self.block(value, indent if flush else indent + 2, order, path))
            if entry.key is None and not (tail or value.anchor or not lines[0] or lines[0].lstrip().startswith("#")):
                yield f"{head} {lines[0].lstrip()}"
                yield from lines[1:]
            else:
                yield f"{head} {value.anchor}".rstrip() + tail
                yield from lines
            return
        if entry.below and isinstance(value, Collection):
            yield head + tail
            yield from (" " * (indent + 2) + self.value(value, indent, order, path, indent + 2)).split("\n")
            return
        first, *rest = self.value(value, indent, order, path, len(head) + 1).split("\n")
        start = f"{head} {first}" if first else head
        if rest and isinstance(value, Scalar):
            yield start + tail
            yield from rest
        else:
            yield from [start, *rest[:-1]] if rest else []
            yield (rest[-1] if rest else start) + tail

    def sorted(self, node: Collection, order: Order) -> list[Entry]:
        keys = order.keys()
        if not node.mapping or not keys:
            return node.entries
        rank = {key: index for index, key in enumerate(keys)}
        return sorted(node.entries, key=lambda entry: rank.get(entry.key.value if entry.key else "", len(rank)))

    # --- values

    def value(
        self, node: Scalar | Collection, indent: int, order: Order, path: tuple[str, ...], column: int = 0
    ) -> str:
        """A value as text; lines after the first are indented already."""
        if isinstance(node, Collection):
            return node.anchor + self.flow(node, column + len(node.anchor), order, path, indent)
        expression = bool(path) and (path[-1] in EXPRESSIONS or path[-2:-1] == ("terms",))
        return node.anchor + self.scalar(node, indent, column, expression)

    def key(self, node: Scalar) -> str:
        return self.inline(node, flow=False, key=True)

    def scalar(self, node: Scalar, indent: int, column: int, expression: bool) -> str:
        if expression and node.style != "*" and _foldable(node.value):
            return self.expression(node, indent, column)
        if node.style in ("|", ">"):
            return _block(node, indent)
        return self.inline(node, flow=False)

    def expression(self, node: Scalar, indent: int, column: int) -> str:
        """An expression on one line where it fits, else folded, at the author's breaks where those fit."""
        inner = " " * (indent + 2)
        if node.style == ">":
            rows = [row.strip() for row in node.raw.split("\n")[1:] if row.strip()]
            fits = all(len(inner) + len(row) <= WIDTH for row in rows)
            if fits and " ".join(rows) == node.value and node.raw.startswith(">-"):
                return "\n".join([">-", *(inner + row for row in rows)])
        line = self.inline(node, flow=False)
        if node.style != ">" and column + len(line) <= WIDTH:
            return line
        return "\n".join([">-", *(inner + row for row in _rows(node.value, WIDTH - len(inner)))])

    def flow(self, node: Collection, column: int, order: Order, path: tuple[str, ...], indent: int) -> str:
        """A collection in brackets, broken where the author broke it. `indent`: that of the line that it begins on."""
        opening, closing = "{}" if node.mapping else "[]"
        text, at = opening, column + 1
        pad = " " * (indent + 2 if node.hang is None else column + node.hang)
        for index, entry in enumerate(self.sorted(node, order)):
            original = node.entries.index(entry)
            if index:
                text, at = f"{text},", at + 1
                broken = original in node.broken
                text, at = (f"{text}\n{pad}", len(pad)) if broken else (f"{text} ", at + 1)
                indent = len(pad) if broken else indent
            inner = order.below(index if entry.key is None else entry.key.value)
            where = path if entry.key is None else (*path, entry.key.value)
            if entry.key is not None:
                key = f"{self.inline(entry.key, flow=True, key=True)}: "
                text, at = text + key, at + len(key)
            member = entry.value
            if isinstance(member, Collection):
                piece = member.anchor + self.flow(member, at + len(member.anchor), inner, where, indent)
            else:
                piece = member.anchor + self.inline(member, flow=True)
            text += piece
            at = len(piece.rsplit("\n", 1)[1]) if "\n" in piece else at + len(piece)
        return text + closing

    def inline(self, node: Scalar, flow: bool, key: bool = False) -> str:
        """A scalar on one line: plain where that reads as the same, else in single quotes, double where it must."""
        if node.style == "*":
            return node.raw + (" " if key else "")
        if node.style == "":
            return node.value
        value = node.value
        if node.style == "'" and "\n" not in node.raw and not key:
            return node.raw
        if _plain(value, flow):
            return value
        if "\n" not in value and value.isprintable():
            return "'" + value.replace("'", "''") + "'"
        return json.dumps(value, ensure_ascii=False)


def _comments(lines: list[str], pad: str) -> list[str]:
    """Comment lines at an indentation; blank lines are never two in a row."""
    found: list[str] = []
    for line in lines:
        if line or not found or found[-1]:
            found.append(pad + line if line else "")
    return found


def _plain(value: str, flow: bool) -> bool:
    """Whether a text needs no quotes."""
    if not value or value != value.strip() or not value.isprintable() or value.startswith(_INDICATORS):
        return False
    if ": " in value or " #" in value or value.endswith(":"):
        return False
    if flow and re.search(r"[,\[\]{}?]|:$|:[,\[\]{}]", value):
        return False
    if value in ("-", "?", ":", "---", "...") or value.startswith(("- ", "? ", ": ", "--- ", "... ")):
        return False
    word = value[0].isalpha() and value not in ("true", "false", "null") and not doubt(value)
    return is_surely_text(value) or word  # other readers take 2024-04-08 and the like for days


_INDICATORS = tuple("[]{}#&*!|>'\"%@`,?:-<=")


def _block(node: Scalar, indent: int) -> str:
    """A block as it was written, at another indentation."""
    header, *rows = node.raw.rstrip("\n").split("\n")
    header = header.split(" #")[0].rstrip()
    if re.search(r"[1-9]", header):  # the indentation is stated, for a text that begins with space
        return json.dumps(node.value, ensure_ascii=False)
    own = min((len(row) - len(row.lstrip(" ")) for row in rows if row.strip()), default=0)
    pad = " " * (indent + 2)
    lines = [pad + row[own:] if row.strip() else "" for row in rows]
    if header[1:] == "+":
        lines += [""] * (len(node.raw) - len(node.raw.rstrip("\n")) - 1)
    return "\n".join([header, *lines])


def _foldable(value: str) -> bool:
    """Whether an expression may be broken at its spaces and reads as the same text."""
    return bool(value) and value == value.strip() and "\n" not in value and "\t" not in value


def _rows(text: str, width: int) -> list[str]:
    """An expression broken before && and ||, the outermost first, so that each row fits where that can be."""
    if len(text) <= width:
        return [text]
    breaks: dict[int, list[int]] = {}
    depth, quote, at = 0, "", 0
    while at < len(text):
        char = text[at]
        if quote:
            if char == "\\":
                at += 1
            elif char == quote:
                quote = ""
        elif char in "\"'":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif text.startswith((" && ", " || "), at) and text[at - 1 : at] != " " and text[at + 4 : at + 5] != " ":
            breaks.setdefault(depth, []).append(at)
        at += 1
    if not breaks:
        return [text]
    places = [0, *(place + 1 for place in breaks[min(breaks)]), len(text) + 1]
    parts = [text[start : end - 1] for start, end in itertools.pairwise(places)]
    rows: list[str] = []
    for part in parts:
        if rows and len(rows[-1]) + 1 + len(part) <= width and len(parts) > 2:
            rows[-1] += f" {part}"
        elif len(part) > width and len(parts) > 1:
            rows += _rows(part, width)
        else:
            rows.append(part)
    return rows
