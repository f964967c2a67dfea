"""A sieve as one Python function, generated for the facts and the parts that its conjunctions ask.

What `Sieve` does step by step, without its loops: a field is read once, whoever asks it. To compile it takes as long as
some hundred decisions save by it, so that a sieve is fused when it has been asked often enough.

Nothing of a policy's text reaches the generated source except names of variables and fields, and those by `repr`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from vatspolicy.expression.kleene import Env
from vatspolicy.expression.scope import Scope

Found = tuple[list[int], int]
"""Places of the conjunctions that are not false, in order; as bits, those that are unknown."""


def fuse(
    everything: int, stages: Sequence[Any], whole: Sequence[Any], places: Callable[[int], list[int]]
) -> Callable[[Env], Found]:
    """The function. `stages` and `whole` as `Sieve` has them; `everything` has a bit for each conjunction."""
    source, names = write(stages, whole)
    scope = {"Scope": Scope, "places": places, "all": everything, "type": type, "KeyError": KeyError, **names}
    exec(compile(source, "<fused>", "exec"), scope)
    found: Callable[[Env], Found] = scope["find"]
    return found


def write(stages: Sequence[Any], whole: Sequence[Any]) -> tuple[str, dict[str, Any]]:
    """The source of the function, and what its names c0, c1 … stand for."""
    writer = _Writer()
    return "\n".join(writer.function(stages, whole)), {"__builtins__": {}, **writer.names}


class _Writer:
    def __init__(self) -> None:
        self.names: dict[str, Any] = {}

    def name(self, value: Any) -> str:
        """A name for a value that is no text."""
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name

    def function(self, stages: Sequence[Any], whole: Sequence[Any]) -> Iterator[str]:
        own = max((level for _, level, _ in stages), default=0)
        yield "def find(v):"
        yield " k0, k1, k2 = v.known if type(v) is Scope else ({}, {}, {})"
        yield " false = unknown = 0"
        for key, level, owners in stages:
            yield from self.stage(key, level, owners, shared=level < own)
        yield " left = all & ~false"
        for asking, function, want, exact, level in whole:
            yield from self.whole(self.name(asking), self.name(function), want, self.name(exact), level, level < own)
        yield " return places(left), unknown & left"

    def stage(self, key: object, level: int, owners: Sequence[Any], shared: bool) -> Iterator[str]:
        """What the variables of one level rule out: kept with them, where several subjects share them."""
        place = f"k{level}[{self.name(key)}]"
        pad = "  " if shared else " "
        if shared:
            yield f" found = k{level}.get({self.name(key)})"
            yield " if found is None:"
        yield f"{pad}f = u = 0"
        for owner in owners:
            yield from (pad + line for line in self.owner(*owner))
        if shared:
            yield f"  found = {place} = f, u"
            yield " f, u = found"
        yield " false |= f"
        yield " unknown |= u"

    def owner(self, path: Sequence[str], asking: int, values: Sequence[Any], lists: Sequence[Any]) -> Iterator[str]:
        """What the fields of one object rule out."""
        yield f"o = v.get({path[0]!r})"
        yield from (f"if o is not None: o = o.get({name!r})" for name in path[1:])
        yield f"if o is None: u |= {self.name(asking)}"
        yield "else:"
        yield " get = o.get"
        for name, concerned, answers in values:
            yield f" x = get({name!r})"
            yield f" if x is None: u |= {self.name(concerned)}"
            yield f" else: f |= {self.name(answers)}[x]"
        for name, ways in groupby(sorted(lists, key=lambda entry: str(entry[0])), key=lambda entry: entry[0]):
            yield f" x = get({name!r})"
            yield from self.members(list(ways))

    def members(self, ways: Sequence[Any]) -> Iterator[str]:
        """What the members of one list rule out."""
        asking = 0
        for _, concerned, _, _ in ways:
            asking |= concerned
        some = [(f"h{turn}", self.name(concerned)) for turn, (_, concerned, _, is_some) in enumerate(ways) if is_some]
        yield f" if x is None: u |= {self.name(asking)}"
        yield " else:"
        yield from (f"  {found} = 0" for found, _ in some)
        yield "  for m in x:"
        for turn, (_, _, answers, is_some) in enumerate(ways):
            yield f"   {f'h{turn}' if is_some else 'f'} |= {self.name(answers)}[m]"
        yield from (f"  f |= {concerned} & ~{found}" for found, concerned in some)

    def whole(self, asking: str, function: str, want: bool, exact: str, level: int, shared: bool) -> Iterator[str]:
        """What one part rules out that is asked in full."""
        yield f" if left & {asking}:"
        pad = "  "
        if shared:
            yield f"  x = k{level}.get({function})"
            yield "  if x is None:"
            pad = "   "
        yield f"{pad}try: x = {function}(v)"
        yield f"{pad}except KeyError: x = {exact}(v)"
        if shared:
            yield f"   k{level}[{function}] = x"
        yield f"  if x is not {want}:"
        yield f"   if x is {not want}: left &= ~{asking}"
        yield f"   else: unknown |= {asking}"
