"""Witnesses: from a solver's model to a small profile that the evaluator confirms.

1. `drop_irrelevant` follows the reasons why the formulas hold and drops every value that is not among them.
2. `minimize` then asks the solver for models with fewer facts, until none can be omitted.
3. `minimize_profile` removes parts of a profile for as long as a predicate of the evaluator holds.

A caller that checks its witness by formulas uses the first two; one that checks it by the evaluator uses the first and
the third, which is the stricter test.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction

from vatspolicy.core.documents.plain import Facts, Tree, value_at
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.validation import is_valid
from vatspolicy.core.engine.evaluator import evaluate, possible_outcomes
from vatspolicy.core.engine.opinions import APPLIES
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import Profile, load_granted
from vatspolicy.core.profile.vocabulary import CLASS
from vatspolicy.errors import InvalidInput
from vatspolicy.proofs.domain import AS_OF, ProfileSpace, iso
from vatspolicy.proofs.formula import TRUE, Amount, Bound, Flag
from vatspolicy.proofs.free_text import find_text
from vatspolicy.proofs.solver import Model, Solver, Undecided
from vatspolicy.proofs.values import (
    BoundedList,
    DualRail,
    EnumSet,
    FreeText,
    IndexedChoice,
    KnownValue,
    LinearSum,
    OpaqueValue,
    SymbolicRecord,
    SymbolicValue,
)

# --- first stage: by the formulas

_COSTS = {"?": 4, "=": 2}
"""Cost of a true variable by the mark in its name: a present fact, a word in a list; any other costs 1."""


def drop_irrelevant(space: ProfileSpace, formulas: Sequence[int], model: Model) -> Model:
    """Return a part of the model that still satisfies the formulas and axioms."""
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
    """Return the minimum cost of the values that determine each formula."""
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
    """Add the atoms with the cheapest reasons for the goals to `needed`."""
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
    """Return a model of the formulas in which each fact, word and truth is necessary.

    Facts are omitted before words in lists, and those before truths and numbers. Equal questions have equal results.
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
    """Return the atoms to remove for a small profile, in layers: facts, words in lists, truths and numbers."""
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
    """Return the profile without the parts that `holds` does not need, trying the largest parts first.

    `holds` is called with valid profiles only. No single part can be omitted when it stops; then fractions are rounded
    to as few decimals as `holds` allows.
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
    return _with_round_numbers(kept, holds, schemas)


def _with_round_numbers(
    data: dict[str, Tree], holds: Callable[[Profile], bool], schemas: SchemaSet | None
) -> dict[str, Tree]:
    """Return the profile with as few decimals as `holds` allows."""
    for place in list(places(data)):
        number = value_at(data, place)
        for digits in range(3) if isinstance(number, float) else ():
            if (rounded := round(number, digits or None)) == number:
                break
            changed = copy.deepcopy(data)
            value_at(changed, place[:-1])[place[-1]] = rounded
            if is_valid_and_holds(changed, holds, schemas):
                data = changed
                break
    return data


def is_valid_and_holds(data: Facts, holds: Callable[[Profile], bool], schemas: SchemaSet | None) -> bool:
    """Return whether data is a valid profile that satisfies `holds`."""
    if not is_valid(data, "profile", schemas):
        return False  # the explanation is slow and not needed here
    try:
        profile = load_granted(data, schemas=schemas)
    except InvalidInput:
        return False
    return holds(profile)


def places(data: Tree, place: Place = ()) -> Iterator[Place]:
    """Yield the place of every part of a profile: containers before contents, and lists from the end.

    Of consecutive identical list members, only the parts of the first one are included.
    """
    if isinstance(data, dict):
        for key, value in data.items():
            yield (*place, key)
            yield from places(value, (*place, key))
    elif isinstance(data, list):
        for index in reversed(range(len(data))):
            if index == 0 or not _same(data[index - 1], data[index]):
                yield (*place, index)
                yield from places(data[index], (*place, index))


def _same(one: Tree, other: Tree) -> bool:
    """Return whether list members are objects with the same facts except for names."""
    sides = [{**side, "id": None} if isinstance(side, dict) else None for side in (one, other)]
    return sides[0] is not None and sides[0] == sides[1]


def without(data: Facts, place: Place) -> dict[str, Tree] | None:
    """Return the profile without one part, or None if every profile needs that part.

    The members of a list that repeat one another lose a part together, and the last of them is left out first.
    """
    if place in (("schema",), ("services",), ("product",), ("company",), ("product", "id")):
        return None
    smaller = copy.deepcopy(dict(data))
    owners: list[Tree] = [smaller]
    for step in place[:-1]:
        owners = [owner[index] for owner in owners for index in _alike(owner, step)]
    for owner in owners:
        del owner[_alike(owner, place[-1])[-1]]
    return smaller


def _alike(owner: Tree, step: str | int) -> Sequence[str | int]:
    """Return a step, grouped with the steps to the following identical members."""
    if not isinstance(step, int):
        return [step]
    end = step + 1
    while end < len(owner) and _same(owner[step], owner[end]):
        end += 1
    return range(step, end)


# --- witnesses: from a solver's model to a profile that the evaluator confirms


# --- from a model to a profile


def day_of(space: ProfileSpace, model: Model) -> str:
    """Return the day of a model (ISO text)."""
    return iso(int(space.pool.number_of(AS_OF, model)))


def profile_of(space: ProfileSpace, model: Model) -> dict[str, Tree]:
    """Return the profile of a model, without unread facts and with generated names."""
    data: dict[str, Tree] = {"schema": 2}
    for name, value in space.roots.items():
        written = _value_data(space, value, model)
        if written is not None and (written or name in ("company", "partner", "services")):
            data[name] = written
    opinions = opinions_of(space, model, data)
    return {**data, "opinions": opinions} if opinions else data


def opinions_of(
    space: ProfileSpace, model: Model, data: Facts, hidden: Callable[[str], bool] = lambda name: False
) -> list[dict[str, Tree]]:
    """Return a model's opinions on the services of a profile. `hidden`: flags to omit."""
    opinions: list[dict[str, Tree]] = []
    for name, (about, service, since) in space.opinions.items():
        if not model.get(f"{name}?") or hidden(f"{name}?"):
            continue
        one: dict[str, Tree] = {"about": about}
        named: list[dict[str, Tree]] = [{}]
        if service:
            index = int(service.rpartition(".")[2])
            last = not model.get(f"services.{index + 1}?")
            alike = data["services"][index : None if last else index + 1]
            if len(alike) == 1 or index:  # else one opinion on the whole product is on all its services
                named = [{"service": own["id"]} for own in alike]
        if about == CLASS:
            start = f"{name}="
            one["classes"] = [
                flag.removeprefix(start) for flag, held in model.items() if held and flag.startswith(start)
            ]
        else:
            one["reading"] = APPLIES if model.get(name) else "does-not-apply"
        opinions += ({**one, **of_service, "by": "witness", "date": since} for of_service in named)
    return opinions


