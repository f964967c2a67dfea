"""Opinions of a profile in SQL: what the latest one in force says of a rule, a condition, or the classes of a service.

Mirrors `engine.opinions`. Two opinions of one day are never on the same matter (`profile.opinions`).
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from vatspolicy.cel.sql import Sql, Value, column, conjunction, constant, disjunction, field_of, negation
from vatspolicy.engine.opinions import APPLIES
from vatspolicy.policies.model import Condition, Route, Rule
from vatspolicy.profile.vocabulary import CLASS
from vatspolicy.screening.sql_expressions import named, there, when

CLASSES = "class_opinion"
"""Column of a service for the classes that the latest opinion names; NULL without one."""
_ONE = exp.to_identifier("o", quoted=True)
_READING_AT = 12
"""Place of the reading behind a day and a blank, from 1."""


def opinions_on(day: str, service: Sql | None) -> Sql:
    """Return the opinions in force on a day that are about a service, or with None about the product itself."""
    one = column("o")
    owner = field_of(one, "service")
    about_this: Sql = exp.Is(this=owner, expression=exp.Null())
    if service is not None:
        same = exp.EQ(this=owner, expression=field_of(service, "id"))
        about_this = exp.Paren(this=exp.or_(about_this, same, copy=False))
    begun = exp.LTE(this=field_of(one, "date"), expression=constant(day))
    return _kept(column("opinions"), exp.and_(begun, about_this, copy=False))


def opinion_classes(opinions: Sql) -> Sql:
    """Return the classes that the latest opinion on classes names; NULL without one."""
    one = column("o")
    found = _kept(opinions, exp.EQ(this=field_of(one, "about"), expression=constant(CLASS)))
    latest = exp.ArrayMax(this=_of_each(found, field_of(one, "date")))
    chosen = _kept(found, exp.EQ(this=field_of(one, "date"), expression=latest))
    first = exp.Bracket(this=chosen, expressions=[constant(1)], offset=1)
    some = exp.GT(this=exp.ArraySize(this=found), expression=constant(0))
    return when(some, field_of(exp.Paren(this=first), "classes"), exp.Null())


def reading_columns(rules: Iterable[Rule], opinions: Sql) -> list[Sql]:
    """Return a column for each matter of some rules that an opinion may settle; NULL without an opinion."""
    abouts = dict.fromkeys(about for rule in rules for about in _abouts(rule))
    return [named(_reading(opinions, about), _name(about)) for about in abouts]


def settled(rule: Rule, truth: Value) -> Value:
    """Return the truth value of a rule after opinions: unknown for unread law without one."""
    if not _abouts(rule) or not rule.is_open:
        return truth
    reading: Sql = column(_name(rule.name))
    if not rule.is_unread:
        return conjunction((truth, exp.Coalesce(this=reading, expressions=[constant(True)])))
    if rule.kind == "classify":  # an opinion on the classes settles it too
        reading = when(exp.and_(exp.Not(this=there(reading)), there(column(CLASSES))), constant(True), reading)
    return conjunction((truth, reading))


def class_said(rule: Rule, cls: str, says: bool) -> Sql:
    """Return whether an open classify rule finds a class: an opinion on classes replaces its own."""
    by_opinion = exp.and_(exp.Not(this=there(column(_name(rule.name)))), there(column(CLASSES)))
    named_there = exp.ArrayContains(this=column(CLASSES), expression=constant(cls))
    return when(by_opinion, named_there, constant(says))


def unsettled(rule: Rule) -> Sql:
    """Return whether no opinion settles an open classify rule."""
    reading = column(_name(rule.name))
    return exp.Paren(this=exp.not_(exp.or_(there(reading), there(column(CLASSES)), copy=False), copy=False))


def checked(rule: Rule, condition: Condition, truth: Value) -> Value:
    """Return the truth value of a condition of a route after opinions; an unread one that fails is unknown."""
    if not condition.is_unread:
        return truth
    reading: Sql = column(_name(f"{rule.name}/{condition.id}"))
    if not condition.cite:  # it rests on the articles of its route
        reading = exp.Coalesce(this=reading, expressions=[column(_name(rule.name))])
    return disjunction((truth, negation(reading)))


def _abouts(rule: Rule) -> list[str]:
    """Return the names of the matters of a rule that an opinion may settle."""
    found = [rule.name] if rule.is_open and rule.kind in ("classify", "deny", "need", "route") else []
    if isinstance(rule.effect, Route):
        found += [f"{rule.name}/{one.id}" for one in rule.effect.requirements if one.is_unread]
    return found


def _name(about: str) -> str:
    return f"reading {about}"


def _reading(opinions: Sql, about: str) -> Sql:
    """Return whether the latest opinion on a matter says that it applies; NULL without one."""
    one = column("o")
    found = _kept(opinions, exp.EQ(this=field_of(one, "about"), expression=constant(about)))
    dated = exp.Concat(expressions=[field_of(one, "date"), constant(" "), field_of(one, "reading")])
    latest = exp.ArrayMax(this=_of_each(found, dated))
    return exp.Paren(
        this=exp.EQ(
            this=exp.Substring(this=latest, start=constant(_READING_AT)),
            expression=constant(APPLIES),
        )
    )


def _kept(entries: Sql, condition: Sql) -> Sql:
    return exp.ArrayFilter(this=entries, expression=exp.Lambda(this=condition, expressions=[_ONE.copy()]))


def _of_each(entries: Sql, value: Sql) -> Sql:
    return exp.Transform(this=entries, expression=exp.Lambda(this=value, expressions=[_ONE.copy()]))
