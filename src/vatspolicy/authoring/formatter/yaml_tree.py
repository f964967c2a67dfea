"""A YAML text as what a person wrote: collections and scalars in their styles, with comments and blank lines."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.documents.positions import line_starts
from vatspolicy.documents.yaml_reader import yaml_loader


@dataclass
class Scalar:
    """A scalar or an alias. `style` is "" plain, ' or " quoted, | or > block, * alias."""

    value: str
    style: str
    raw: str
    start: int
    end: int
    anchor: str = ""


@dataclass
class Entry:
    """A member of a collection: a key with its value, or a value alone, with the comments that belong to it."""

    key: Scalar | None
    value: Scalar | Collection
    start: int
    below: bool = False
    """Whether a value in brackets begins on the line after its key."""
    lead: list[str] = field(default_factory=list)
    """Own-line comments above it; "" for blank lines."""
    tail: str = ""
    """The comment at the end of its line."""
    foot: list[str] = field(default_factory=list)
    """Own-line comments below it, as deep as it or deeper, with which something ends."""


@dataclass
class Collection:
    """A mapping or a list. `flow`: written in brackets; `broken`: the members before which the line is broken."""

    mapping: bool
    flow: bool
    entries: list[Entry]
    start: int
    end: int
    anchor: str = ""
    broken: frozenset[int] = frozenset()
    hang: int | None = 1
    """Columns from the opening bracket to a broken line: 1 below the first member, 0 below the bracket; None for two
    columns in from the line that the bracket is on."""


@dataclass
class Text:
    """A whole file: what stands above the first entry, and the root."""

    head: list[str]
    root: Scalar | Collection
    flush: bool
    """Whether lists stand flush with their keys, as the first one does, rather than two spaces in."""


def read_text(text: str) -> Text:
    """The text as a tree. It is known to be one readable YAML document."""
    import yaml

    reader = _Reader(text, yaml.parse(text, Loader=yaml_loader()))
    return reader.read()


