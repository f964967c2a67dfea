"""A concrete syntax tree of YAML: collections and scalars in their styles, with comments and blank lines.

It is built on the events of PyYAML. The round-trip library ruamel.yaml does not serve here: when keys are sorted, it
leaves comments with the wrong entry; it drops comments in brackets; and it joins lines that the author broke there.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from vatspolicy.core.documents.positions import line_starts
from vatspolicy.core.documents.yaml_reader import yaml_loader


@dataclass
class YamlScalar:
    """A scalar or an alias. `style` is "" plain, ' or " quoted, | or > block, * alias."""

    value: str
    style: str
    raw: str = ""
    """Source text including quotes; empty for a scalar that does not come from a file."""
    start: int = 0
    end: int = 0
    anchor: str = ""


@dataclass
class YamlEntry:
    """A member of a collection: a key with its value, or a value alone, with the comments that belong to it."""

    key: YamlScalar | None
    value: YamlScalar | YamlCollection
    start: int = 0
    below: bool = False
    """True if a value in brackets begins on the line after its key."""
    lead: list[str] = field(default_factory=list)
    """Own-line comments above it; "" for blank lines."""
    tail: str = ""
    """The comment at the end of its line."""
    foot: list[str] = field(default_factory=list)
    """Own-line comments at the end of its block, as deep as the entry or deeper."""


@dataclass
class YamlCollection:
    """A mapping or a list. `flow`: written in brackets; `broken`: the members that begin on a new line."""

    mapping: bool
    flow: bool
    entries: list[YamlEntry]
    start: int = 0
    end: int = 0
    anchor: str = ""
    broken: frozenset[int] = frozenset()
    hang: int | None = 1
    """Columns from the opening bracket to a broken line: 1 below the first member, 0 below the bracket; None for two
    columns in from the line that the bracket is on."""


@dataclass
class YamlText:
    """A whole file: the comments above the first entry, and the root."""

    head: list[str]
    root: YamlScalar | YamlCollection
    flush: bool = False
    """True if lists stand flush with their keys, as the first one does; False if they stand two spaces in."""


def parse_tree(text: str) -> YamlText:
    """Return the tree of a text that is known to be one readable YAML document."""
    return _TreeReader(text).read()


def list_comments(text: str) -> list[tuple[int, str]]:
    """Return every comment, with its index, of a text that is known to be one readable YAML document."""
    reader = _TreeReader(text)
    reader.root()
    return [(at, comment) for at, comment in reader.comments() if comment]


