"""Documents: data with the line and column of every value."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from vatspolicy.core.documents.positions import characters, line_starts, position
from vatspolicy.errors import LONGEST_NAME, Problem, point
from vatspolicy.frozen import ValueObject, frozen

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
Scalar: TypeAlias = str | int | float | bool | None
_PART = re.compile(r"[a-z0-9-]+")
_ENDINGS = (".yaml", ".yml", ".json")


@dataclass(slots=True)
class DocumentNode:
    """A value with its place in the text. The two indexes differ if the value has an anchor or is an alias."""

    value: Scalar | dict[str, DocumentNode] | list[DocumentNode]
    start: int
    text_start: int
    style: str = ""  # "" plain, ' or " quoted, | or > block
    keys: dict[str, int] | None = None
    size: int = 1
    height: int = 0

    def child(self, step: str | int) -> DocumentNode | None:
        """Return the value under a key or an index, or None."""
        if isinstance(self.value, dict) and isinstance(step, str):
            return self.value.get(step)
        if isinstance(self.value, list) and isinstance(step, int) and 0 <= step < len(self.value):
            return self.value[step]
        return None

    def data(self) -> Any:
        """Return the value as dicts, lists and scalars; each alias becomes a copy."""
        if isinstance(self.value, dict):
            return {key: child.data() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.data() for child in self.value]
        return self.value


@frozen()
class Document(ValueObject):
    """One file as data. `data` is dicts, lists, str, int, float, bool and None; lines and columns count from 1."""

    file: str
    data: Any = field(repr=False)
    text: str = field(repr=False, compare=False)
    tree: DocumentNode | Callable[[], DocumentNode] = field(repr=False, compare=False)
    """The values with their places, or a function that computes them from the text on first use."""
    valid_for: object = field(default=None, init=False, repr=False, compare=False)
    """The validator that has accepted the data of this profile, or None."""

    @cached_property
    def root(self) -> DocumentNode:
        """The values with their places."""
        return self.tree if isinstance(self.tree, DocumentNode) else self.tree()

    def mark(self, path: Path, key: bool = False) -> tuple[int, int]:
        """(line, column) of the value at `path`, or of its key; of the nearest parent that exists otherwise."""
        nodes = self.nodes(path)
        if key and path and len(nodes) > len(path):
            keys, last = nodes[-2].keys, path[-1]
            if keys is not None and isinstance(last, str):
                return self._position(keys[last])
        return self._position(nodes[-1].start)

    def locate(self, path: Path, offset: int) -> tuple[int, int]:
        """(line, column) of character `offset` (from 0; the length is allowed) of the text at `path`.

        Exact for every way YAML and JSON can write a text; the start of the scalar if `offset` is outside it.
        """
        nodes = self.nodes(path)
        node, value = nodes[-1], nodes[-1].value
        if len(nodes) <= len(path) or isinstance(value, dict | list):
            return self._position(node.start)
        if not isinstance(value, str):
            return self._position(node.text_start + offset)
        places = self._characters(node, value)
        return self._position(places[offset] if 0 <= offset < len(places) else node.start)

    def characters(self, path: Path) -> list[int]:
        """Return the index of each character of the text at `path`, and of the end.

        Empty if there is not a text.
        """
        nodes = self.nodes(path)
        value = nodes[-1].value
        return self._characters(nodes[-1], value) if len(nodes) > len(path) and isinstance(value, str) else []

    def _characters(self, node: DocumentNode, value: str) -> list[int]:
        """Return the positions of the characters of a scalar; empty if they cannot be determined."""
        read = list(islice(characters(self.text, node.text_start, node.style, value), len(value)))
        if "".join(char for char, _ in read) != value:
            return []
        places = [at for _, at in read]
        places.append(places[-1] + 1 if places else node.text_start + (node.style in ("'", '"')))
        return places

    def source_line(self, line: int) -> str:
        """Return the text of a line without its line break; empty outside the file."""
        if not 1 <= line <= len(self._lines):
            return ""
        end = self._lines[line] - 1 if line < len(self._lines) else None
        return self.text[self._lines[line - 1] : end]

    def problem(self, path: Path, message: str, hint: str = "", key: bool = False) -> Problem:
        """Return a problem with the value (or the key) at `path`."""
        line, column = self.mark(path, key)
        return Problem(self.file, line, column, format_path(path), message, hint)

    def problem_within(self, path: Path, offset: int, length: int, message: str, hint: str = "") -> Problem:
        """Return a problem with `length` characters from `offset` of the text at `path`.

        The excerpt shows the source line: for expressions of a policy, never for a value of a profile.
        """
        line, column = self.locate(path, offset)
        excerpt = point(self.source_line(line), column, length)
        return Problem(self.file, line, column, format_path(path), message, hint, excerpt)

    @cached_property
    def _lines(self) -> list[int]:
        return line_starts(self.text)

    def _position(self, index: int) -> tuple[int, int]:
        return position(self._lines, index)

    def nodes(self, path: Path) -> list[DocumentNode]:
        """Return the root and the nodes along `path`, as far as they exist."""
        nodes = [self.root]
        for step in path:
            child = nodes[-1].child(step)
            if child is None:
                break
            nodes.append(child)
        return nodes


def split_part(spec: str) -> tuple[str, str]:
    """Return the file of a spec, and its part of a launch as in `launch.yaml#sales`, or an empty text."""
    file, sign, part = spec.rpartition("#")
    is_part = sign and _PART.fullmatch(part) and (file == "<stdin>" or file.lower().endswith(_ENDINGS))
    return (file, part) if is_part else (spec, "")


def split_path(dotted: str) -> Path:
    """Return the path of a fact that is written with dots, such as `services.0.kind`."""
    return tuple(int(step) if step.isascii() and step.isdigit() else step for step in dotted.split("."))


def format_path(path: Path) -> str:
    """`("services", 0, "kind")` as `services[0].kind`; keys that are not plain words as `["a b"]`.

    A key of more than LONGEST_NAME characters is cut.
    """
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
            continue
        if len(step) > LONGEST_NAME:
            step = step[:LONGEST_NAME] + "…"
        if step.replace("-", "_").replace("_", "w").isalnum():
            text += f".{step}" if text else step
        else:
            import json

            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text
