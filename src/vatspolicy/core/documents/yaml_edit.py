"""Edits of a YAML text in place: everything else stays byte for byte.

The caller reads the text again and compares the data: an alias, for one, changes wherever it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import yaml
from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from vatspolicy.core.documents.document import Path
from vatspolicy.core.documents.yaml_tree import YamlCollection
from vatspolicy.core.documents.yaml_writer import Comment, build_tree, write_block, write_inline


def set_value(text: str, path: Path, value: Any, comment: Comment | None = None, flow: bool = False) -> str:
    """Return the text with a value at a path, whether or not there was one; missing mappings are added.

    `flow`: the value stands in brackets on the line of its key, however long it is.

    Raises:
        ValueError: The text is empty, or the path leads to a member that a list does not have.
    """
    nodes, column = _find(text, path)
    node, depth = nodes[-1], len(nodes) - 1
    rest = path[depth:]
    in_flow = any(isinstance(node, CollectionNode) and node.flow_style for node in nodes[:-1])
    if not rest or _is_empty(node):
        return _replace(text, node, build_tree(_nest(rest, value), comment, path[:depth], in_flow or flow), column + 2)
    if not isinstance(node, MappingNode):
        raise ValueError("a list is answered whole")
    if node.flow_style:
        pair = write_inline(build_tree({rest[0]: _nest(rest[1:], value)}, flow=True))
        return _insert(text, node.value[-1][1].end_mark.index, f", {pair[1:-1]}")
    tree = build_tree({rest[0]: _nest(rest[1:], value)}, comment, path[:depth])
    if flow:
        owner = tree
        for _ in rest[1:]:
            assert isinstance(owner, YamlCollection)
            owner = owner.entries[0].value
        assert isinstance(owner, YamlCollection)
        owner.entries[0].value = build_tree(value, flow=True)
    return _insert_lines(text, _end(text, node), write_block(tree, node.value[0][0].start_mark.column))


def append_items(text: str, path: Path, items: Sequence[Mapping[str, Any]]) -> str:
    """Return the text with more members at the end of the list at a path; the list may be absent or null.

    Raises:
        ValueError: The text is empty, or something other than a list is there.
    """
    nodes, _ = _find(text, path)
    node = nodes[-1]
    if len(nodes) <= len(path) or _is_empty(node):
        return set_value(text, path, list(items))
    if not isinstance(node, SequenceNode):
        raise ValueError("this is not a list")
    if node.flow_style:
        members = write_inline(build_tree(list(items), flow=True))
        return _insert(text, node.value[-1].end_mark.index, f", {members[1:-1]}")
    return _insert_lines(
        text, _end(text, node), write_block(build_tree(list(items), None, path), node.start_mark.column)
    )


def find_text(text: str, path: Path) -> str | None:
    """Return the text at a path; None if there is nothing, null or a collection."""
    nodes, _ = _find(text, path)
    node = nodes[-1]
    is_text = isinstance(node, ScalarNode) and len(nodes) > len(path) and not _is_empty(node)
    return str(node.value) if is_text else None


# --- nodes


def _find(text: str, path: Path) -> tuple[list[Node], int]:
    """Return the existing nodes along a path, and the column of the lines of the last node."""
    root = compose(text)
    if root is None:
        raise ValueError("there is no document in this text")
    nodes, column = [root], -2
    for step in path:
        node = nodes[-1]
        if isinstance(node, MappingNode) and isinstance(step, str):
            pair = next(((key, value) for key, value in node.value if key.value == step), None)
            if pair is None:
                break
            column = pair[0].start_mark.column
            nodes.append(pair[1])
        elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            nodes.append(node.value[step])
            column = nodes[-1].start_mark.column - 2
        else:
            break
    return nodes, column


@lru_cache(maxsize=1)
def compose(text: str) -> Node | None:
    """Return the root node of a text. Nothing changes nodes, and an edit looks several times at one text."""
    root: Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    return root


def _is_empty(node: Node) -> bool:
    """Return True for null, {} and []."""
    if isinstance(node, ScalarNode):
        return bool(node.tag == "tag:yaml.org,2002:null")
    return not node.value


def _end(text: str, node: Node) -> int:
    """Return the index after the last character of a node, before following space and comments."""
    if isinstance(node, MappingNode) and not node.flow_style and node.value:
        key, value = node.value[-1]
        return max(_end(text, value), int(key.end_mark.index) + 1)
    if isinstance(node, SequenceNode) and not node.flow_style and node.value:
        return _end(text, node.value[-1])
    start, end = node.start_mark.index, int(node.end_mark.index)
    if isinstance(node, ScalarNode) and node.style in ("|", ">"):
        keeps_breaks = "+" in text[start : text.find("\n", start)].partition("#")[0]
        return end - 1 if keeps_breaks else len(text[:end].rstrip())
    return end


def _nest(steps: Path, value: Any) -> Any:
    for step in reversed(steps):
        if isinstance(step, int) and step != 0:
            raise ValueError("a list is answered whole")
        value = [value] if isinstance(step, int) else {step: value}
    return value


# --- text


def _replace(text: str, node: Node, tree: Any, column: int) -> str:
    """Replace a node with a value: on the line of its key, or on lines below it."""
    start, end = node.start_mark.index, _end(text, node)
    if isinstance(tree, YamlCollection) and not tree.flow:
        before = text[:start].rstrip(" \n")
        return _insert_lines(before + text[end:], len(before), write_block(tree, column))
    if isinstance(node, CollectionNode) and text[:start].rstrip().endswith(":"):
        start = len(text[:start].rstrip())  # the members of the old value were below the key
    space = "" if text[:start][-1:] in ("", " ", "[", "{") else " "
    return f"{text[:start]}{space}{write_inline(tree)}{text[end:]}"


def _insert(text: str, at: int, more: str) -> str:
    return text[:at] + more + text[at:]


def _insert_lines(text: str, at: int, lines: Sequence[str]) -> str:
    """Insert lines below the line that contains a character."""
    end = text.find("\n", at)
    head, tail = (text, "") if end < 0 else (text[:end], text[end + 1 :])
    return "\n".join([head, *lines, tail] if head else [*lines, tail])
