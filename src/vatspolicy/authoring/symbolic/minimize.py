"""Minimization of a witness, in three stages.

1. `drop_irrelevant` follows the reasons why the formulas hold and drops every value that is not among them.
2. `minimize` then asks the solver for models with fewer facts, until none can be left out.
3. `minimize_profile` removes parts of a profile for as long as a predicate of the evaluator holds.

A caller that checks its witness by formulas uses the first two; one that checks it by the evaluator uses the first and
the third, which is the stricter test.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence

from vatspolicy.authoring.granted_profiles import load_granted
from vatspolicy.authoring.symbolic.domain import ProfileSpace
from vatspolicy.authoring.symbolic.formula import TRUE, Amount, Bound, Flag
from vatspolicy.authoring.symbolic.solver import Model, Solver, Undecided
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.validation import is_valid
from vatspolicy.core.profile.profile import Profile
from vatspolicy.errors import InvalidInput

# --- first stage: by the formulas

_COSTS = {"?": 4, "=": 2}
"""Cost of a true variable by the mark in its name: a present fact, a word in a list; any other costs 1."""


def drop_irrelevant(space: ProfileSpace, formulas: Sequence[int], model: Model) -> Model:
    """Return a part of the model under which the formulas and the axioms still hold."""
    pool = space.pool
    truths = pool.truths(model)
    cost = _costs(space, truths)
    needed: set[int] = set()
    done = {TRUE}
    goals: Iterable[int] = formulas
    while True:
        _follow_reasons(space, goals, truths, cost, needed, done)
        smaller = _values(space, needed, truths, model)
        now = pool.truths(smaller)
        goals = [f for f in (*formulas, *space.axioms) if now[abs(f)] is (f < 0) and abs(f) not in done]
        if not goals:
            break
    if all(now[abs(f)] is (f > 0) for f in (*formulas, *space.axioms)):
        return smaller
    return model  # a bound on a sum of several facts fails: its values depend on one another


def _costs(space: ProfileSpace, truths: Sequence[bool]) -> list[int]:
    """Return for every formula the least cost of the values that make it as it is."""
    pool = space.pool
    cost = [0] * len(pool.parts)
    for number, part in enumerate(pool.parts):
        if isinstance(part, Flag):
            kind = "?" if part.name.endswith("?") else "=" if "=" in part.name else ""
            cost[number] = _COSTS.get(kind, 1) if truths[number] else 0
        elif isinstance(part, tuple) and number > TRUE:
            if truths[number]:
                cost[number] = min(sum(cost[abs(p)] for p in part), 1 << 30)
            else:
                cost[number] = min(cost[abs(p)] for p in part if truths[abs(p)] is not (p > 0))
    return cost


def _follow_reasons(
    space: ProfileSpace,
    goals: Iterable[int],
    truths: Sequence[bool],
    cost: Sequence[int],
    needed: set[int],
    done: set[int],
) -> None:
    """Add the atoms on which the goals rest to `needed`, by the cheapest reasons."""
    parts = space.pool.parts
    pending = [abs(goal) for goal in goals]
    while pending:
        number = pending.pop()
        if number in done:
            continue
        done.add(number)
        part = parts[number]
        if not isinstance(part, tuple):
            needed.add(number)
        elif truths[number]:
            pending += map(abs, part)
        else:
            against = [abs(p) for p in part if truths[abs(p)] is not (p > 0)]
            if not any(p in done for p in against):
                pending.append(min(against, key=lambda p: (cost[p], p)))


def _values(space: ProfileSpace, needed: Iterable[int], truths: Sequence[bool], model: Model) -> Model:
    """Return the values of the needed atoms."""
    values: dict[str, bool | Amount] = {}
    for number in sorted(needed):
        part = space.pool.parts[number]
        if isinstance(part, Flag):
            values[part.name] = truths[number]
        elif isinstance(part, Bound):
            for name, _ in part.terms:
                values[name] = space.pool.number_of(name, model)
    return values


# --- second stage: by the solver


def minimize(space: ProfileSpace, solver: Solver, formulas: Iterable[int], model: Model) -> Model:
    """Return a model of the formulas from which no fact, word or truth can be left out alone.

    Facts are left out before words in lists, and those before truths and numbers. Equal questions have equal results.
    """
    pool = space.pool
    fixed = list(formulas)
    model = drop_irrelevant(space, fixed, model)
    for layer in _layers(space, [*fixed, *space.axioms]):
        absent = [-formula for formula in layer]
        restored: list[int] = []
        while True:
            try:
                answer = solver.check([*fixed, *absent])
            except Undecided:
                absent = [formula for formula in absent if pool.evaluate(formula, model)]  # this layer stays as it is
                break
            if not isinstance(answer, list):
                model = answer
                break
            core = set(answer)  # one value that the conflict needs is restored, and the solver is asked again
            needed = next(f for f in absent if f in core and not pool.evaluate(f, model))
            absent.remove(needed)
            restored.append(needed)
        for candidate in restored:  # a value may have been restored for a conflict that another one resolved
            try:
                answer = solver.check([*fixed, *absent, candidate])
            except Undecided:
                continue
            if not isinstance(answer, list):
                model = answer
                absent.append(candidate)
        fixed += absent
    return model


def _layers(space: ProfileSpace, formulas: Iterable[int]) -> list[list[int]]:
    """Return the atoms that a small profile does without, in layers: facts, words in lists, truths and numbers."""
    pool = space.pool
    facts: list[int] = []
    words: list[int] = []
    truths: list[int] = []
    amounts: list[int] = []
    for number in pool.cone(formulas):
        atom = pool.parts[number]
        if isinstance(atom, Flag):
            if atom.name.endswith("?"):
                facts.append(number)
            else:
                (words if "=" in atom.name else truths).append(number)
        elif isinstance(atom, Bound) and len(atom.terms) == 1 and atom.terms[0][0] in space.amounts:
            amounts.append(-number)
    return [facts, words, [*truths, *amounts]]


# --- third stage: by the evaluator

Place = tuple[str | int, ...]


def minimize_profile(
    data: Facts, holds: Callable[[Profile], bool], schemas: SchemaSet | None = None
) -> dict[str, Tree]:
    """Return the profile without every part that `holds` can do without, the largest parts tried first.

    `holds` is called with valid profiles only. No single part of the result can be left out.
    """
    kept = copy.deepcopy(dict(data))
    queue = list(places(kept))
    refused = 0  # parts in a row that could not be left out
    while queue and refused < len(queue):
        place = queue.pop(0)
        smaller = without(kept, place)
        if smaller is not None and is_valid_and_holds(smaller, holds, schemas):
            kept, refused = smaller, 0
            left = set(places(kept))
            queue = [other for other in queue if other in left]
            queue += [other for other in places(kept) if other not in set(queue)]
        else:
            queue.append(place)
            refused += 1
    return kept


def is_valid_and_holds(data: Facts, holds: Callable[[Profile], bool], schemas: SchemaSet | None) -> bool:
    """Return whether data is a valid profile of which `holds` is true."""
    if not is_valid(data, "profile", schemas):
        return False  # the explanation is slow and not needed here
    try:
        profile = load_granted(data, schemas=schemas)
    except InvalidInput:
        return False
    return holds(profile)


def places(data: Tree, place: Place = ()) -> Iterator[Place]:
    """Yield the place of every part of a profile, containers before their contents and lists from their end."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield (*place, key)
            yield from places(value, (*place, key))
    elif isinstance(data, list):
        for index in reversed(range(len(data))):
            yield (*place, index)
            yield from places(data[index], (*place, index))


def without(data: Facts, place: Place) -> dict[str, Tree] | None:
    """Return the profile without one part, or None if every profile needs that part."""
    if place in (("schema",), ("services",), ("product",), ("company",), ("product", "id")):
        return None
    smaller = copy.deepcopy(dict(data))
    owner: Tree = smaller
    for step in place[:-1]:
        owner = owner[step]
    del owner[place[-1]]
    return smaller
