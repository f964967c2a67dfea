"""Many models at once: one bit of a number for each, so that a formula is evaluated once for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from vatspolicy.authoring.symbolic.formula import TRUE, Assignment, Bound, Flag, FormulaPool
from vatspolicy.authoring.symbolic.solver import Model

LEAST, MOST = 16, 512
"""Models of a block when it is made, and once blocks of one size have been joined: fewer cost as much to ask."""


class ModelBlock:
    """Some models of one pool: a base, and for each model the variables in which it differs from it."""

    def __init__(self, pool: FormulaPool, base: Assignment, changes: Sequence[Assignment]) -> None:
        self.pool, self.base, self.changes = pool, base, changes
        self.whole = (1 << len(changes)) - 1
        self._masks = {TRUE: self.whole}
        self._places: dict[str, list[int]] = {}
        """Places of the models that differ from the base in a variable."""
        for place, change in enumerate(changes):
            for name in change:
                self._places.setdefault(name, []).append(place)

    def all_of(self, formulas: Iterable[int]) -> Iterator[int]:
        """Yield the places of the models of which all formulas hold, in order."""
        found = self.whole
        for formula in formulas:
            found &= self._mask(formula)
            if not found:
                return
        while found:
            lowest = found & -found
            yield lowest.bit_length() - 1
            found ^= lowest

    def _mask(self, formula: int) -> int:
        """Return the models of which a formula holds, as bits."""
        masks, pending = self._masks, [abs(formula)]
        while pending:
            number = pending[-1]
            if number in masks:
                pending.pop()
                continue
            part = self.pool.parts[number]
            if not isinstance(part, tuple):
                masks[number] = self._mask_of_atom(part)
                continue
            missing = [abs(operand) for operand in part if abs(operand) not in masks]
            if missing:
                pending += missing
                continue
            found = self.whole
            for operand in part:
                found &= masks[operand] if operand > 0 else ~masks[-operand]
            masks[number] = found
        return masks[formula] if formula > 0 else self.whole & ~masks[-formula]

    def _mask_of_atom(self, atom: Flag | Bound) -> int:
        names = [atom.name] if isinstance(atom, Flag) else [name for name, _ in atom.terms]
        places = {place for name in names for place in self._places.get(name, ())}
        found = self.whole if self.pool.holds(atom, self.base) else 0
        for place in places:
            change = self.changes[place]
            values = (
                {**{name: self.base[name] for name in names if name in self.base}, **change} if self.base else change
            )
            found = found | 1 << place if self.pool.holds(atom, values) else found & ~(1 << place)
        return found


class ModelStore:
    """Models of a search, the oldest first."""

    def __init__(self, pool: FormulaPool) -> None:
        self.pool, self.last = pool, Model()
        self._blocks: list[tuple[ModelBlock, list[Model]]] = []
        self._open: list[tuple[Model, dict[int, bool]]] = []
        """Models that wait for their block, with the truths of formulas."""

    def add(self, model: Model) -> None:
        """Add a model."""
        self.last = model
        self._open.append((model, {}))
        if len(self._open) < LEAST:
            return
        found = [model for model, _ in self._open]
        self._open = []
        while self._blocks and len(self._blocks[-1][1]) == len(found) < MOST:
            found = [*self._blocks.pop()[1], *found]
        self._blocks.append((ModelBlock(self.pool, {}, found), found))

    def find(self, formulas: Sequence[int]) -> Model | None:
        """Return the first model of which all formulas hold, if there is one."""
        for block, models in self._blocks:
            for place in block.all_of(formulas):
                return models[place]
        for model, memo in self._open:
            if all(self.pool.evaluate(formula, model, memo) for formula in formulas):
                return model
        return None
