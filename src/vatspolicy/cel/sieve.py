"""Many conjunctions asked at once of one set of variables.

Each conjunction is a bit of a number, and so is each of its parts that more than one fact, or more than one member of a
list, may answer. For each value that a fact may have, a number tells which conjunctions that value rules out and which
such parts it answers (`answers`). One pass over the facts, not over the conjunctions, leaves the few that may hold;
then what has to be asked in full is asked once, however many share it, and remembered where it reads words only. A
sieve that is asked often becomes one generated function (`fuse`).
"""

from __future__ import annotations

import functools
import operator
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from vatspolicy.cel.activation import Activation
from vatspolicy.cel.answers import Intervals, Words
from vatspolicy.cel.conjunct import ONE, SIZE, SOME, Path, Test
from vatspolicy.cel.fuse import fuse
from vatspolicy.cel.interpreter import Env

WARM = 40
"""How often a sieve is asked before it is fused into one function."""
KEPT = 1_000
"""How many combinations of answers of a list's objects, or of words that a part reads, are remembered."""
UNKNOWN = "unknown"
"""Stands for the answer of a part that lacks a fact."""
Function = Callable[[Env], Any]
"""Takes the variables. True or False; KeyError, or anything else, where a fact is missing."""


@dataclass(frozen=True)
class Way:
    """One fact by which a part may hold, with what it takes to ask it (`conjunct.Alternative`)."""

    way: str
    path: Path
    level: int
    """Whose variables are read."""
    test: Test = ()
    """What is asked of the value, the length or a member, resolved."""
    rows: tuple[Row, ...] = ()
    """For `one` and `none`: conjunctions that objects are asked."""
    variable: str = ""
    """What an object is called in them."""
    function: Function | None = None
    """For `whole`."""
    want: bool = True
    """The answer that is wanted of it."""
    exact: Function | None = field(default=None, compare=False)
    """What to ask where it lacks a fact."""
    words: tuple[tuple[Path, tuple[str, ...] | None], ...] = ()
    """The words that it reads, if words are all (`conjunct.words_read`)."""


Part = tuple[Way, ...]
"""A part of a conjunction, which holds if any of the ways does."""
Row = tuple[Part, ...]
"""A conjunction."""


class Objects:
    """What the objects of a list tell: conjunctions that are asked of each."""

    def __init__(self, variable: str) -> None:
        self.variable = variable
        self.told = Combined()
        self._rows: dict[Row, int] = {}

    def note(self, rows: Iterable[Row], hit: bool, bit: int) -> None:
        """Have a bit told where any of the rows holds of an object (`hit`), or where none holds of any."""
        mask = 0
        for row in rows:
            mask |= 1 << self._rows.setdefault(row, len(self._rows))
        self.told.tests.append((mask, hit, bit))

    @functools.cached_property
    def sieve(self) -> Sieve:
        """Finds the rows that hold of one object."""
        return Sieve(self._rows)

    def ask(self, objects: Iterable[Any], env: Env) -> Told:
        """What the objects tell together."""
        holding = maybe = 0
        inner = dict(env)
        for inner[self.variable] in objects:
            left, unknown = self.sieve.find(inner)
            holding |= left & ~unknown
            maybe |= unknown
        return self.told.find((holding, maybe))


class Combined:
    """What objects tell together, by the rows that hold of some of them, and those that may."""

    def __init__(self) -> None:
        self.tests: list[tuple[int, bool, int]] = []
        """Rows; whether the bit is told where one of them holds, or where none does; the bit."""
        self.kept: dict[tuple[int, int], Told] = {}

    def find(self, found: tuple[int, int]) -> Told:
        """What they tell; it is kept."""
        kept = self.kept.get(found)
        if kept is not None:
            return kept
        holding, maybe = found
        told = lacking = 0
        for rows, hit, bit in self.tests:
            if holding & rows:
                told |= bit if hit else 0
            elif maybe & rows:
                lacking |= bit
            else:
                told |= 0 if hit else bit
        if len(self.kept) > KEPT:
            self.kept.clear()
        self.kept[found] = (told, lacking)
        return told, lacking