def _value_data(space: ProfileSpace, value: SymbolicValue, model: Model) -> Tree:
    """Return the value of a fact in the model, or None if it is missing."""
    if isinstance(value, DualRail):
        known = space.pool.evaluate(value.true, model) or space.pool.evaluate(value.false, model)
        return space.pool.evaluate(value.true, model) if known else None
    for held, base in value:
        if space.pool.evaluate(held, model):
            return _known_data(space, base, model)
    return None


def _known_data(space: ProfileSpace, base: KnownValue, model: Model) -> Tree:
    match base:
        case SymbolicRecord():
            return record_data(space, base, model)
        case IndexedChoice(name=name, values=values):
            return values[int(space.pool.number_of(name, model))]
        case LinearSum(terms=((name, _),), day=day):
            number = space.pool.number_of(name, model)
            return iso(int(number)) if day else _plain_number(number)
        case FreeText(path=path):
            return find_text(space, path, [name for name, held in model.items() if held is True], _made_up_name(path))
        case EnumSet(path=path, words=words):
            return [word for word in words if model.get(f"{path}={word}")]
        case BoundedList():
            there = [record for exists, record in base.made if space.pool.evaluate(exists, model)]
            written = [record_data(space, record, model) for record in there]
            longer = range(len(written), int(model.get(f"{base.path}#", 0))) if written else ()
            for place in longer:  # the last member again, under a name of its own
                named = {"id": _made_up_name(f"{base.path}.{place}")} if "id" in written[-1] else {}
                written.append({**copy.deepcopy(written[-1]), **named})
            return written
    return None


def record_data(space: ProfileSpace, record: SymbolicRecord, model: Model) -> dict[str, Tree]:
    """Return the object for a record in the model."""
    derived = record.schema.get("x-derived", {})
    written: dict[str, Tree] = {}
    for name in dict.fromkeys((*record.schema.get("required", ()), *record.made)):
        value = record.get(name)
        if name in derived:
            continue
        if not isinstance(value, DualRail):
            if name == "ftz":  # a zone that follows from the code of the place is not written
                value = tuple(
                    case for case in value if isinstance(case[1], IndexedChoice) and case[1].name.endswith(".ftz")
                )
            if any(isinstance(base, OpaqueValue) for _, base in value):
                if name in record.schema.get("required", ()):
                    written[name] = _made_up_name(record.path)
                continue
        elif not model.get(f"{record.path}.{name}?"):  # the fact is missing, or follows from others
            continue
        plain = _value_data(space, value, model)
        if plain is not None:
            written[name] = plain
    return written


def _made_up_name(path: str) -> str:
    """Return a name for an object that needs one: s0 for the first service."""
    kind, _, index = path.partition(".")
    return f"{kind[0]}{index}" if index.isdigit() else "witness"


def _plain_number(number: Amount) -> int | float:
    if isinstance(number, Fraction):
        return int(number) if number.denominator == 1 else float(number)
    return number


# --- confirmation by the evaluator


class Unconfirmed(Exception):
    """The evaluator does not confirm a witness, an error of the symbolic part that is never shown as a finding."""


def decision_of(bundle: Bundle, profile: Profile, as_of: str) -> str:
    """Return the decision word of a profile, without findings."""
    low, high = possible_outcomes(bundle.on(as_of), profile, as_of, asking=False).range
    return low if low == high else "incomplete"


def confirm_decisions(data: dict[str, Tree], wanted: Iterable[tuple[Bundle, str]], day: str) -> dict[str, Tree]:
    """Return the smallest part of a profile with the required decision in each bundle. Raises Unconfirmed,
    InvalidInput.
    """
    wanted = tuple(wanted)

    def decides(profile: Profile) -> bool:
        return all(decision_of(bundle, profile, day) == word for bundle, word in wanted)

    schemas = wanted[0][0].schemas
    small = minimize_profile(data, decides, schemas) if decides(load_granted(data, schemas=schemas)) else data
    profile = load_granted(small, schemas=schemas)
    for bundle, word in wanted:
        decided = evaluate(bundle, profile, day, compare=False, explain=False).decision
        if decided != word:
            raise Unconfirmed(f"the evaluator decides {decided} on {day}, and not {word}")
    return small
