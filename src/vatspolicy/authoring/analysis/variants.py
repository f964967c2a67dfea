"""Variants of profiles that a search has found: a word or a place exchanged, or one fact turned round.

A variant that satisfies a question spares the solver. Each is checked against the axioms and invariants that speak
about what changed, so that it is a profile like any other.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from vatspolicy.authoring.analysis.bounded_search import BoundedSearch
from vatspolicy.authoring.analysis.model_block import ModelBlock
from vatspolicy.authoring.symbolic.domain import AS_OF, ordinal
from vatspolicy.authoring.symbolic.formula import Amount, Bound, Flag
from vatspolicy.authoring.symbolic.solver import Model
from vatspolicy.core.documents.plain import Tree

Change = Mapping[str, bool | Amount]
"""Variables with their new values."""

Changes = Callable[[Model], Iterable[Change]]
"""Gives the changes to try in a model."""

MOST_ATOMS = 12
"""Facts of a clause that are turned round at most, one at a time."""


class Variants:
    """Variants of the models of a search."""

    def __init__(self, search: BoundedSearch) -> None:
        self.search, self.pool, self.space = search, search.query.space.pool, search.query.space
        self._conditions: dict[str, list[int]] = {}
        """Axioms and invariants by the variables that they read."""
        self._indexed: set[int] = set()

    def find(
        self, formulas: Sequence[int], bases: Iterable[Model], changes_of: Callable[[Model], Iterable[Change]]
    ) -> bool:
        """Return whether a variant of one of the models satisfies all formulas; it is kept as a model of the search."""
        ordered = formulas[::-1]  # the last one is the question itself, the others say that its subject exists
        for base in bases:
            changes = list(changes_of(base))
            for place in ModelBlock(self.pool, base, changes).all_of(ordered):
                model = {**base, **changes[place]}
                if self._exists(model, changes[place]):
                    self.search.models.add(model)
                    return True
        return False

    def exchanges(self, old: Tree, new: Tree, day: str, model: Model) -> Iterator[Change]:
        """Yield changes that put one word, place or entry where a model has another, then or from a day on."""
        changes: list[dict[str, bool | Amount]] = [{}] if old == new else []
        for one, other in _words(old, new):
            changes += self._exchange(one, other, model)
        yield from changes
        days = self.pool.ranges[AS_OF]
        first = max(ordinal(day), int(days.low))
        if first <= days.high:
            yield from ({**change, AS_OF: first} for change in changes)

    def _exchange(self, old: Tree, new: Tree, model: Model) -> Iterator[dict[str, bool | Amount]]:
        for name, value in model.items():
            if value is True and name.endswith(f"={old}"):
                other = f"{name.removesuffix(str(old))}{new}"
                if other in self.space.flags:
                    yield {name: False, other: True}
                    yield {other: True}
        for name, tables in self.space.tables.items():
            index = int(self.pool.number_of(name, model))
            if not any(_is(values[index], old) for values in tables.values()):
                continue
            owner, _, fact = name.rpartition(".")
            code = f"{owner}.at"
            for values in tables.values():
                place = _place_of(values, new)
                if place is not None:
                    yield {name: place}
            for values in self.space.tables.get(code, {}).values() if fact == "ftz" else ():
                place = _place_of(values, new)
                if place is not None:  # the zone follows from the code of the place
                    yield {code: place, f"{name}?": False}

    def flips(self, clause: Iterable[int], model: Model) -> Iterator[Change]:
        """Yield changes that turn round one fact of a clause."""
        for number in self.pool.cone(clause)[: -MOST_ATOMS - 1 : -1]:  # the facts that few other rules read come last
            atom = self.pool.parts[number]
            if isinstance(atom, Flag):
                yield {atom.name: not model.get(atom.name, False)}
            elif isinstance(atom, Bound) and len(atom.terms) == 1:
                [(name, _)] = atom.terms
                known = self.pool.ranges[name]
                inside = self.pool.evaluate(number, model)
                value = atom.limit + 1 if inside else atom.limit
                if known.low <= value <= known.high:
                    yield {name: value}

    def _exists(self, model: Model, change: Change) -> bool:
        """Return whether the axioms and invariants hold that speak about what changed."""
        for condition in (*self.space.axioms, *self.search.invariants()):
            if condition not in self._indexed:
                self._indexed.add(condition)
                for number in self.pool.cone([condition]):
                    atom = self.pool.parts[number]
                    names = [atom.name] if isinstance(atom, Flag) else [name for name, _ in _terms(atom)]
                    for name in names:
                        self._conditions.setdefault(name, []).append(condition)
        conditions = {one for name in change for one in self._conditions.get(name, ())}
        memo: dict[int, bool] = {}
        return all(self.pool.evaluate(condition, model, memo) for condition in conditions)


def _words(old: Tree, new: Tree) -> Iterator[tuple[Tree, Tree]]:
    """Yield pairs of words to exchange: the two members themselves, or the words of two entries."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield old, new
        return
    words = [word for listed in old.values() if isinstance(listed, list) for word in listed]
    others = [listed[0] for listed in new.values() if isinstance(listed, list) and listed]
    yield from itertools.product(words, others)


def _is(value: Tree, word: Tree) -> bool:
    return bool(word in value if isinstance(value, tuple) else value == word)


def _place_of(values: Sequence[Tree], word: Tree) -> int | None:
    return next((place for place, value in enumerate(values) if _is(value, word)), None)


def _terms(atom: Tree) -> tuple[tuple[str, int], ...]:
    assert isinstance(atom, Bound)
    return atom.terms