class Field:
    """What is asked of one field of an object."""

    def __init__(self, path: Path, is_sized: bool) -> None:
        self.name, self.is_sized, self.asking = path[-1], is_sized, 0
        """`asking`: the bits of all who ask it. `is_sized`: its length is asked, not itself."""
        self.word: Words | None = None
        self.number: Intervals | None = None
        self.members: Words | None = None
        """By each of its members, which are words."""
        self.broken: Words | None = None
        """By each of its members: the bits of parts that hold where every member passes, and this one does not."""
        self.every = 0
        """The bits of such parts."""
        self.objects: Objects | None = None

    def note(self, way: Way, bit: int, alone: bool) -> None:
        """Have a bit told by the field. `alone`: the bit is of a conjunction, and told where it is ruled out."""
        self.asking |= bit
        match way.way:
            case "one" | "none":
                self.objects = self.objects or Objects(way.variable)
                self.objects.note(way.rows, way.way == ONE or alone, bit)
            case "value":
                self.word = Words() if self.word is None else self.word
                self.word.note(way.test, not alone, bit)
            case "number" | "size":
                self.number = Intervals() if self.number is None else self.number
                self.number.note(way.test, not alone, bit)
            case "every" if not alone:
                self.broken = Words() if self.broken is None else self.broken
                self.broken.note(way.test, False, bit)
                self.every |= bit
            case _:
                self.members = Words() if self.members is None else self.members
                self.members.note(way.test, not alone, bit)


Told = tuple[int, int]
"""Bits that facts tell, and those that missing facts may have told."""
Owner = tuple[Path, int, list[Field]]
"""Where an object stands (nowhere: the variables themselves), the bits of all who ask its fields, and the fields."""
Stage = tuple[object, int, list[Owner]]
"""A key of its own, whose variables the objects are of, and the objects."""


class Whole:
    """What is asked in full."""

    def __init__(self, way: Way, function: Function) -> None:
        self.function, self.want, self.exact = function, way.want, way.exact or function
        self.level, self.words = way.level, way.words
        self.asking = 0
        """The bits of those who ask it."""
        self.kept: dict[tuple[Any, ...], Any] = {}
        """Answers by the words that it reads."""

    def ask(self, env: Env) -> Any:
        """The answer; neither True nor False where it is unknown."""
        key = tuple(_word(env, path, fields) for path, fields in self.words) if self.words else ()
        answer = self.kept.get(key)
        return self.find(env, key) if answer is None else answer

    def find(self, env: Env, key: tuple[Any, ...]) -> Any:
        """The answer, and keep it under a key that says what is read."""
        try:
            answer = self.function(env)
        except KeyError:
            answer = self.exact(env)
        if key:
            if len(self.kept) > KEPT:
                self.kept.clear()
            self.kept[key] = answer if answer is True or answer is False else UNKNOWN
        return answer


def _word(env: Env, path: Path, fields: Sequence[str] | None) -> Any:
    """A fact that can be a key; None where it is missing."""
    value: Any = env
    for name in path:
        value = value.get(name)
        if value is None:
            return None
    if fields is None:
        return value
    return tuple([tuple([one.get(name) for name in fields]) for one in value]) if fields else tuple(value)


