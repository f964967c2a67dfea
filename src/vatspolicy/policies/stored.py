"""Policies as a compiled bundle keeps them: each is built when something of it is first asked for.

A table says of every rule what it takes to choose those of a day. The words of the law, the trees and all else lie in
one piece of plain data for each policy: a decision builds the policies and the rules that it speaks of, and no others.
What is built is built once, so that rules and expressions keep their identity.
"""

from __future__ import annotations

import functools
import marshal
import os
from _thread import allocate_lock
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from vatspolicy.cel.codegen import GeneratedModule
from vatspolicy.policies.model import Expression, Instrument, Parameter, Policy, Route, Rule, build_policy, build_rule

if TYPE_CHECKING:
    from typing import Any, TypeAlias, TypeVar

    T = TypeVar("T")

Buffer: TypeAlias = "bytes | memoryview"

id_of = id
"""The identity of an object, where `id` is that of a policy or a rule."""


class _Late:
    """An object of which only what the table says is there until more is asked for: then its rule is built, and it
    becomes one of the plain kind.
    """

    def __getattr__(self, name: str) -> Any:
        self._complete()
        try:
            return vars(self)[name]  # another thread may have been first
        except KeyError:
            raise AttributeError(f"{type(self).__qualname__!r} object has no attribute {name!r}") from None

    def _complete(self) -> None:
        home = vars(self).get("_home")
        if home is not None:
            policies, id, index = home
            policies.complete(id, index)

    def __reduce__(self) -> Any:
        """An object of the plain kind, with everything that it has."""
        plain = type(self).__bases__[1]
        self._complete()
        return _blank, (plain,), dict(vars(self))


def _blank(kind: type) -> Any:
    return object.__new__(kind)


class _LateExpression(_Late, Expression):
    """When a rule holds."""

    @property
    def conjuncts(self) -> list[Any]:
        """The parts that must all hold for it to be true."""
        self._complete()
        return self.conjuncts  # now of the plain kind


class _LateRule(_Late, Rule):
    """A rule."""


_LateExpression.__qualname__, _LateRule.__qualname__ = Expression.__qualname__, Rule.__qualname__  # as they are shown


class _ByName(Mapping[str, "T"]):
    """What is got by name, one at a time; pickled as a plain dictionary."""

    _homes: Mapping[str, Any]
    """By name, what it takes to get it."""

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)

    def __contains__(self, name: object) -> bool:
        return name in self._homes

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


class Policies(_ByName[Policy]):
    """The policies of a compiled bundle by id, in order."""

    def __init__(self, data: Mapping[str, Any], pieces: Sequence[Buffer], prefix: str) -> None:
        """`data` as `store` makes it, and all else that is known of each policy as `marshal` has it, in their order.

        Files are named below `prefix`. Raises what a Mapping does for other data.
        """
        self._prefix, self._built, self._lock = prefix, dict[str, Policy](), allocate_lock()
        self._parts: dict[str, Any] = {}
        self._homes: dict[str, tuple[str, int, Buffer, list[_LateRule]]] = {}
        self.rules: list[Rule] = []
        """Every rule, in order."""
        self.parameters: list[tuple[str, list[tuple[str, Any]]]] = data["parameters"]
        """Every parameter by its key, with its days and values."""
        self.places: dict[int, str] = {}
        """The places of expressions, by identity, as far as they are built."""
        for (id, name, first, table), piece in zip(data["policies"], pieces, strict=True):
            rules = [self._rule((self, id, index), id, *row) for index, row in enumerate(table)]
            self._homes[id] = (name, first, piece, rules)
            self.rules += rules

    def _rule(
        self,
        home: tuple[Policies, str, int],
        policy: str,
        id: str,
        each: str,
        kind: str,
        since: str,
        until: str,
        place: str,
        leads: str,
    ) -> _LateRule:
        rule, when = _LateRule.__new__(_LateRule), _LateExpression.__new__(_LateExpression)
        vars(when).update(_home=home)
        vars(rule).update(
            _home=home,
            _leads=leads,
            policy=policy,
            id=id,
            each=each,
            kind=kind,
            since=since,
            until=until,
            when=when,
        )
        self.places[id_of(when)] = place
        return rule

    def __getitem__(self, id: str) -> Policy:
        policy = self._built.get(id)
        if policy is None:
            with self._lock:
                policy = self._built.get(id) or self._build(id)
        return policy

    def _build(self, id: str) -> Policy:
        name, first, _, rules = self._homes[id]
        data, lines, trees = self._read(id)
        policy = build_policy(data, os.path.join(self._prefix, name), lines, trees, tuple(rules))
        self._note(first, _of_instruments(policy))
        self._built[id] = policy
        return policy

    def complete(self, id: str, index: int) -> None:
        """Build a rule of a policy, unless it is."""
        late = self._homes[id][3][index]
        with self._lock:
            if "_home" not in vars(late):
                return
            data, lines, trees = self._read(id)
            built = build_rule(data, index, lines, trees)
            vars(late.when).update(vars(built.when))
            vars(late).update(vars(built), when=late.when)
            self._note(int(self.places[id_of(late.when)]), _of_rule(late))
            del vars(late)["_home"], vars(late.when)["_home"]
            # of the plain kind from now on, whose attributes are read faster
            object.__setattr__(late.when, "__class__", Expression)
            object.__setattr__(late, "__class__", Rule)

    def _read(self, id: str) -> Any:
        """What is known of a policy: its data, lines and trees."""
        parts = self._parts.get(id)
        if parts is None:
            parts = self._parts[id] = marshal.loads(self._homes[id][2])  # noqa: S302 - of an entry that was found whole
        return parts

    def _note(self, first: int, expressions: Iterable[Expression]) -> None:
        """Expressions have their places one after the other."""
        for place, expression in enumerate(expressions, first):
            self.places[id_of(expression)] = str(place)


