"""Law to formulas: who is licensed, which routes are open, which classes a service has, and the decision word.

It mirrors `access`, `classify`, `subject` and `evaluate`; tests hold them together on random profiles.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.analysis.domain import Space, operator
from vatspolicy.analysis.encode import Encoder
from vatspolicy.analysis.formula import FALSE, TRUE
from vatspolicy.analysis.questions import Scope
from vatspolicy.analysis.values import (
    KNOWN_TRUE,
    UNKNOWN,
    Cases,
    Const,
    Rail,
    Record,
    Slots,
    Value,
    constant,
    known,
)
from vatspolicy.bundle import Law
from vatspolicy.policy import Classify, Expression, Instrument, Need, Route, Rule
from vatspolicy.vocabulary import words


@dataclass(frozen=True)
class Levels:
    """How strict a decision is at least: formulas that the word is needs-license or stricter, and that it is deny.

    `low` is about what is certain, `high` about what is possible.
    """

    low: tuple[int, int] = (FALSE, FALSE)
    high: tuple[int, int] = (FALSE, FALSE)


@dataclass
class Reading:
    """The law of some days, asked of one space."""

    space: Space
    encoder: Encoder
    law: Law
    as_of: Value
    params: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    """Parameters of expressions that are not the law's own, by identity of the expression."""
    _truths: dict[tuple[int, Any], Rail] = field(default_factory=dict)

    def ask(self, expression: Expression, scope: Scope) -> Rail:
        """The truth of an expression. Raises Unsupported."""
        key = (id(expression), scope.subject)
        if key not in self._truths:
            params = self.params_of(expression)
            found = self.encoder.once(
                expression.tree, scope, params, lambda: self.encoder.truth(expression.tree, scope, params)
            )
            assert isinstance(found, Rail)
            self._truths[key] = found
        return self._truths[key]

    def params_of(self, expression: Expression) -> Mapping[str, Any]:
        """The parameters that an expression reads."""
        return self.params.get(id(expression), self.law.params)

    # --- subjects

    def product_scope(self) -> Scope:
        """Variables of product rules."""
        return Scope({**self.space.roots, "as_of": self.as_of}, ())

    def service_scope(self, service: Record) -> Scope:
        """Variables of service rules."""
        values = {
            **self.product_scope().values,
            "service": ((TRUE, service),),
            "operator": operator(self.space, service),
        }
        return Scope(values, (("service", service.path), ("operator", service.path)))

    def activity_scope(self, service: Record, cls: Cases, name: str) -> Scope:
        """Variables of activity rules; `name` tells the class from others."""
        outer = self.service_scope(service)

        def bare(field: str) -> Value:
            return cls if field == "class" else UNKNOWN

        def whole(field: str) -> Value:
            return cls if field == "class" else self.licensed(without)

        without = outer.bind("activity", ((TRUE, Record("activity", {}, bare)),), name).bind("licensed", (), "")
        inner = outer.bind("activity", ((TRUE, Record("activity", {}, whole)),), name)
        return inner.bind("licensed", (), f"{self.way} {service.path}")  # whose licences count depends on the service

    @functools.cached_property
    def way(self) -> str:
        """What makes an activity licensed under this law, as a short text: the same for laws in which the same does."""
        return self.encoder.questions.number([(name, self.kind(name)) for name in self.law.access])

    def kind(self, name: str) -> Any:
        """When an instrument is held, the same for instruments that are held in the same cases."""
        instrument = self.law.instruments[name]
        covers = instrument.covers
        text = covers and self.encoder.questions.of(covers.tree, Scope({}), self.params_of(covers))
        return (name, instrument.no_term, text)

    # --- access

    def licensed(self, scope: Scope) -> Rail:
        """Whether the operator holds any instrument that a route leads to."""
        return self.encoder.some([self.held(scope, instrument) for instrument in self.law.access])

    def held(self, scope: Scope, name: str, holder: str = "operator") -> Rail:
        """Whether the holder has the instrument for this class and place on this day."""
        key = (self.question(scope, name), holder, dict(scope.subject).get("operator"))
        if key not in self.encoder.held:
            self.encoder.held[key] = self.work_out(scope, name, holder)
        return self.encoder.held[key]

    def work_out(self, scope: Scope, name: str, holder: str) -> Rail:
        """The same, made anew."""
        instrument = self.law.instruments[name]
        entity = scope.values.get(holder, ())
        assert not isinstance(entity, Rail)
        options = []
        for guard, company in entity:
            assert isinstance(company, Record)
            lists = company.get("licences")
            assert not isinstance(lists, Rail)
            for _, base in lists:
                assert isinstance(base, Slots)
                self.space.ask(base.path, ("held", self.question(scope, name)))
                found = [(exists, self.covers(scope, instrument, licence)) for exists, licence in base.members]
                pool = self.space.pool
                options.append(
                    (
                        guard,
                        self.encoder.some(
                            Rail(pool.conjoin((exists, value.true)), pool.disjoin((-exists, value.false)))
                            for exists, value in found
                        ),
                    )
                )
        return self.encoder.choose(options)

    def question(self, scope: Scope, name: str) -> Any:
        """The same for two questions whether an instrument is held that must have the same answer."""
        covers = self.law.instruments[name].covers
        subject = ()
        if covers is not None:
            inner = scope.bind("licence", (), "")
            subject = self.encoder.questions.of(covers.tree, inner, self.params_of(covers))
        return self.encoder.questions.number([self.kind(name), subject])

    def covers(self, scope: Scope, instrument: Instrument, licence: Record) -> Rail:
        """Whether one licence is the instrument, valid and about this activity."""
        pool = self.space.pool
        same = self.encoder.comparison("==", licence.get("instrument"), constant(instrument.id))
        if same.true == FALSE:
            return same
        valid = self.valid(instrument, licence)
        parts = [same, valid]
        if instrument.covers is not None:
            parts.append(self.ask(instrument.covers, scope.bind("licence", ((TRUE, licence),), licence.path)))
        whole = self.encoder.every(parts)
        return Rail(whole.true, pool.disjoin((same.false, whole.false)))

    def valid(self, instrument: Instrument, licence: Record) -> Rail:
        """Whether a held instrument is valid: by its last day, else by what the profile confirms."""
        pool = self.space.pool
        stated, last = licence.get("valid"), licence.get("valid_until")
        assert isinstance(stated, Rail) and not isinstance(last, Rail)
        if instrument.no_term:
            stated = Rail(-stated.false, stated.false)
        by_day = self.encoder.comparison(">=", last, self.as_of)
        by_day = Rail(pool.conjoin((-stated.false, by_day.true)), pool.disjoin((stated.false, by_day.false)))
        has_last = known(pool, last)
        return self.encoder.choose(((has_last, by_day), (-has_last, stated)))

    def route(self, scope: Scope, rule: Rule) -> RouteRails:
        """What becomes of a route."""
        effect = rule.effect
        assert isinstance(effect, Route)
        pool = self.space.pool
        applies = self.ask(rule.when, scope)
        share = KNOWN_TRUE
        if effect.max_foreign_percent is not None and applies.false != TRUE:
            cap = self.encoder.cases(effect.max_foreign_percent.tree, scope, self.params_of(effect.max_foreign_percent))
            entity = scope.values.get("operator", ())
            percent = self.encoder.read(entity, "foreign_percent")
            share = self.encoder.comparison("<=", percent, cap)
        checks = [] if applies.false == TRUE else [self.ask(c.check, scope) for c in effect.conditions]
        whole = self.encoder.every((share, *checks))
        usable = pool.conjoin((-applies.false, -whole.false))
        opened = pool.conjoin((applies.true, whole.true))
        return RouteRails(applies, share, tuple(checks), usable, opened)

    # --- classes

    def classes(self, scope: Scope) -> Classes:
        """What the classify rules say of a service."""
        pool = self.space.pool
        opinion = self.encoder.read(scope.values["service"], "class_opinion")
        assert not isinstance(opinion, Rail)
        has_opinion = known(pool, opinion)
        named = self.encoder.read(opinion, "classes")
        assert not isinstance(named, Rail)
        certain: dict[str, list[int]] = {}
        possible: dict[str, list[int]] = {}
        other: dict[str, list[int]] = {}
        spoke = []
        for rule in self.law.of("service", "classify"):
            effect = rule.effect
            assert isinstance(effect, Classify)
            holds = self.ask(rule.when, scope)
            if holds.false == TRUE:
                continue
            spoke.append(holds.true)
            for cls in effect.classes:
                own = -has_opinion if rule.contested else TRUE
                certain.setdefault(cls, []).append(pool.conjoin((holds.true, own)))
                possible.setdefault(cls, []).append(pool.conjoin((-holds.false, own)))
            for cls in effect.otherwise:
                if cls != "none":
                    other.setdefault(cls, []).append(pool.conjoin((holds.true, -has_opinion)))
            if rule.contested:
                for cls in sorted(words("class")):
                    by_opinion = pool.disjoin(
                        pool.conjoin((held, self.encoder.member(Const(cls), chosen))) for held, chosen in named
                    )
                    certain.setdefault(cls, []).append(pool.conjoin((holds.true, by_opinion)))
                    possible.setdefault(cls, []).append(pool.conjoin((-holds.false, by_opinion)))
        return Classes(
            {cls: pool.disjoin(found) for cls, found in certain.items()},
            {cls: pool.disjoin(found) for cls, found in possible.items()},
            {cls: pool.disjoin(found) for cls, found in other.items()},
            pool.disjoin(spoke),
        )

    # --- the decision

    def decision(self, services: Iterable[tuple[int, Record]], tell: bool = True) -> Levels:
        """How strict the decision is for the product and the services that exist, each with that formula.

        `tell`: a product without any service is undecided, as it is in `evaluate`.
        """
        pool = self.space.pool
        services = tuple(services)
        levels = [self.rules("product", self.product_scope())]
        for exists, service in services:
            levels.append(self.where(exists, self.service(service)))
        if tell:
            nothing = pool.conjoin(-exists for exists, _ in services)
            levels.append(Levels(high=(nothing, nothing)))
        return self.strictest(levels)

    def service(self, service: Record) -> Levels:
        """How strict the decision is for one service."""
        pool = self.space.pool
        scope = self.service_scope(service)
        found = self.classes(scope)
        levels = [self.rules("service", scope), Levels(high=(-found.spoke, -found.spoke))]
        for cls, possible in found.possible.items():
            certain = found.certain.get(cls, FALSE)
            exists = pool.disjoin((certain, possible))
            if exists == FALSE:
                continue
            own = self.rules("activity", self.activity_scope(service, ((TRUE, Const(cls)),), cls))
            levels.append(self.where(certain, own, exists))
        return self.strictest(levels)

    def strictest(self, levels: Iterable[Levels]) -> Levels:
        """The strictest of several."""
        levels = tuple(levels)
        pool = self.space.pool
        return Levels(
            (pool.disjoin(x.low[0] for x in levels), pool.disjoin(x.low[1] for x in levels)),
            (pool.disjoin(x.high[0] for x in levels), pool.disjoin(x.high[1] for x in levels)),
        )

    def rules(self, each: str, scope: Scope) -> Levels:
        """How strict the rules are on one subject."""
        pool = self.space.pool
        levels = []
        for rule in self.law.of(each, "deny"):
            holds = self.ask(rule.when, scope)
            levels.append(Levels((holds.true, holds.true), (-holds.false, -holds.false)))
        for rule in self.law.of(each, "need"):
            holds = self.ask(rule.when, scope)
            if holds.false == TRUE:
                continue
            effect = rule.effect
            assert isinstance(effect, Need)
            if effect.through is not None:
                levels.append(self.where(holds.true, self.access(scope, effect.through), -holds.false))
                continue
            assert effect.instrument is not None
            has = self.held(scope, effect.instrument, effect.bearer if each != "product" else "company")
            levels.append(
                Levels(
                    (pool.conjoin((holds.true, has.false)), FALSE),
                    (pool.conjoin((-holds.false, -has.true)), FALSE),
                )
            )
        return self.strictest(levels)

    def access(self, scope: Scope, to: str) -> Levels:
        """How strict a need is that routes answer."""
        pool = self.space.pool
        usable, opened, met, perhaps_met = [], [], [], []
        for rule in self.law.of("activity", "route"):
            effect = rule.effect
            assert isinstance(effect, Route)
            state = self.route(scope, rule) if effect.to == to else None
            if state is None or state.usable == FALSE:
                continue
            has = self.held(scope, effect.instrument)
            usable.append(state.usable)
            opened.append(state.opened)
            met.append(pool.conjoin((state.opened, has.true)))
            perhaps_met.append(pool.conjoin((state.usable, -has.false)))
        # no route: deny; one open and held: met; else a licence is needed unless one might be held
        return Levels(
            (-pool.disjoin(perhaps_met), -pool.disjoin(usable)),
            (-pool.disjoin(met), -pool.disjoin(opened)),
        )

    def where(self, condition: int, levels: Levels, possible: int | None = None) -> Levels:
        """The levels where a condition holds; `possible`: where they are possible, if that is more."""
        pool = self.space.pool
        possible = condition if possible is None else possible
        return Levels(
            (pool.conjoin((condition, levels.low[0])), pool.conjoin((condition, levels.low[1]))),
            (pool.conjoin((possible, levels.high[0])), pool.conjoin((possible, levels.high[1]))),
        )


@dataclass(frozen=True)
class RouteRails:
    """What becomes of a route: the truths behind it, and whether it is not closed, and open."""

    applies: Rail
    share: Rail
    checks: tuple[Rail, ...]
    usable: int
    opened: int


@dataclass(frozen=True)
class Classes:
    """What the classify rules say of a service, by class: found, found or possible, and found under another reading."""

    certain: dict[str, int]
    possible: dict[str, int]
    other: dict[str, int]
    spoke: int
    """That any rule speaks."""
