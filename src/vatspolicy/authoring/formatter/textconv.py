"""The normal text of a policy file for `git diff`: without layout, comments and the author's order of keys.

One fact a line, one clause of an expression a line; each rule, parameter, term and article shows its full name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from vatspolicy.authoring.formatter.key_order import find_order
from vatspolicy.core.documents.plain import Fields, Tree
from vatspolicy.core.documents.scalars import is_number
from vatspolicy.core.documents.yaml_writer import EXPRESSIONS, KeyOrder

_NAMED = ("articles", "instruments", "parameters", "terms")
_TOKEN = re.compile(
    r"[rR]?\"(?:\\.|[^\"\\])*\"|[rR]?'(?:\\.|[^'\\])*'|&&|\|\||[<>=!]=|[<>!+\-*(),\[\]]|[\w.]+|\S", re.DOTALL
)
_BINARY = {"&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "*", "in"}


def normal_text(data: Tree) -> str:
    """Return the normal text of the data of a file. Equal data give equal text."""
    name = data.get("id", "") if isinstance(data, dict) else ""
    return "".join(f"{line}\n" for line in _lines(data, 0, find_order(data), (), str(name)))


def _lines(value: Tree, indent: int, order: KeyOrder, path: tuple[str | int, ...], name: str) -> Iterator[str]:
    pad = " " * indent
    match value:
        case dict() if value:
            for key in _sorted(value, order):
                label = f"  # {path[0][:-1]} {name}/{key}" if len(path) == 1 and path[0] in _NAMED else ""
                yield from _entry(f"{pad}{key}:", label, value[key], indent, order.below(key), (*path, key), name)
        case list() if value:
            for index, member in enumerate(value):
                rows = list(_lines(member, indent + 2, order.below(index), (*path, index), name))
                first = rows[0].lstrip() if rows else ""
                if path == ("rules",) and isinstance(member, dict):
                    first += f"  # rule {name}/{member.get('id')}"
                yield f"{pad}- {first}"
                yield from rows[1:]
        case _:
            yield pad + _scalar(value)


def _entry(
    head: str, label: str, value: Tree, indent: int, order: KeyOrder, path: tuple[str | int, ...], name: str
) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield head + label
        yield from _lines(value, indent + 2, order, path, name)
    elif isinstance(value, str) and (path[-1] in EXPRESSIONS or (len(path) == 2 and path[0] == "terms")):
        yield f"{head} >-{label}"
        yield from (" " * (indent + 2) + row for row in clauses(value))
    else:
        yield f"{head} {_scalar(value)}{label}"


def _sorted(value: Fields, order: KeyOrder) -> list[str]:
    rank = {key: index for index, key in enumerate(order.keys())}
    return sorted(value, key=lambda key: (rank.get(key, len(rank)), key))


def _scalar(value: Tree) -> str:
    """Return a text unchanged, unless it is ambiguous."""
    bare = isinstance(value, str) and value.isprintable() and value == value.strip() and value
    if bare and not (value in ("true", "false", "null") or is_number(value) or value[0] in '[{"'):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def clauses(text: str) -> list[str]:
    """Return an expression with canonical spacing, broken before every && and || outside brackets."""
    rows, depth = [""], 0
    before = ""
    for token in _TOKEN.findall(text):
        depth += (token in ("(", "[")) - (token in (")", "]"))
        if token in ("&&", "||") and depth == 0:
            rows.append(token)
        else:
            rows[-1] += (" " if rows[-1] and _needs_space(before, token) else "") + token
        before = token
    return rows


def _needs_space(before: str, token: str) -> bool:
    """Return True if a space separates two tokens."""
    if token in (")", "]", ",") or before in ("(", "[", "!"):
        return False
    if token == "(":
        return before in _BINARY or before in (",", "-")
    return not (token.startswith(".") or before.endswith("."))
