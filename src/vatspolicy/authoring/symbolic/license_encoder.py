"""Licences in formulas: whether a company holds an instrument that is valid and about an activity.

It mirrors `access`; tests hold the two together on random profiles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vatspolicy.authoring.symbolic.formula import FALSE, TRUE
from vatspolicy.authoring.symbolic.questions import SymbolicActivation
from vatspolicy.authoring.symbolic.values import DualRail, Record, Slots, constant, known
from vatspolicy.policies.model import Instrument

if TYPE_CHECKING:
    from vatspolicy.authoring.symbolic.decision_encoder import SymbolicRuleSet


def has_instrument(reading: SymbolicRuleSet, scope: SymbolicActivation, name: str, holder: str) -> DualRail:
    """Whether the holder has the instrument for this class and place on this day. Raises Unsupported."""
    instrument = reading.law.instruments[name]
    entity = scope.values.get(holder, ())
    assert not isinstance(entity, DualRail)
    options = []
    for present, company in entity:
        assert isinstance(company, Record)
        lists = company.get("licences")
        assert not isinstance(lists, DualRail)
        for _, base in lists:
            assert isinstance(base, Slots)
            reading.space.ask(base.path, ("held", reading.question(scope, name)))
            found = [(exists, covers(reading, scope, instrument, licence)) for exists, licence in base.members]
            pool = reading.space.pool
            options.append(
                (
                    present,
                    reading.encoder.some(
                        DualRail(pool.conjoin((exists, value.true)), pool.disjoin((-exists, value.false)))
                        for exists, value in found
                    ),
                )
            )
    return reading.encoder.choose(options)


def covers(reading: SymbolicRuleSet, scope: SymbolicActivation, instrument: Instrument, licence: Record) -> DualRail:
    """Whether one licence is the instrument, valid and about this activity."""
    pool = reading.space.pool
    same = reading.encoder.comparison("==", licence.get("instrument"), constant(instrument.id))
    if same.true == FALSE:
        return same
    parts = [same, valid(reading, instrument, licence)]
    if instrument.covers is not None:
        parts.append(reading.ask(instrument.covers, scope.bind("licence", ((TRUE, licence),), licence.path)))
    whole = reading.encoder.every(parts)
    return DualRail(whole.true, pool.disjoin((same.false, whole.false)))


def valid(reading: SymbolicRuleSet, instrument: Instrument, licence: Record) -> DualRail:
    """Whether a held instrument is valid: by its last day, else by what the profile confirms."""
    pool = reading.space.pool
    stated, last = licence.get("valid"), licence.get("valid_until")
    assert isinstance(stated, DualRail) and not isinstance(last, DualRail)
    if instrument.no_term:
        stated = DualRail(-stated.false, stated.false)
    by_day = reading.encoder.comparison(">=", last, reading.as_of)
    by_day = DualRail(pool.conjoin((-stated.false, by_day.true)), pool.disjoin((stated.false, by_day.false)))
    has_last = known(pool, last)
    return reading.encoder.choose(((has_last, by_day), (-has_last, stated)))