class Instruments(_ByName[Instrument]):
    """The instruments of a compiled bundle by name."""

    def __init__(self, policies: Policies, homes: Mapping[str, str], fixed: Mapping[str, tuple[str, ...]]) -> None:
        self._policies, self._homes = policies, homes
        self.fixed = fixed
        """Who is in charge of those that are with the same authority whatever the facts."""

    def __getitem__(self, name: str) -> Instrument:
        return self._policies[self._homes[name]].instruments[name]


class LateModule(GeneratedModule):
    """Generated code that is read when it is first run."""

    def __init__(self, piece: Buffer) -> None:
        self._piece = piece

    def __reduce__(self) -> Any:
        """A view is of this process alone."""
        return LateModule, (bytes(self._piece),)

    @functools.cached_property
    def _parts(self) -> dict[str, Any]:  # type: ignore[override]
        parts: dict[str, Any] = marshal.loads(self._piece)  # noqa: S302 - a part of an entry that was found whole
        return parts


# --- what is asked of all policies, built or not -------------------------------------------------------------------


def store(entries: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> dict[str, Any]:
    """Plain data for Policies and Instruments, of entries as `build_policy` takes them; `names` are those to keep."""
    policies, instruments, fixed, place = [], {}, {}, 0
    parameters: list[tuple[str, list[tuple[str, Any]]]] = []
    for entry in entries:
        policy = build_policy(entry["data"], entry["file"], entry["lines"], entry["trees"])
        places = {id_of(one): number for number, (_, one) in enumerate(expressions_of([policy]), place)}
        table = [
            (
                rule.id,
                rule.each,
                rule.kind,
                rule.since,
                rule.until,
                str(places[id_of(rule.when)]),
                rule.effect.instrument if isinstance(rule.effect, Route) else "",
            )
            for rule in policy.rules
        ]
        place += len(places)
        policies.append((policy.id, names[entry["file"]], place - len([*_of_instruments(policy)]), table))
        parameters += [
            (parameter.key, [(value.since, value.value) for value in parameter.values])
            for parameter in policy.parameters.values()
        ]
        for name, instrument in policy.instruments.items():
            instruments[name] = policy.id
            if instrument.authority[0][0].is_true:
                fixed[name] = instrument.authority[0][1]
    return {
        "policies": policies,
        "parameters": parameters,
        "instruments": instruments,
        "fixed": fixed,
    }


def expressions_of(policies: Iterable[Policy]) -> Iterator[tuple[Policy, Expression]]:
    """Every expression of policies, in a fixed order, with the policy it stands in."""
    for policy in policies:
        for rule in policy.rules:
            yield from ((policy, expression) for expression in _of_rule(rule))
        yield from ((policy, expression) for expression in _of_instruments(policy))


def _of_rule(rule: Rule) -> Iterator[Expression]:
    yield rule.when
    if isinstance(rule.effect, Route):
        if rule.effect.max_foreign_percent is not None:
            yield rule.effect.max_foreign_percent
        yield from (condition.check for condition in rule.effect.conditions)


def _of_instruments(policy: Policy) -> Iterator[Expression]:
    for instrument in policy.instruments.values():
        yield from (when for when, _ in instrument.authority)
        if instrument.covers is not None:
            yield instrument.covers


def rules_of(policies: Mapping[str, Policy]) -> Iterable[Rule]:
    """Every rule, in order."""
    if isinstance(policies, Policies):
        return policies.rules
    return (rule for policy in policies.values() for rule in policy.rules)


def values_on(policies: Mapping[str, Policy], day: str) -> dict[str, Any]:
    """The value of every parameter on a day, by its key; its first where it has none yet."""
    if isinstance(policies, Policies):
        dated: Iterable[tuple[str, list[tuple[str, Any]]]] = policies.parameters
    else:
        parameters: Iterable[Parameter] = (one for policy in policies.values() for one in policy.parameters.values())
        dated = ((one.key, [(value.since, value.value) for value in one.values]) for one in parameters)
    return {
        key: next((value for since, value in reversed(values) if since <= day), values[0][1]) for key, values in dated
    }


def leads_to(route: Rule) -> str:
    """The instrument of a route."""
    leads: str | None = vars(route).get("_leads")
    return leads or route.effect.instrument  # type: ignore[union-attr,return-value]


def days_of(policies: Mapping[str, Policy]) -> set[str]:
    """Every day on which a rule, a parameter or an edition begins or ends."""
    days: set[str] = set()
    for policy in policies.values():
        days |= {rule.since for rule in policy.rules} | {rule.until for rule in policy.rules}
        days |= {value.since for parameter in policy.parameters.values() for value in parameter.values}
        days |= {edition.since for edition in policy.editions}
    return days