class _Reader:
    def __init__(self, text: str, events: Iterator[Any]) -> None:
        self.text, self.events = text, events
        self.lines = line_starts(text)
        self.scalars: list[Scalar] = []
        self.entries: list[tuple[Entry, int]] = []  # of block collections, in the order of the text, with their columns

    def read(self) -> Text:
        next(self.events)
        next(self.events)
        root = self.value(next(self.events))
        comments = list(self.comments())
        self.open_up(root, [at for at, _ in comments])
        self.collect(root)
        return Text(self.attach(root, comments), root, self.flush(root) is True)

    # --- nodes

    def value(self, event: Any) -> Scalar | Collection:
        import yaml

        start, end = event.start_mark.index, event.end_mark.index
        anchor = f"&{event.anchor} " if getattr(event, "anchor", None) else ""
        if isinstance(event, yaml.AliasEvent):
            scalar = Scalar("", "*", self.text[start:end], start, end)
        elif isinstance(event, yaml.ScalarEvent):
            while anchor and self.text[start] != (event.style or event.value[:1]):
                start += 1
            scalar = Scalar(event.value, event.style or "", self.text[start:end], start, end, anchor)
        else:
            return self.collection(event, start, anchor)
        self.scalars.append(scalar)
        return scalar

    def collection(self, event: Any, start: int, anchor: str) -> Collection:
        import yaml

        mapping = isinstance(event, yaml.MappingStartEvent)
        ending = yaml.MappingEndEvent if mapping else yaml.SequenceEndEvent
        entries: list[Entry] = []
        while not isinstance(event := next(self.events), ending):
            first = self.value(event)
            if mapping:
                assert isinstance(first, Scalar)
                value = self.value(next(self.events))
                below = isinstance(value, Collection) and value.flow and self.line(value.start) > self.line(first.start)
                entries.append(Entry(first, value, _start(event), below))
            else:
                entries.append(Entry(None, first, _start(event)))
        flow = self.text[_start(event) : _end(event)] in ("}", "]")
        starts = [entry.start for entry in entries] if flow else []
        broken = frozenset(n for n, at in enumerate(starts) if self.line(at) > self.line(self.before(at)))
        hangs = {self.column(entries[index].start) - self.column(start) for index in broken if index}
        hang = hangs.pop() if hangs in ({0}, {1}) else None
        return Collection(mapping, flow, entries, start, _end(event), anchor, broken, hang)

    def line(self, index: int) -> int:
        return bisect_right(self.lines, index)

    def before(self, index: int) -> int:
        """The last character before `index` that is not white space."""
        while index and self.text[index - 1] in " \n":
            index -= 1
        return max(index - 1, 0)

    # --- comments

    def comments(self) -> Iterator[tuple[int, str]]:
        """Every comment, and "" for every blank line, with where it stands."""
        covered = sorted((scalar.start, scalar.end) for scalar in self.scalars)
        starts = [start for start, _ in covered]
        for found in _COMMENT.finditer(self.text):
            at = found.start("comment") if found["comment"] else found.start()
            index = bisect_right(starts, at) - 1
            if index >= 0 and at < covered[index][1] and not self.in_header(covered[index][0], at):
                continue
            yield at, found["comment"].rstrip() if found["comment"] else ""

    def in_header(self, start: int, at: int) -> bool:
        """Whether a comment stands behind the | or > of a block, on its line."""
        return self.text[start] in "|>" and self.line(start) == self.line(at) and self.text[at : at + 1] == "#"

    def open_up(self, node: Scalar | Collection, comments: list[int]) -> None:
        """Brackets with comments inside are written as a block, where a comment has a line to stand on."""
        if isinstance(node, Collection):
            first = bisect_right(comments, node.start)
            if node.flow and node.entries and first < len(comments) and comments[first] < node.end:
                real = any(self.text[at : at + 1] == "#" for at in comments[first:] if at < node.end)
                node.flow = not real
            for entry in node.entries:
                self.open_up(entry.value, comments)

    def collect(self, node: Scalar | Collection, column: int = 0) -> None:
        """The entries of blocks, outermost first where several begin at one place."""
        if isinstance(node, Collection) and not node.flow:
            for entry in node.entries:
                start = entry.start if node.mapping else self.dash(entry.start)
                self.entries.append((entry, self.column(start)))
                entry.start = start
                self.collect(entry.value)

    def flush(self, node: Scalar | Collection) -> bool | None:
        """Whether the first list under a key stands flush with the key; None where there is no such list."""
        for entry in node.entries if isinstance(node, Collection) and not node.flow else ():
            value = entry.value
            if isinstance(value, Collection) and not value.flow and not value.mapping and entry.key is not None:
                if value.entries:
                    return self.column(value.entries[0].start) <= self.column(entry.key.start)
            elif (found := self.flush(value)) is not None:
                return found
        return None

    def column(self, index: int) -> int:
        return index - self.lines[self.line(index) - 1]

    def dash(self, index: int) -> int:
        """Where the dash of a list's member stands; the member itself where it came from brackets."""
        line = self.lines[self.line(index) - 1]
        before = self.text[line:index]
        if before.strip(" -") == "" and "-" in before:
            return line + before.rindex("-")
        return index

    def attach(self, root: Scalar | Collection, comments: list[tuple[int, str]]) -> list[str]:
        """Give every comment to an entry; the head of the file is what is left."""
        head: list[str] = []
        starts = [entry.start for entry, _ in self.entries]
        for at, comment in comments:
            line = self.lines[self.line(at) - 1]
            own_line = not self.text[line:at].strip()
            following = bisect_right(starts, at)
            if not own_line:
                self.entry_on(following, at).tail = comment if following else ""
                if not following:
                    head.append(comment)
            elif following == 0:
                head.append(comment)
            elif following < len(self.entries) and (not comment or at - line <= self.entries[following][1]):
                self.outermost(following).lead.append(comment)
            elif comment:
                self.owner(following, at - line).foot.append(comment)
        return head

    def entry_on(self, following: int, at: int) -> Entry:
        """The entry whose line a comment ends."""
        return self.entries[max(following - 1, 0)][0]

    def outermost(self, index: int) -> Entry:
        """The first of the entries that begin at one place or, as `- key: value` does, on one line."""
        return self.entries[index][0]

    def owner(self, following: int, column: int) -> Entry:
        """The last entry above that is not deeper than a comment that ends something."""
        for entry, at in reversed(self.entries[:following]):
            if at <= column:
                return entry
        return self.entries[0][0]


_COMMENT = re.compile(r"(?m)^[ \t]*\n|(?:^|(?<=[ \t]))(?P<comment>#[^\n]*)")


def _start(event: Any) -> int:
    return int(event.start_mark.index)


def _end(event: Any) -> int:
    return int(event.end_mark.index)


def comments_of(text: str) -> list[str]:
    """Every comment of a text that is known to be one readable YAML document."""
    import yaml

    reader = _Reader(text, yaml.parse(text, Loader=yaml_loader()))
    next(reader.events)
    next(reader.events)
    reader.value(next(reader.events))
    return [comment for _, comment in reader.comments() if comment]
