"""Opinions of a profile in SQL: the effect of the prevailing opinion on a rule, a condition, or the classes of a
service.

Mirrors `engine.opinions`, for opinions that are granted. Two of one day are never on the same matter
(`profile.opinions`).
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from vatspolicy.core.cel.sql import (
    Sql,
    Value,
    column,
    conjunction,
    constant,
    disjunction,
    each_of,
    equal,
    field_of,
    has_members,
    is_null,
    negation,
    or_else,
    there,
    those_of,
    when,
)
from vatspolicy.core.engine.opinions import APPLIES, held_classes
from vatspolicy.core.policies.model import NOT_TELECOM, Condition, Route, Rule
from vatspolicy.core.profile.vocabulary import CLASS
from vatspolicy.screening.sql_expressions import is_true, named

CLASSES = "class_opinion"
"""Column of a service for the classes in the prevailing opinion; NULL without an opinion."""
RANK = "class_opinion_rank"
"""Column of a service for the rank of that opinion."""
_DAY_AT, _READING_AT = 2, 12
"""Places of the day and of the reading in the rank of an opinion and its reading, from 1."""


def opinions_on(day: str, service: Sql | None) -> Sql:
    """Return the opinions in force on a day that are about a service, or with None about the product itself."""
    opinion = column("o")
    owner = field_of(opinion, "service")
    about_this: Sql = is_null(owner)
    if service is not None:
        same = equal(owner, field_of(service, "id"))
        about_this = exp.Paren(this=exp.or_(about_this, same, copy=False))
    begun = exp.LTE(this=field_of(opinion, "date"), expression=constant(day))
    return those_of(column("opinions"), "o", exp.and_(begun, about_this, copy=False))


def class_columns(opinions: Sql) -> list[Sql]:
    """Return the classes that the prevailing opinion on classes names, and its rank; NULL without one."""
    about_classes = those_of(opinions, "o", equal(field_of(column("o"), "about"), CLASS))
    highest = exp.ArrayMax(this=each_of(about_classes, "o", _rank()))
    chosen = those_of(about_classes, "o", equal(_rank(), highest))
    first = exp.Bracket(this=chosen, expressions=[constant(1)], offset=1)
    classes = when(has_members(about_classes), field_of(exp.Paren(this=first), "classes"), exp.Null())
    return [named(classes, CLASSES), named(highest.copy(), RANK)]


def reading_columns(rules: Iterable[Rule], opinions: Sql) -> list[Sql]:
    """Return a column for each matter of the rules that an opinion may settle; NULL without an opinion."""
    since = {about: rule.since for rule in rules for about in _abouts(rule)}
    return [named(_reading(opinions, about, day), _name(about)) for about, day in since.items()]


def settled(rule: Rule, truth: Value) -> Value:
    """Return the truth value of a rule after opinions: unknown for unread law without one."""
    if not _abouts(rule) or not rule.is_open:
        return truth
    reading: Sql = column(_name(rule.name))
    if not rule.is_unread:
        return conjunction((truth, or_else(reading, constant(True))))
    if rule.kind == "classify":  # an opinion on the classes settles it too
        reading = when(exp.and_(is_null(reading), _class_settles(rule)), constant(True), reading)
    return conjunction((truth, reading))


def class_said(rule: Rule, cls: str, says: bool) -> Sql:
    """Return whether an open classify rule finds a class: an opinion on classes replaces its own."""
    by_opinion = exp.and_(is_null(column(_name(rule.name))), _class_settles(rule))
    named_there = exp.ArrayContains(this=column(CLASSES), expression=constant(cls))
    return when(by_opinion, named_there, constant(says))


def unsettled(rule: Rule) -> Sql:
    """Return whether no opinion settles an open classify rule."""
    reading = column(_name(rule.name))
    return exp.Paren(this=exp.not_(exp.or_(there(reading), _class_settles(rule), copy=False), copy=False))


def _class_settles(rule: Rule) -> Sql:
    """Return whether the prevailing opinion on classes can settle an open classify rule; false without one."""
    is_of_time = exp.GTE(this=_part(column(RANK), _DAY_AT, _READING_AT - _DAY_AT), expression=constant(rule.since))
    held = held_classes(rule)
    if held is None:
        return is_true(is_of_time)
    item = column("o")
    strange = those_of(
        column(CLASSES), "o", exp.not_(exp.In(this=item, expressions=[constant(cls) for cls in sorted(held)]))
    )
    fits: Sql = equal(exp.ArraySize(this=strange), 0)
    if NOT_TELECOM not in held:
        fits = exp.and_(fits, has_members(column(CLASSES)), copy=False)
    return is_true(exp.Paren(this=exp.and_(is_of_time, fits, copy=False)))


def checked(rule: Rule, condition: Condition, truth: Value) -> Value:
    """Return the truth value of a condition of a route after opinions; an unread one that fails is unknown."""
    if not condition.is_unread:
        return truth
    reading: Sql = column(_name(f"{rule.name}/{condition.id}"))
    if not condition.cite:  # its articles are those of its route
        reading = or_else(reading, column(_name(rule.name)))
    return disjunction((truth, negation(reading)))


def _abouts(rule: Rule) -> list[str]:
    """Return the names of the matters of a rule that an opinion may settle."""
    abouts = [rule.name] if rule.is_open and rule.kind in ("classify", "deny", "need", "route") else []
    if isinstance(rule.effect, Route):
        abouts += [f"{rule.name}/{requirement.id}" for requirement in rule.effect.requirements if requirement.is_unread]
    return abouts


def _name(about: str) -> str:
    return f"reading {about}"


def _rank() -> Sql:
    """Return the rank of an opinion (`engine.opinions.rank`) as text: 1 for an authority or 0, and the day."""
    opinion = column("o")
    by_authority = when(there(field_of(opinion, "authority")), constant("1"), constant("0"))
    return exp.Concat(expressions=[by_authority, field_of(opinion, "date")])


def _reading(opinions: Sql, about: str, since: str) -> Sql:
    """Return whether a matter applies according to the prevailing opinion; NULL without one, or for an older one."""
    opinion = column("o")
    about_rule = those_of(opinions, "o", equal(field_of(opinion, "about"), about))
    highest = exp.ArrayMax(
        this=each_of(about_rule, "o", exp.Concat(expressions=[_rank(), field_of(opinion, "reading")]))
    )
    is_of_time = exp.GTE(this=_part(highest, _DAY_AT, _READING_AT - _DAY_AT), expression=constant(since))
    applies = equal(_part(highest.copy(), _READING_AT), APPLIES)
    return when(is_of_time, applies, exp.Null())


def _part(text: Sql, start: int, length: int | None = None) -> Sql:
    return exp.Substring(this=text, start=constant(start), length=None if length is None else constant(length))
