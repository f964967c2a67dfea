"""Where two bundles say something different: by the text of their rules, before anything is asked of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vatspolicy.authoring.symbolic.decision_encoder import SymbolicRuleSet
from vatspolicy.authoring.symbolic.domain import iso, ordinal
from vatspolicy.authoring.symbolic.isolate import expressions_of, named_by
from vatspolicy.authoring.symbolic.query import Query
from vatspolicy.authoring.symbolic.questions import SymbolicActivation
from vatspolicy.authoring.symbolic.rule_state import constants
from vatspolicy.authoring.symbolic.timeline import Days
from vatspolicy.authoring.symbolic.times import END, Period, parameters
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Rule

DECIDING = ("classify", "deny", "need", "route")
"""Effects on which a decision word depends."""


def asked(base: Bundle, head: Bundle, as_of: str | None) -> Period | None:
    """The days that are asked about: all that both bundles cover, or one; None when they do not cover that one."""
    since = max(base.covers_from, head.covers_from)
    if as_of is None:
        return Period(since, END)
    return Period(as_of, iso(ordinal(as_of) + 1)) if as_of >= since else None


def differing(base: Bundle, head: Bundle, period: Period) -> Period | None:
    """The days on which the decision words of two bundles may differ, as one stretch; None when they never do.

    Rules that say the same in the same words, with the same parameter values on the same days, make no difference.
    """
    setting = Query(period, {}, schemas=head.schemas)
    one, two = setting.reading(base), setting.reading(head)
    if one.way != two.way:
        return period
    before, after = (dict(_said(reading)) for reading in (one, two))
    spans: list[Days] = []
    for name in before.keys() | after.keys():
        if before.get(name, [None])[1:] != after.get(name, [None])[1:]:
            spans += [side[name][0] for side in (before, after) if name in side]
    if not spans:
        return None
    return Period(iso(min(first for first, _ in spans)), iso(max(last for _, last in spans) + 1))


def _said(reading: SymbolicRuleSet) -> Iterator[tuple[str, Any]]:
    """What every deciding rule says, with its days."""
    for key, rules in reading.law.rules.items():
        if key.partition("/")[2] in DECIDING:
            for rule in rules:
                yield rule.name, [reading.law.span(rule), *_content(reading, rule)]


def _content(reading: SymbolicRuleSet, rule: Rule) -> list[Any]:
    texts = [reading.texts(expression, SymbolicActivation({})) for expression in expressions_of(rule)]
    kinds = [reading.kind(name) for name in sorted(named_by(rule))]
    return [rule.each, reading.law.span(rule), constants(rule), texts, kinds]


def turning_days(bundle: Bundle) -> set[str]:
    """Days on which what decides may change: a rule begins or ends, or a value does that such a rule reads."""
    days: set[str] = set()
    expressions = [i.covers for i in bundle.instruments.values() if i.covers is not None]
    for policy in bundle.policies.values():
        for rule in policy.rules:
            if rule.kind in DECIDING:
                days |= {rule.since, rule.until}
                expressions += expressions_of(rule)
    keys = frozenset[str]().union(*map(parameters, expressions))
    for policy in bundle.policies.values():
        for parameter in policy.parameters.values():
            if parameter.key in keys:
                days |= {value.since for value in parameter.values}
    return days
