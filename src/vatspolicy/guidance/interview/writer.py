"""Facts written into the text of a profile, each under its question, so that everything else stays where it stands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from vatspolicy.documents import Path
from vatspolicy.profile.vocabulary import Language, describe

Comment = Callable[[Path], str]
"""The question of a fact; empty for what is no fact of its own."""

_HEAD = {
    "en": "# A fact that is left out is unknown: it is never guessed. A list that is present is complete.",
    "zh": "# 未填写的事实视为未知，不作推定；已填写的列表视为完整。",
}


def comments(lang: Language) -> Comment:
    """The comment above each fact: its question, or its title where the schema has no question."""

    def comment(path: Path) -> str:
        node = describe(path)
        if "x-question" in node:
            return str(node["x-question"][lang])
        is_fact = len(path) > 1 and node.get("type") != "object"
        return str(node.get("x-title-zh" if lang == "zh" else "title", "")) if is_fact else ""

    return comment


def render(data: Mapping[str, Any], lang: Language) -> str:
    """A whole profile."""
    comment = comments(lang)
    lines = [line for key, value in data.items() for line in _block((key,), value, 0, comment)]
    return "\n".join([_HEAD[lang], *lines]) + "\n"


def write_fact(text: str, path: Path, value: Any, comment: Comment) -> str:
    """The text of a profile with one more fact, or with one for a null; comments and order stay.

    Knows block and flow style. The caller must read the text again and compare: an alias, for one, is written twice.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is None:
        raise ValueError("there is no profile in this text")
    nodes: list[Node] = [root]
    columns = [-2]
    for step in path:
        found = _child(nodes[-1], step)
        if found is None:
            break
        nodes.append(found[1])
        columns.append(found[0])
    known = len(nodes) - 1
    owner, rest = nodes[-1], path[known:]
    flowing = any(isinstance(node, MappingNode | SequenceNode) and node.flow_style for node in nodes[:-1])
    if (
        isinstance(owner, ScalarNode) and rest and not _is_null(owner)
    ):  # a place: `beijing` is short for `{at: beijing}`
        return _replace(text, owner, _flow({"at": owner.value} | _nest(rest, value)))
    if not rest or _is_empty(owner):
        whole = _nest(rest, value)
        if flowing or not _needs_lines(whole):
            return _replace(text, owner, _flow(whole))
        lines = _members(path[:known], whole, columns[-1] + 2, comment)
        return _replace_by_lines(text, owner, lines)
    if not isinstance(owner, MappingNode):
        raise ValueError("a list is answered whole")
    if flowing or owner.flow_style:
        end = owner.value[-1][1].end_mark.index
        inner = json.dumps(rest[0]) if not str(rest[0]).isidentifier() else str(rest[0])
        return f"{text[:end]}, {inner}: {_flow(_nest(rest[1:], value))}{text[end:]}"
    column = owner.value[0][0].start_mark.column
    lines = list(_block((*path[:known], rest[0]), _nest(rest[1:], value), column, comment))
    return _insert_lines(text, _end(owner), lines)


# --- nodes


def _child(node: Node, step: str | int) -> tuple[int, Node] | None:
    """The node under a key or an index, with the column where the lines of its parent begin."""
    if isinstance(node, MappingNode) and isinstance(step, str):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.column, value
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.column - 2, node.value[step]
    return None


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and bool(node.tag == "tag:yaml.org,2002:null")


def _is_empty(node: Node) -> bool:
    return _is_null(node) or (isinstance(node, MappingNode | SequenceNode) and not node.value)


def _end(node: Node) -> int:
    """Where the last written character of a node stands, not counting the space and the comments after it."""
    if isinstance(node, MappingNode) and not node.flow_style and node.value:
        key, value = node.value[-1]
        return max(_end(value), int(key.end_mark.index) + 1)
    if isinstance(node, SequenceNode) and not node.flow_style and node.value:
        return _end(node.value[-1])
    return int(node.end_mark.index)


# --- text


def _replace(text: str, node: Node, new: str) -> str:
    start, end = node.start_mark.index, _end(node)
    before = text[:start]
    return f"{before}{'' if before[-1:] in ' [{' else ' '}{new}{text[end:]}"


def _replace_by_lines(text: str, node: Node, lines: Sequence[str]) -> str:
    """Lines below the key in the place of `{}`, `[]` or nothing."""
    start, end = node.start_mark.index, node.end_mark.index
    return _insert_lines(text[:start].rstrip(" ") + text[end:], len(text[:start].rstrip(" ")), lines)


def _insert_lines(text: str, at: int, lines: Sequence[str]) -> str:
    """Lines after the line in which a character stands; after the character before it if that ended its line."""
    if at and text[at - 1] == "\n":  # a block of text ends behind its line break
        at -= 1
    end = text.find("\n", at)
    head, tail = (text, "") if end < 0 else (text[:end], text[end + 1 :])
    return "\n".join([head, *lines, tail])


def _nest(steps: Path, value: Any) -> Any:
    for step in reversed(steps):
        if isinstance(step, int) and step != 0:
            raise ValueError("a list is answered whole")
        value = [value] if isinstance(step, int) else {step: value}
    return value


def _needs_lines(value: Any) -> bool:
    """Whether a value is written in lines of its own, so that what is inside can have its question above it."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict) for one in value))


def _block(path: Path, value: Any, column: int, comment: Comment) -> Iterator[str]:
    """A key and its value in lines."""
    indent = " " * column
    asked = comment(path)
    if asked:
        yield f"{indent}# {asked}"
    if value and _needs_lines(value) and not _is_site(value):
        yield f"{indent}{path[-1]}:"
        yield from _members(path, value, column + 2, comment)
    else:
        yield f"{indent}{path[-1]}: {_flow(value)}"


def _is_site(value: Any) -> bool:
    return isinstance(value, dict) and "at" in value


def _members(path: Path, value: Any, column: int, comment: Comment) -> list[str]:
    """The lines inside a value."""
    if isinstance(value, dict):
        return [line for key, child in value.items() for line in _block((*path, key), child, column, comment)]
    lines: list[str] = []
    for index, child in enumerate(value):
        if not isinstance(child, dict) or not child or _is_site(child):
            lines.append(f"{' ' * column}- {_flow(child)}")
            continue
        inner = [
            line
            for key, one in child.items()
            for line in _block((*path, index, key), one, column + 2, comment if key != "id" else lambda _: "")
        ]
        first = next(position for position, line in enumerate(inner) if not line.lstrip().startswith("#"))
        inner[first] = f"{' ' * column}- {inner[first].lstrip()}"
        lines += inner
    return lines


def _flow(value: Any) -> str:
    """A value on one line, quoted where YAML would read it as something else."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**9, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")
