"""What must hold before an expression can be true: one fact, and the values of which it has to have one.

Most rules speak of one class, one feature or one kind of operator. A trigger says so, and lets a decision pass over
rules that can only be false, without asking them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from vatspolicy.expression.tree import And, Compare, Fact, In, Literal, Node, Not, Or, Param, Quantifier, Term
from vatspolicy.expression.types import Bool

MEMBERS = "*"
"""A step of a path: the members of a list."""

Path = tuple[str, ...]
"""A variable, then the fields read from it."""


@dataclass(frozen=True)
class Trigger:
    """An expression is false unless the fact is missing, is one of the values, or is a list that has one of them."""

    path: Path
    values: tuple[Any, ...] = ()
    params: tuple[str, ...] = ()
    """Parameters (policy/name) whose members are among the values."""
    any: bool = False
    """Whether every member of the list will do, so that it only may not be empty."""

    def on(self, params: Mapping[str, Any]) -> tuple[Any, ...]:
        """The values on a day, by the parameter values of that day."""
        return (*self.values, *(value for key in self.params for value in params[key]))


def trigger(node: Node) -> Trigger | None:
    """The most telling trigger of a boolean expression; None when it has none."""
    return _trigger(node, {})


def _trigger(node: Node, bound: Mapping[str, Path]) -> Trigger | None:
    """`bound`: the paths of variables of the quantifiers around the node."""
    match node:
        case Term(body=body):
            return _trigger(body, {})  # a term does not see the variables around it
        case Fact(type=Bool()):
            return Trigger(_path(node, bound), (True,))
        case Not(body=Fact(type=Bool()) as fact):
            return Trigger(_path(fact, bound), (False,))
        case Compare(op="==", left=Fact() as fact, right=Literal(value=value)):
            return Trigger(_path(fact, bound), (value,))
        case Compare(op="==", left=Literal(value=value), right=Fact() as fact):
            return Trigger(_path(fact, bound), (value,))
        case In(item=Fact() as fact, list=Literal(value=values)):
            return Trigger(_path(fact, bound), tuple(values))
        case In(item=Fact() as fact, list=Param(key=key)):
            return Trigger(_path(fact, bound), params=(key,))
        case In(item=Literal(value=value), list=Fact() as fact):
            return Trigger(_path(fact, bound), (value,))
        case Quantifier(kind="exists", variable=variable, list=Fact() as fact, body=body):
            path = _path(fact, bound)
            members = (*path, MEMBERS)
            inner = _trigger(body, {**bound, variable: members})
            # where the list is missing, the expression is unknown: only what looks at the list sees that
            if inner is None or inner.path[: len(members)] != members:
                return Trigger(path, any=True)
            return replace(inner, path=path) if inner.path == members else inner  # a list is looked at by its members
        case And(parts=parts):
            return min(filter(None, (_trigger(part, bound) for part in parts)), key=_breadth, default=None)
        case Or(parts=parts):
            return _union([_trigger(part, bound) for part in parts])
    return None


def _path(fact: Fact, bound: Mapping[str, Path]) -> Path:
    return (*bound.get(fact.root, (fact.root,)), *fact.names)


def _breadth(found: Trigger) -> tuple[bool, int]:
    """The fewer values, the more telling; truths are true of half of the world, and parameters are lists."""
    truths = 20 * sum(isinstance(value, bool) for value in found.values)
    return found.any, len(found.values) + truths + 8 * len(found.params)


def _union(found: Iterable[Trigger | None]) -> Trigger | None:
    """What one of several needs, where all look at the same fact."""
    parts = [part for part in found if part is not None]
    if len(parts) != len(list(found)) or len({part.path for part in parts}) != 1 or any(part.any for part in parts):
        return None
    return Trigger(
        parts[0].path,
        tuple(value for part in parts for value in part.values),
        tuple(key for part in parts for key in part.params),
    )


class Index:
    """Triggers of many things in an order, for finding those that a set of variables may set off."""

    def __init__(self, triggers: Iterable[Trigger | None], params: Mapping[str, Any]) -> None:
        self._always: list[int] = []
        self._by_path: dict[Path, tuple[dict[Any, list[int]], list[int], list[int]]] = {}
        for index, found in enumerate(triggers):
            if found is None:
                self._always.append(index)
                continue
            by_value, on_any, everything = self._by_path.setdefault(found.path, ({}, [], []))
            everything.append(index)
            if found.any:
                on_any.append(index)
            for value in dict.fromkeys(found.on(params)):
                by_value.setdefault(value, []).append(index)

    def find(self, env: Mapping[str, Any]) -> list[int]:
        """Places, in order, of all that may be other than false."""
        found = set(self._always)
        for path, (by_value, on_any, everything) in self._by_path.items():
            values: list[Any] = []
            if not _collect(env, path, 0, values):
                found.update(everything)
                continue
            if on_any and values:
                found.update(on_any)
            if by_value:
                for value in values:
                    found.update(by_value.get(value, ()))
        return sorted(found)


def _collect(value: Any, path: Path, step: int, values: list[Any]) -> bool:
    """Gather what stands at a path, members of lists one by one; False when a part of it is missing."""
    for place in range(step, len(path)):
        name = path[place]
        if name == MEMBERS:
            return all(_collect(member, path, place + 1, values) for member in value)
        value = value.get(name)
        if value is None:
            return False
    values.extend(value) if isinstance(value, list) else values.append(value)
    return True