class _TreeReader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.events: Iterator[Any] = yaml.parse(text, Loader=yaml_loader())
        self.lines = line_starts(text)
        self.scalars: list[YamlScalar] = []
        self.entries: list[tuple[YamlEntry, int]] = []  # of block collections, in the order of the text, with columns

    def read(self) -> YamlText:
        root = self.root()
        comments = list(self.comments())
        self.open_brackets(root, [at for at, _ in comments])
        self.collect(root)
        return YamlText(self.attach(comments), root, self.flush(root) is True)

    # --- nodes

    def root(self) -> YamlScalar | YamlCollection:
        next(self.events)  # the stream
        next(self.events)  # the document
        return self.value(next(self.events))

    def value(self, event: Any) -> YamlScalar | YamlCollection:
        start, end = event.start_mark.index, event.end_mark.index
        anchor = f"&{event.anchor} " if getattr(event, "anchor", None) else ""
        if isinstance(event, yaml.AliasEvent):
            scalar = YamlScalar("", "*", self.text[start:end], start, end)
        elif isinstance(event, yaml.ScalarEvent):
            while anchor and self.text[start] != (event.style or event.value[:1]):
                start += 1
            scalar = YamlScalar(event.value, event.style or "", self.text[start:end], start, end, anchor)
        else:
            return self.collection(event, start, anchor)
        self.scalars.append(scalar)
        return scalar

    def collection(self, event: Any, start: int, anchor: str) -> YamlCollection:
        mapping = isinstance(event, yaml.MappingStartEvent)
        ending = yaml.MappingEndEvent if mapping else yaml.SequenceEndEvent
        entries: list[YamlEntry] = []
        while not isinstance(event := next(self.events), ending):
            first = self.value(event)
            if mapping:
                assert isinstance(first, YamlScalar)
                value = self.value(next(self.events))
                flow = isinstance(value, YamlCollection) and value.flow
                entries.append(
                    YamlEntry(first, value, _start(event), flow and self.line(value.start) > self.line(first.start))
                )
            else:
                entries.append(YamlEntry(None, first, _start(event)))
        end = _end(event)
        flow = self.text[_start(event) : end] in ("}", "]")
        starts = [entry.start for entry in entries] if flow else []
        broken = frozenset(n for n, at in enumerate(starts) if self.line(at) > self.line(self.before(at)))
        hangs = {self.column(entries[index].start) - self.column(start) for index in broken if index}
        hang = hangs.pop() if hangs in ({0}, {1}) else None
        return YamlCollection(mapping, flow, entries, start, end, anchor, broken, hang)

    def line(self, index: int) -> int:
        return bisect_right(self.lines, index)

    def column(self, index: int) -> int:
        return index - self.lines[self.line(index) - 1]

    def before(self, index: int) -> int:
        """Return the index of the last character before `index` that is not white space."""
        while index and self.text[index - 1] in " \n":
            index -= 1
        return max(index - 1, 0)

    # --- comments

    def comments(self) -> Iterator[tuple[int, str]]:
        """Yield the index and text of every comment, and "" for every blank line."""
        covered = sorted((scalar.start, scalar.end) for scalar in self.scalars)
        starts = [start for start, _ in covered]
        for match in _COMMENT.finditer(self.text):
            at = match.start("comment") if match["comment"] else match.start()
            index = bisect_right(starts, at) - 1
            if index >= 0 and at < covered[index][1] and not self.is_in_header(covered[index][0], at):
                continue
            yield at, match["comment"].rstrip() if match["comment"] else ""

    def is_in_header(self, start: int, at: int) -> bool:
        """Return True for a comment after the | or > of a block, on the same line."""
        return self.text[start] in "|>" and self.line(start) == self.line(at) and self.text[at : at + 1] == "#"

    def open_brackets(self, node: YamlScalar | YamlCollection, comments: list[int]) -> None:
        """Turn brackets with comments inside into a block, where a comment has its own line."""
        if isinstance(node, YamlCollection):
            first = bisect_right(comments, node.start)
            if node.flow and node.entries and first < len(comments) and comments[first] < node.end:
                node.flow = not any(self.text[at : at + 1] == "#" for at in comments[first:] if at < node.end)
            for entry in node.entries:
                self.open_brackets(entry.value, comments)

    def collect(self, node: YamlScalar | YamlCollection) -> None:
        """Collect the entries of blocks, outermost first where several begin at one place."""
        if isinstance(node, YamlCollection) and not node.flow:
            for entry in node.entries:
                entry.start = entry.start if node.mapping else self.dash(entry.start)
                self.entries.append((entry, self.column(entry.start)))
                self.collect(entry.value)

    def flush(self, node: YamlScalar | YamlCollection) -> bool | None:
        """Return True if the first list under a key is not indented; None if no key has a list."""
        for entry in node.entries if isinstance(node, YamlCollection) and not node.flow else ():
            value = entry.value
            if isinstance(value, YamlCollection) and not value.flow and not value.mapping and entry.key is not None:
                if value.entries:
                    return self.column(value.entries[0].start) <= self.column(entry.key.start)
            elif (comment := self.flush(value)) is not None:
                return comment
        return None

    def dash(self, index: int) -> int:
        """Return the index of the dash of a list's member; that of the member if it came from brackets."""
        line = self.lines[self.line(index) - 1]
        before = self.text[line:index]
        if before.strip(" -") == "" and "-" in before:
            return line + before.rindex("-")
        return index

    def attach(self, comments: list[tuple[int, str]]) -> list[str]:
        """Give every comment to an entry, and return the rest: the head of the file."""
        head: list[str] = []
        starts = [entry.start for entry, _ in self.entries]
        previous, above, margin = -1, head, 0
        for at, comment in comments:
            column = self.column(at)
            own_line = not self.text[at - column : at].strip()
            following = bisect_right(starts, at)
            if following == 0:
                head.append(comment)
            elif not own_line:
                self.entries[following - 1][0].tail = comment
            elif following == previous and comment and column > margin:  # it belongs below the comment above it
                above.append(" " * (column - margin) + comment)
            elif following < len(self.entries) and (not comment or column <= self.entries[following][1]):
                self.entries[following][0].lead.append(comment)
                if comment:
                    previous, above, margin = following, self.entries[following][0].lead, self.entries[following][1]
            elif comment:
                previous, above, margin = following, self.owner(following, column).foot, column
                above.append(comment)
        return head

    def owner(self, following: int, column: int) -> YamlEntry:
        """Return the last entry above that is not deeper than a comment at the end of a block."""
        for entry, at in reversed(self.entries[:following]):
            if at <= column:
                return entry
        return self.entries[0][0]


_COMMENT = re.compile(r"(?m)^[ \t]*\n|(?:^|(?<=[ \t]))(?P<comment>#[^\n]*)")


def _end(event: Any) -> int:
    return int(event.end_mark.index)


def _start(event: Any) -> int:
    return int(event.start_mark.index)