class Sieve:
    """Conjunctions in an order, for finding those that hold of a set of variables."""

    def __init__(self, rows: Iterable[Row]) -> None:
        rows = list(rows)
        self.width = len(rows)
        self.all = (1 << self.width) - 1
        self.parts = 0
        """The bits of parts: `width` of them stand for the first such part of each conjunction, and so on."""
        fields: dict[tuple[int, Path, str], Field] = {}
        whole: dict[tuple[Function, bool], Whole] = {}
        for place, row in enumerate(rows):
            bit = own = 1 << place
            for part in row:
                first = part[0]
                if first.function is not None:
                    key = (first.function, first.want)
                    whole.setdefault(key, Whole(first, first.function)).asking |= own
                    continue
                alone = len(part) == 1 and first.way not in (SOME, ONE)
                if not alone:
                    bit <<= self.width
                    self.parts |= bit
                for way in part:
                    place_of = (way.level, way.path, SIZE if way.way == SIZE else way.variable)
                    asked = fields.setdefault(place_of, Field(way.path, way.way == SIZE))
                    asked.note(way, own if alone else bit, alone)
        owners: dict[tuple[int, Path], list[Field]] = {}
        for (level, path, _), asked in fields.items():
            owners.setdefault((level, path[:-1]), []).append(asked)
        stages: dict[int, list[Owner]] = {}
        for (level, owner), here in owners.items():
            stages.setdefault(level, []).append((owner, functools.reduce(operator.or_, (f.asking for f in here)), here))
        self.stages: list[Stage] = [(object(), level, found) for level, found in stages.items()]
        # what is ruled out cheaply need not be asked dearly
        self.whole = sorted(whole.values(), key=lambda part: _cost(part.function))

        self._asked = 0
        self.find: Callable[[Env], tuple[int, int]] = self._find
        """The conjunctions that are not false, and those of them that are unknown, as bits."""

    def _find(self, env: Env) -> tuple[int, int]:
        self._asked += 1
        if self._asked > WARM:
            self.find = fuse(self, env)
        known = env.known if type(env) is Activation else ({}, {}, {})
        told = lacking = 0
        for key, level, owners in self.stages:
            found = known[level].get(key)
            if found is None:
                found = known[level][key] = _look(owners, env)
            told |= found[0]
            lacking |= found[1]
        unanswered = self.parts & ~told
        left = self.all & ~self._fold(told & self.all | unanswered & ~lacking)
        unknown = self._fold(lacking & self.all | unanswered & lacking)
        for part in self.whole:
            if part.asking & left:
                answer = known[part.level].get(part.function)
                if answer is None:
                    answer = known[part.level][part.function] = part.ask(env)
                if answer is not part.want:
                    if answer is True or answer is False:
                        left &= ~part.asking
                    else:
                        unknown |= part.asking
        return left, unknown & left

    def _fold(self, bits: int) -> int:
        """The conjunctions to which bits belong, those of their parts included."""
        found = bits
        while bits := bits >> self.width:
            found |= bits
        return found & self.all


def _look(owners: Iterable[Owner], env: Env) -> Told:
    """What the facts of some objects tell."""
    told = lacking = 0
    for owner, asking, fields in owners:
        holder: Any = env
        for name in owner:
            holder = holder.get(name)
            if holder is None:
                break
        if holder is None:
            lacking |= asking
            continue
        for one in fields:
            value = holder.get(one.name)
            if value is None:
                lacking |= one.asking
                continue
            if one.objects is not None:
                found = one.objects.ask(value, env)
                told |= found[0]
                lacking |= found[1]
                continue
            if one.word is not None:
                told |= one.word[value]
            if one.number is not None:
                told |= one.number[bisect_right(one.number.cuts, len(value) if one.is_sized else value)]
            if one.members is not None:
                for member in value:
                    told |= one.members[member]
            if one.broken is not None:
                broken = 0
                for member in value:
                    broken |= one.broken[member]
                told |= one.every & ~broken
    return told, lacking


def _cost(function: Function) -> int:
    """Loops in a generated function; it takes as long as the rest many times over."""
    code = getattr(function, "__code__", None)
    return 0 if code is None else _loops(code)


def _loops(code: CodeType) -> int:
    return sum(1 + 10 * _loops(inner) for inner in code.co_consts if isinstance(inner, CodeType))
