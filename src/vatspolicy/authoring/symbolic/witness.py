"""Witnesses: from a solver's model to a profile that the evaluator confirms."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

from vatspolicy.authoring.granted_profiles import load_granted
from vatspolicy.authoring.symbolic.domain import AS_OF, ProfileSpace, iso
from vatspolicy.authoring.symbolic.formula import Amount
from vatspolicy.authoring.symbolic.minimize import minimize_profile
from vatspolicy.authoring.symbolic.solver import Model
from vatspolicy.authoring.symbolic.values import (
    BoundedList,
    DualRail,
    EnumSet,
    IndexedChoice,
    KnownValue,
    LinearSum,
    OpaqueValue,
    SymbolicRecord,
    SymbolicValue,
)
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.engine.evaluator import evaluate, possible_outcomes
from vatspolicy.core.engine.opinions import APPLIES
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import Profile
from vatspolicy.core.profile.vocabulary import CLASS

# --- from a model to a profile


def day_of(space: ProfileSpace, model: Model) -> str:
    """Return the day of a model (ISO text)."""
    return iso(int(space.pool.number_of(AS_OF, model)))


def profile_of(space: ProfileSpace, model: Model) -> dict[str, Tree]:
    """Return the profile that a model describes. Facts that no formula reads are left out; names are made up."""
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
    """Return the opinions that a model describes, on the services of a profile. `hidden`: flags to leave out."""
    found: list[dict[str, Tree]] = []
    for name, (about, service, since) in space.opinions.items():
        if not model.get(f"{name}?") or hidden(f"{name}?"):
            continue
        one: dict[str, Tree] = {"about": about}
        if service:
            index = int(service.rpartition(".")[2])
            if index >= len(data["services"]):
                continue
            one["service"] = data["services"][index]["id"]
        if about == CLASS:
            start = f"{name}="
            one["classes"] = [
                flag.removeprefix(start) for flag, held in model.items() if held and flag.startswith(start)
            ]
        else:
            one["reading"] = APPLIES if model.get(name) else "does-not-apply"
        found.append({**one, "by": "witness", "date": since})
    return found


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
        case EnumSet(path=path, words=words):
            return [word for word in words if model.get(f"{path}={word}")]
        case BoundedList():
            there = [record for exists, record in base.made if space.pool.evaluate(exists, model)]
            return [record_data(space, record, model) for record in there]
    return None


def record_data(space: ProfileSpace, record: SymbolicRecord, model: Model) -> dict[str, Tree]:
    """Return the object that a record is in the model."""
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
    """Signal that the evaluator does not confirm a witness: an error of the symbolic part, never shown as a finding."""


def decision_of(bundle: Bundle, profile: Profile, as_of: str) -> str:
    """Return the decision word of a profile, without findings."""
    low, high = possible_outcomes(bundle.on(as_of), profile, as_of, asking=False).range
    return low if low == high else "incomplete"


def confirm_decisions(data: dict[str, Tree], wanted: Iterable[tuple[Bundle, str]], day: str) -> dict[str, Tree]:
    """Return the smallest part of a profile that every bundle decides as wanted. Raises Unconfirmed, InvalidInput."""
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
