"""The values that a profile gives to the variables of the proof engine, and what formulas are under them."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.shipped import shipped_bundle
from tests.support.solver import periods
from vatspolicy.core.cel.interpreter import TEXT
from vatspolicy.core.engine.opinions import APPLIES, prevailing
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.proofs.decision_encoder import decision_words, encode_decision
from vatspolicy.proofs.domain import ordinal
from vatspolicy.proofs.formula import TRUE, Amount
from vatspolicy.proofs.query import Query
from vatspolicy.proofs.solver import Model
from vatspolicy.proofs.timeline import Period
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


Values = dict[str, bool | Amount]
"""Values of variables by name."""


def assign(query: Query, facts: Mapping[str, Any], as_of: str) -> Values:
    """The values of all variables that were made, for the facts of a profile."""
    found: Values = {"as_of": ordinal(as_of)}
    for name, value in query.space.roots.items():
        assign_value(value, name, facts.get(name), found)
    for path, tests in query.space.texts.items():
        text = find_text(facts, path)
        for kind, part in tests:
            passes = text == part if kind == "==" else text is not None and TEXT[kind](text, part)
            found[f"{path} {kind} {part!r}"] = passes
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


def find_text(facts: Any, path: str) -> str | None:
    """The text at a path, such as services.0.title; None if the facts have none."""
    for step in path.split("."):
        if isinstance(facts, list):
            facts = facts[int(step)] if int(step) < len(facts) else None
        else:
            facts = None if facts is None else facts.get(step)
    return facts if isinstance(facts, str) else None


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
                found[f"{path}#"] = len(fact)
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


def encode_law(bundle: Bundle, period: Period) -> tuple[Query, dict[str, int]]:
    """The decision words of a law in a period as formulas."""
    query = Query(period, BOUNDS)
    ruleset = query.encode(bundle)
    return query, decision_words(ruleset.space.pool, encode_decision(ruleset, query.services))


@functools.cache
def encode_shipped(period: Period) -> tuple[Query, dict[str, int]]:
    """Those of the shipped law, which the tests of a process share."""
    return encode_law(shipped_bundle(), period)


def period_of(bundle: Bundle, day: str) -> Period:
    """The period of a law in which a day lies."""
    return next(one for one in periods([bundle]) if one.start <= day < one.end)


class Truths:
    """What formulas are under several assignments, all worked out at once: bit n of a number is for the nth of them."""

    def __init__(self, query: Query, assignments: Sequence[Values]) -> None:
        self._pool, self._assignments = query.space.pool, assignments
        self._everywhere = (1 << len(assignments)) - 1
        self._bits = {TRUE: self._everywhere}

    def holds(self, formula: int, place: int = 0) -> bool:
        """Whether a formula holds under the assignment at a place."""
        return (
            bool(self._signed(formula) >> place & 1) if abs(formula) in self._bits else self._work_out(formula, place)
        )

    def truth(self, rail: DualRail, place: int = 0) -> bool | None:
        yes, no = self.holds(rail.true, place), self.holds(rail.false, place)
        assert not (yes and no), "a truth is true and false"
        return True if yes else False if no else None

    def words(self, formulas: Mapping[str, int]) -> list[list[str]]:
        """The names of the formulas that hold, for each assignment."""
        places = range(len(self._assignments))
        return [[name for name, formula in formulas.items() if self.holds(formula, place)] for place in places]

    def _signed(self, formula: int) -> int:
        bits = self._bits[abs(formula)]
        return bits if formula > 0 else self._everywhere ^ bits

    def _work_out(self, formula: int, place: int) -> bool:
        unknown, pending = {abs(formula)}, [abs(formula)]
        while pending:
            part = self._pool.parts[pending.pop()]
            if isinstance(part, tuple):
                more = {abs(one) for one in part if abs(one) not in self._bits and abs(one) not in unknown}
                unknown |= more
                pending += more
        for number in sorted(unknown):  # operands precede what they are part of
            part = self._pool.parts[number]
            if isinstance(part, tuple):
                bits = self._everywhere
                for one in part:
                    bits &= self._signed(one)
            else:
                bits = sum(self._pool.holds(part, values) << n for n, values in enumerate(self._assignments))
            self._bits[number] = bits
        return self.holds(formula, place)
