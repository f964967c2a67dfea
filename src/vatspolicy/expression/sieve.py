"""Many conjunctions asked at once of one set of variables.

Each conjunction is a bit of a number. For each value that a fact may have, a number tells which conjunctions that value
rules out; it is worked out when the value is first met. One pass over the facts, not over the conjunctions, leaves the
few that may hold; then what has to be asked in full is asked once, however many share it. A sieve that is asked often
becomes one generated function (`fuse`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import CodeType
from typing import Any

from vatspolicy.expression.conjunct import SOME, VALUE, WHOLE, Path
from vatspolicy.expression.fuse import fuse
from vatspolicy.expression.kleene import Env
from vatspolicy.expression.scope import ACTIVITY, Scope, level_of_root
from vatspolicy.light import dataclass

WARM = 40
"""How often a sieve is asked before it is fused into one function."""
Function = Callable[[Env], Any]
"""Takes the variables. True or False; KeyError, or anything else, where a fact is missing."""


@dataclass(frozen=True)
class Asked:
    """A conjunct with the functions that answer its questions."""

    way: str
    path: Path
    questions: Sequence[tuple[Function, bool, str]]
    """Function, the answer that is wanted, and what a member of a list is called."""
    exact: Function | None = None
    """For `whole`: what to ask where the function lacks a fact."""
    level: int = ACTIVITY
    """For `whole`: whose variables it reads."""


_Owner = tuple[Path, int, list[Any], list[Any]]
"""Where an object stands; who asks its fields; its values, and its lists, each with who asks it and the answers."""


class _Answers(dict[Any, int]):
    """Which conjunctions a value answers as they want, or not as they want; by value, worked out when first met."""

    __slots__ = ("path", "tests", "wanted")

    def __init__(self, wanted: bool, path: Path) -> None:
        self.wanted, self.path = wanted, path
        self.tests: dict[tuple[Function, bool, str], int] = {}

    def __missing__(self, value: Any) -> int:
        bits = 0
        for (function, want, variable), mask in self.tests.items():
            if (function(_variables(self.path, value, variable)) is want) is self.wanted:
                bits |= mask
        self[value] = bits
        return bits


def _variables(path: Path, value: Any, variable: str) -> dict[str, Any]:
    """The variables in which a fact, or the member of a list, has the value."""
    if variable:
        return {variable: value}
    for name in reversed(path):
        value = {name: value}
    found: dict[str, Any] = value
    return found


class _Fact:
    """A fact that conjunctions ask in one way: which they are, and what its values answer them."""

    __slots__ = ("answers", "asking")

    def __init__(self, asked: Asked) -> None:
        self.asking = 0
        self.answers = _Answers(asked.way == SOME, asked.path)


class Sieve:
    """Conjunctions in an order, for finding those that hold of a set of variables."""

    def __init__(self, conjunctions: Iterable[Iterable[Asked]]) -> None:
        facts: dict[tuple[Path, str, int], _Fact] = {}
        whole: dict[tuple[Function, bool], tuple[int, Function, int]] = {}
        self._all = 0
        for place, conjunction in enumerate(conjunctions):
            bit = 1 << place
            self._all |= bit
            for asked in conjunction:
                if asked.way == WHOLE:
                    ((function, want, _),) = asked.questions
                    asking, exact, level = whole.get((function, want), (0, asked.exact or function, asked.level))
                    whole[function, want] = (asking | bit, exact, level)
                else:
                    _add(facts, asked, bit)
        stages: dict[int, list[_Owner]] = {}
        for owner in dict.fromkeys(path[:-1] for path, _, _ in facts):
            stages.setdefault(level_of_root(owner[0]), []).append(_owner(owner, facts))
        self._stages = [(object(), level, owners) for level, owners in stages.items()]
        self._whole = [
            (asking, function, want, exact, level) for (function, want), (asking, exact, level) in whole.items()
        ]
        self._whole.sort(key=lambda part: _cost(part[1]))  # what is ruled out cheaply need not be asked dearly

        self._asked = 0
        self.find: Callable[[Env], tuple[list[int], int]] = self._find
        """Places, in order, of the conjunctions that are not false; and, as bits, those that are unknown."""

    def _find(self, env: Env) -> tuple[list[int], int]:
        self._asked += 1
        if self._asked > WARM:
            self.find = fuse(self._all, self._stages, self._whole, _places)
        known = env.known if type(env) is Scope else ({}, {}, {})
        false = unknown = 0
        for key, level, owners in self._stages:
            found = known[level].get(key)
            if found is None:
                found = known[level][key] = _look(owners, env)
            false |= found[0]
            unknown |= found[1]
        left = self._all & ~false
        for asking, function, want, exact, level in self._whole:
            if asking & left:
                answer = known[level].get(function)
                if answer is None:
                    try:
                        answer = function(env)
                    except KeyError:
                        answer = exact(env)
                    known[level][function] = answer
                if answer is not want:
                    if answer is True or answer is False:
                        left &= ~asking
                    else:
                        unknown |= asking
        return _places(left), unknown & left


def _look(owners: Iterable[_Owner], env: Env) -> tuple[int, int]:
    """Which conjunctions the facts of some objects rule out, and which they leave unknown."""
    false = unknown = 0
    for owner, asking, values, lists in owners:
        holder: Any = env
        for name in owner:
            holder = holder.get(name)
            if holder is None:
                break
        if holder is None:
            unknown |= asking
            continue
        get = holder.get
        for name, concerned, answers in values:
            value = get(name)
            if value is None:
                unknown |= concerned
            else:
                false |= answers[value]
        for name, concerned, answers, some in lists:
            members = get(name)
            if members is None:
                unknown |= concerned
                continue
            found = 0
            for member in members:
                found |= answers[member]
            false |= concerned & ~found if some else found
    return false, unknown


def _add(facts: dict[tuple[Path, str, int], _Fact], asked: Asked, bit: int) -> None:
    """Note what a conjunction asks of a fact."""
    turn = 0  # a conjunction may want several things of the members of one list: each in a turn of its own
    while asked.way == SOME and (fact := facts.get((asked.path, SOME, turn))) and fact.asking & bit:
        turn += 1
    fact = facts.setdefault((asked.path, asked.way, turn), _Fact(asked))
    fact.asking |= bit
    for question in asked.questions:
        fact.answers.tests[question] = fact.answers.tests.get(question, 0) | bit


def _owner(owner: Path, facts: Mapping[tuple[Path, str, int], _Fact]) -> _Owner:
    """What is asked of the fields of one object: of all of them who asks, then its values, then its lists."""
    asking, values, lists = 0, [], []
    for (path, way, _), fact in facts.items():
        if path[:-1] == owner:
            asking |= fact.asking
            if way == VALUE:
                values.append((path[-1], fact.asking, fact.answers))
            else:
                lists.append((path[-1], fact.asking, fact.answers, way == SOME))
    return owner, asking, values, lists


def _cost(function: Function) -> int:
    """Loops in a generated function; it takes as long as the rest many times over."""
    code = getattr(function, "__code__", None)
    return 0 if code is None else _loops(code)


def _loops(code: CodeType) -> int:
    return sum(1 + 10 * _loops(inner) for inner in code.co_consts if isinstance(inner, CodeType))


def _places(bits: int) -> list[int]:
    """Which bits are set, from the lowest."""
    text = bin(bits)[:1:-1]
    found = []
    place = text.find("1")
    while place >= 0:
        found.append(place)
        place = text.find("1", place + 1)
    return found
