"""Where a place of a text is in the data: its path, and the key or value around it.

The text may be unfinished. A mark is put in at the place, and the events of the YAML parser are followed as far as
they go; the event that holds the mark tells the path. JSON is read in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from vatspolicy.core.documents import Path
from vatspolicy.language_server.text import Text

MARK = "\ue000"
"""A character of no alphabet, which YAML allows everywhere."""
_PARTIAL_KEY = re.compile(r"\s*(?:- +)*[\w.-]*")
_MOST_EVENTS = 60_000


@dataclass(frozen=True)
class Sketch:
    """The place of a cursor in data that may be unfinished."""

    path: Path
    """Path of the value, or of the value of the key."""
    on_key: bool
    text: str
    """The key or the value, without the mark."""
    offset: int
    """Characters of it before the cursor."""
    scalars: Mapping[Path, str] = field(repr=False)
    """Every scalar of the text by its path, as far as the text could be read."""

    def keys(self, path: Path) -> list[str]:
        """Return the keys of the mapping at a path."""
        size = len(path)
        found = (one[size] for one in self.scalars if len(one) > size and one[:size] == path)
        return list(dict.fromkeys(key for key in found if isinstance(key, str)))


def find_places(text: Text, index: int) -> list[Sketch]:
    """Return what the place may be: a key that is being written, a value, or both; none in a comment."""
    if _in_comment(text.line_before(index)):
        return []
    content = text.content
    marked = [content[:index] + MARK + content[index:]]
    if _PARTIAL_KEY.fullmatch(text.line_before(index)) and not text.line_after(index).strip():
        marked.insert(0, f"{content[:index]}{MARK}: 0{content[index:]}")
    found = [one for one in map(_read, marked) if one is not None]
    if not found:
        found = [one for one in (_read(_ancestors(one)) for one in marked) if one is not None]
    return list({(one.path, one.on_key): one for one in found}.values())


def _in_comment(line: str) -> bool:
    return re.search(r"(?:^|\s)#", re.sub(r"'[^']*'|\"[^\"]*\"", "", line)) is not None


def _read(marked: str) -> Sketch | None:
    scalars: dict[Path, str] = {}
    place: tuple[Path, bool, str] | None = None
    for path, on_key, value in _scalars(marked):
        if MARK in value and place is None:
            place = path, on_key, value
        if not on_key:
            scalars[path] = value.replace(MARK, "")
    if place is None:
        return None
    path, on_key, value = place
    text = value.replace(MARK, "", 1)
    if on_key:
        path = (*path[:-1], text)
    return Sketch(path, on_key, text, value.index(MARK), {one: said for one, said in scalars.items() if _clean(one)})


def _clean(path: Path) -> bool:
    return not any(isinstance(step, str) and MARK in step for step in path)


def _scalars(marked: str) -> Iterator[tuple[Path, bool, str]]:
    """Yield path, whether it is a key, and value of every scalar, up to the first error."""
    import yaml

    from vatspolicy.core.documents.yaml_reader import yaml_loader

    stack: list[tuple[Path, str | int | None]] = []
    """Open containers: path, and the next index of a list, the key of a mapping that waits for its value, or None."""
    try:
        for count, event in enumerate(yaml.parse(marked, Loader=yaml_loader())):
            if count > _MOST_EVENTS:
                return
            if isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
                stack.pop()
                continue
            if not isinstance(event, yaml.ScalarEvent | yaml.AliasEvent | yaml.CollectionStartEvent):
                continue
            path, step = stack[-1] if stack else ((), None)
            if stack and step is None:  # a key
                key = event.value if isinstance(event, yaml.ScalarEvent) else ""
                stack[-1] = path, key
                yield (*path, key), True, key
                continue
            here: Path = () if step is None else (*path, step)
            if stack:
                stack[-1] = path, step + 1 if isinstance(step, int) else None
            if isinstance(event, yaml.ScalarEvent):
                yield here, False, event.value
            elif isinstance(event, yaml.CollectionStartEvent):
                stack.append((here, 0 if isinstance(event, yaml.SequenceStartEvent) else None))
    except (yaml.YAMLError, ValueError, OverflowError, IndexError):
        return


def _ancestors(marked: str) -> str:
    """Return the line of the mark with the lines above that hold it, which can be read if others cannot."""
    lines = marked.split("\n")
    at = next(number for number, line in enumerate(lines) if MARK in line)
    kept, inner = [lines[at]], lines[at]
    for line in reversed(lines[:at]):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        above, below = _indent(line), _indent(inner)
        is_list = inner.lstrip().startswith("- ") and not line.lstrip().startswith("- ") and line.rstrip().endswith(":")
        if above < below or (above == below and is_list):
            kept.append(line)
            inner = line
    return "\n".join(reversed(kept))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
