"""The fields of the law that affect decisions, and the fields that each part of the program supports.

Proofs and the tests of policies each implement the law again. Each of them refuses a field that it does
not support. If it ignored the field, its answer would be about a different law.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import (
    Advise,
    Classify,
    Condition,
    Deny,
    Duty,
    Expression,
    Instrument,
    Need,
    Override,
    Parameter,
    Reading,
    Readings,
    Route,
    Rule,
    Value,
)
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.i18n import _

Part: TypeAlias = Rule | Instrument | Parameter
Fields: TypeAlias = Mapping[type, frozenset[str]]
"""Names of fields by the class that has them."""

WORDING: Fields = {
    Rule: frozenset({"policy", "id", "line", "message", "template", "cite", "verification"}),
    Route: frozenset({"title"}),
    Condition: frozenset({"message", "template", "cite", "verification"}),
    Readings: frozenset({"why", "settled_by"}),
    Reading: frozenset({"held_by"}),
}
"""Fields that decide nothing: names, places, words for people, and the articles that are cited."""

COMPARED: Fields = {
    Rule: frozenset({"since", "until", "when", "overrides"}),
    Route: frozenset({"share_cap"}),
    Condition: frozenset({"check", "cap"}),
}
"""Fields that a proof compares by their meaning: days, replaced rules, the truth of an expression."""

_UNORDERED: Fields = {
    Classify: frozenset({"classes"}),
    Route: frozenset({"conditions"}),
    Readings: frozenset({"others"}),
}

KNOWN: Fields = {
    kind: frozenset(names.split()) | WORDING.get(kind, frozenset()) | COMPARED.get(kind, frozenset())
    for kind, names in {
        Rule: "each kind effect readings unwaivable is_unread",
        Classify: "classes",
        Deny: "reason curable",
        Need: "instrument through bearer",
        Route: "to name instrument conditions",
        Condition: "id where reason is_unread",
        Duty: "instrument due bearer",
        Advise: "kind",
        Readings: "others",
        Reading: "name",
        Override: "rule reason owner",
        Instrument: "id policy title authority covers no_term",
        Parameter: "key title values",
        Value: "since cite value",
    }.items()
}
"""Fields that every reader knows. This is not derived from the model: a new field is unknown until it is added."""


class UnknownField(ValueError):
    """A field unknown to a part of the program, as a clause without its period."""

    def __init__(self, part: Part, field: str, reader: str) -> None:
        name = part.name if isinstance(part, Rule) else part.id if isinstance(part, Instrument) else part.key
        super().__init__(_("{name} has {field}, which {reader} cannot read", name=name, field=field, reader=reader))


class Reader(NamedTuple):
    """A part of the program that implements the semantics of the law.

    One that is taught a field adds it to its own: `{**KNOWN, Need: KNOWN[Need] | {"grace"}}`.
    """

    name: str
    known: Fields = KNOWN

    def check(self, parts: Iterable[Part]) -> None:
        """Raise UnknownField for a field that has a non-default value and that this reader does not know."""
        for part in parts:
            field = self._find_unknown(part)
            if field is not None:
                raise UnknownField(part, field, self.name)

    def _find_unknown(self, part: object) -> str | None:
        """Return the path of the first unknown field of an object; empty for an object of an unknown class."""
        kind: Any = type(part)
        known = next((self.known[base] for base in kind.__mro__ if base in self.known), None)
        if known is None:
            return ""
        for name, default in _fields(kind):
            value = getattr(part, name)
            if name not in known and value != default:
                return name
            within = map(self._find_unknown, _objects_in(value) if name in known else ())
            inner = next((field for field in within if field is not None), None)
            if inner is not None:
                shown = part.kind if isinstance(part, Rule) and name == "effect" else name
                return f"{shown}.{inner}".rstrip(".")
        return None


PROOFS = Reader(_("a proof"))
TESTS = Reader(_("the test runner"))


def parts_of(law: Bundle | RuleSet) -> Iterator[Part]:
    """Yield the rules and instruments of a law, and the parameters of a bundle."""
    if isinstance(law, RuleSet):
        yield from itertools.chain(*law.rules.values())
    else:
        for policy in law.policies.values():
            yield from policy.rules
            yield from policy.parameters.values()
    yield from law.instruments.values()


def effect_constants(rule: Rule) -> Any:
    """Return the deciding fields of a rule as plain data, without wording and fields compared by meaning."""
    return _constants(rule)


def _constants(value: Any) -> Any:
    kind: Any = type(value)
    if kind is Expression:
        return value.stored.hex()
    if isinstance(value, Mapping):
        return [(key, _constants(value[key])) for key in sorted(value)]
    deciding = _deciding(kind)
    if deciding:
        values = ((name, _constants(getattr(value, name)), is_set) for name, is_set in deciding)
        return [(name, sorted(constants, key=repr) if is_set else constants) for name, constants, is_set in values]
    return [_constants(child) for child in value] if isinstance(value, list | tuple) else value


@functools.cache
def _deciding(kind: type) -> tuple[tuple[str, bool], ...]:
    """Return the fields of a class of the model that are constants, and whether each is a list without an order."""
    return tuple(
        (name, any(name in _UNORDERED.get(base, ()) for base in kind.__mro__))
        for name, _ in _fields(kind)
        if not any(name in table.get(base, ()) for table in (WORDING, COMPARED) for base in kind.__mro__)
    )


@functools.cache
def _fields(kind: Hashable) -> tuple[tuple[str, Any], ...]:
    """Return the fields of a class of the model, each with its default; none for another class."""
    if dataclasses.is_dataclass(kind):
        return tuple((field.name, field.default) for field in dataclasses.fields(kind))
    defaults = getattr(kind, "_field_defaults", {})
    return tuple((name, defaults.get(name, dataclasses.MISSING)) for name in getattr(kind, "_fields", ()))


def _objects_in(value: Any) -> Iterator[object]:
    """Yield the objects of the model in the value of a field, without expressions."""
    for member in value if type(value) is tuple else (value,):
        kind: Any = type(member)
        if kind is not Expression and _fields(kind):
            yield member
