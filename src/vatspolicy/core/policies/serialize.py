"""Policies as plain data: the form in which a compiled bundle keeps them."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any, TypeAlias

from vatspolicy.core.policies.model import (
    EFFECTS,
    Article,
    Condition,
    Edition,
    Expression,
    Instrument,
    Override,
    Parameter,
    Policy,
    Reading,
    Readings,
    Route,
    Rule,
    Value,
)

Row: TypeAlias = tuple[Any, ...]
"""An object as the tuple of its fields, in the order of the class."""


def policy_to_data(policy: Policy) -> Row:
    """Return a policy as nested tuples and dictionaries."""
    row: Row = _to_data(policy)
    return row


def policy_from_data(row: Row, folder: str) -> Policy:
    """Build the policy from the data of `policy_to_data`. Its file is named below a folder."""
    (id, version, title, topics, source, editions, since, until, supersedes, uses) = row[:10]
    (articles, instruments, parameters, terms, term_lines, rules, file) = row[10:]
    return Policy(
        id,
        version,
        title,
        topics,
        source,
        tuple(Edition(*edition) for edition in editions),
        since,
        until,
        supersedes,
        uses,
        {key: Article(*article) for key, article in articles.items()},
        {name: _instrument(*instrument) for name, instrument in instruments.items()},
        {name: _parameter(*parameter) for name, parameter in parameters.items()},
        terms,
        term_lines,
        tuple(_rule(rule) for rule in rules),
        os.path.join(folder, file),
    )


def _to_data(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return tuple(_to_data(getattr(value, field.name)) for field in dataclasses.fields(value))
    if isinstance(value, tuple):
        return tuple(map(_to_data, value))
    return {key: _to_data(entry) for key, entry in value.items()} if isinstance(value, Mapping) else value


def _rule(row: Row) -> Rule:
    (policy, id, cite, each, since, until, when, kind, effect) = row[:9]
    (message, readings, unwaivable, line, verification, is_unread, overrides, template) = row[9:]
    return Rule(
        policy,
        id,
        cite,
        each,
        since,
        until,
        Expression(*when),
        kind,
        _route(*effect) if kind == "route" else EFFECTS[kind](*effect),
        message,
        _readings(*readings) if readings else None,
        unwaivable,
        line,
        verification,
        is_unread,
        Override(*overrides) if overrides else None,
        template,
    )


def _readings(why: Any, settled_by: Any, others: Row) -> Readings:
    return Readings(why, settled_by, tuple(Reading(*other) for other in others))


def _route(to: str, name: str, title: Any, instrument: str, conditions: Row, share_cap: Row | None) -> Route:
    built = tuple(_condition(*condition) for condition in conditions)
    return Route(to, name, title, instrument, built, None if share_cap is None else _condition(*share_cap))


def _condition(
    id: str,
    where: bool,
    reason: str,
    cite: Row,
    check: Row,
    message: Any,
    verification: str,
    cap: Row | None,
    is_unread: bool,
    template: Any,
) -> Condition:
    limit = None if cap is None else Expression(*cap)
    return Condition(id, where, reason, cite, Expression(*check), message, verification, limit, is_unread, template)


def _instrument(id: str, policy: str, title: Any, authority: Row, covers: Row | None, no_term: bool) -> Instrument:
    bodies = tuple((Expression(*when), names) for when, names in authority)
    return Instrument(id, policy, title, bodies, None if covers is None else Expression(*covers), no_term)


def _parameter(key: str, title: Any, values: Row) -> Parameter:
    return Parameter(key, title, tuple(Value(*value) for value in values))
