"""The values that a profile gives to the variables of the proof engine, and what formulas are under them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vatspolicy.core.engine.opinions import APPLIES, prevailing
from vatspolicy.proofs.domain import ordinal
from vatspolicy.proofs.formula import Amount
from vatspolicy.proofs.query import Query
from vatspolicy.proofs.solver import Model
from vatspolicy.proofs.values import (
    BoundedList,
    DualRail,
    EnumSet,
    IndexedChoice,
    LinearSum,
    SymbolicRecord,
    SymbolicValue,
)

LISTS = ("services", "company.licenses", "partner.licenses", "deals", "filings", "services.*.area",
         "services.*.facilities", "company.licenses.*.area", "partner.licenses.*.area")  # fmt: skip
BOUNDS = dict.fromkeys(LISTS, 3)
"""Random lists have at most three members."""


class Values(dict[str, bool | Amount]):
    """Values of variables, with the formulas that were worked out under them."""

    def __init__(self, as_of: str) -> None:
        super().__init__(as_of=ordinal(as_of))
        self.memo: dict[int, bool] = {}


def assign(query: Query, facts: Mapping[str, Any], as_of: str) -> Values:
    """The values of all variables that were made, for the facts of a profile."""
    found = Values(as_of)
    for name, value in query.space.roots.items():
        assign_value(value, name, facts.get(name), found)
    for name, (about, path, since) in query.space.opinions.items():
        index = int(path.rpartition(".")[2]) if path else None
        services = facts["services"]
        if index is not None and index >= len(services):
            continue
        subject = {"opinions": facts["opinions"], "as_of": as_of, "service": None if index is None else services[index]}
        opinion = prevailing(subject, about)
        if opinion is not None and opinion["date"] < since:
            opinion = None
        found[f"{name}?"] = opinion is not None
        if opinion is not None:
            found[name] = opinion.get("reading") == APPLIES
            found.update({f"{name}={cls}": True for cls in opinion.get("classes", ())})
    return found


def assign_value(value: SymbolicValue, path: str, fact: Any, found: Model) -> None:
    found[path + "?"] = fact is not None
    if isinstance(value, DualRail):
        found[path] = bool(fact)
        return
    if fact is None:
        return
    for _, base in value:
        match base:
            case IndexedChoice(name=name, values=values) if name == path:
                found[path] = values.index(fact)
            case LinearSum(day=day):
                found[path] = ordinal(fact) if day else fact
            case EnumSet():
                found.update({f"{path}={word}": True for word in fact})
            case SymbolicRecord():
                assign_record(base, fact, found)
            case BoundedList():
                for index, (_, record) in enumerate(base.made):
                    found[f"{path}.{index}?"] = index < len(fact)
                    if index < len(fact):
                        assign_record(record, fact[index], found)


def assign_record(record: SymbolicRecord, fact: Mapping[str, Any], found: Model) -> None:
    if "x-derived" in record.schema:
        at = record.get("at")
        assert not isinstance(at, DualRail)
        [(_, codes)] = at
        assert isinstance(codes, IndexedChoice)
        found[f"{record.path}.at"] = codes.values.index(fact["at"])
    for name, value in list(record.made.items()):
        if name not in ("at", "province", "within"):
            assign_value(value, f"{record.path}.{name}", fact.get(name), found)


def holds(query: Query, formula: int, found: Values) -> bool:
    return query.space.pool.evaluate(formula, found, found.memo)


def truth(query: Query, rail: DualRail, found: Values) -> bool | None:
    yes, no = holds(query, rail.true, found), holds(query, rail.false, found)
    assert not (yes and no), "a truth is true and false"
    return True if yes else False if no else None
