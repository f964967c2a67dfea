"""Law to formulas: who is licensed, which routes are open, which classes a service has, and the decision word.

It mirrors `access`, `classify`, `subject` and `evaluate`; tests hold them together on random profiles.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.authoring.symbolic.domain import AS_OF, Space, operator
from vatspolicy.authoring.symbolic.encoder import Encoder
from vatspolicy.authoring.symbolic.formula import FALSE, TRUE
from vatspolicy.authoring.symbolic.license_encoder import has_instrument
from vatspolicy.authoring.symbolic.lists import member
from vatspolicy.authoring.symbolic.questions import SymbolicActivation
from vatspolicy.authoring.symbolic.timeline import Days, RuleSetHistory
from vatspolicy.authoring.symbolic.values import (
    KNOWN_FALSE,
    KNOWN_TRUE,
    UNKNOWN,
    Cases,
    Const,
    DualRail,
    Record,
    Value,
    guard,
    known,
    merge,
)
from vatspolicy.policies.model import Classify, Expression, Need, Route, Rule
from vatspolicy.profile.vocabulary import words

Versions = tuple[tuple[int, Mapping[str, Any]], ...]
"""Parameter values, each with the formula that they are those of the day."""


@dataclass(frozen=True)
class Levels:
    """How strict a decision is at least: formulas that the word is needs-license or stricter, and that it is deny.

    `low` is about what is certain, `high` about what is possible.
    """

    low: tuple[int, int] = (FALSE, FALSE)
    high: tuple[int, int] = (FALSE, FALSE)


@dataclass
class SymbolicRuleSet:
    """The law of some days, asked of one space."""

    space: Space
    encoder: Encoder
    law: RuleSetHistory
    as_of: Value
    like: SymbolicRuleSet | None = None
    """A reading of a law that shares rules with this one: what is common is asked once."""
    _truths: dict[tuple[int, Any], DualRail] = field(default_factory=dict)
    _versions: dict[int, Versions] = field(default_factory=dict)

    # --- days

    def between(self, days: Days) -> int:
        """That the day is one of them."""
        pool, (first, last) = self.space.pool, days
        return pool.conjoin((pool.at_most({AS_OF: 1}, last), -pool.at_most({AS_OF: 1}, first - 1)))

    def in_force(self, rule: Rule) -> int:
        """That a rule is in force."""
        span = self.law.span(rule)
        return FALSE if span is None else self.between(span)

    def versions(self, expression: Expression) -> Versions:
        """What an expression is read with, each with the formula that it is so on that day."""
        found = self._versions.get(id(expression))
        if found is None:
            own = self.law.versions(expression)
            whole = len(own) == 1  # outside the days of its rule nobody looks at it
            found = tuple((TRUE if whole else self.between(days), params) for days, params in own)
            self._versions[id(expression)] = found
        return found

    # --- expressions

    def ask(self, expression: Expression, scope: SymbolicActivation) -> DualRail:
        """The truth of an expression. Raises Unsupported."""
        key = (id(expression), scope.subject)
        if key not in self._truths and self.like is not None and self.law.shares(expression, self.like.law):
            self._truths[key] = self.like.ask(expression, scope)
        if key not in self._truths:
            self._truths[key] = self.encoder.choose(
                (held, self._truth(expression, scope, params)) for held, params in self.versions(expression)
            )
        return self._truths[key]

    def _truth(self, expression: Expression, scope: SymbolicActivation, params: Mapping[str, Any]) -> DualRail:
        tree = expression.tree
        found = self.encoder.once(tree, scope, params, lambda: self.encoder.truth(tree, scope, params))
        assert isinstance(found, DualRail)
        return found

    def value(self, expression: Expression, scope: SymbolicActivation) -> Cases:
        """The value of an expression that is no truth. Raises Unsupported."""
        return merge(
            *(
                case
                for held, params in self.versions(expression)
                for case in guard(self.space.pool, held, self.encoder.cases(expression.tree, scope, params))
            )
        )

    def holds(self, rule: Rule, scope: SymbolicActivation) -> DualRail:
        """The truth of a rule's condition, which is false on days on which the rule is not in force."""
        there = self.in_force(rule)
        if there == FALSE:
            return KNOWN_FALSE
        found, pool = self.ask(rule.when, scope), self.space.pool
        return DualRail(pool.conjoin((there, found.true)), pool.disjoin((-there, found.false)))

    # --- subjects

    def product_scope(self) -> SymbolicActivation:
        """Variables of product rules."""
        return SymbolicActivation({**self.space.roots, "as_of": self.as_of}, ())

    def service_scope(self, service: Record) -> SymbolicActivation:
        """Variables of service rules."""
        values = {
            **self.product_scope().values,
            "service": ((TRUE, service),),
            "operator": operator(self.space, service),
        }
        return SymbolicActivation(values, (("service", service.path), ("operator", service.path)))

    def activity_scope(self, service: Record, cls: Cases, name: str) -> SymbolicActivation:
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
        return self.encoder.questions.number([(there, self.kind(name)) for name, there in self.access_days.items()])

    @functools.cached_property
    def access_days(self) -> dict[str, int]:
        """Instruments that routes lead to, each with the formula that one does on that day."""
        pool = self.space.pool
        return {name: pool.disjoin(map(self.between, spans)) for name, spans in self.law.access.items()}

    def kind(self, name: str) -> Any:
        """When an instrument is held, the same for instruments that are held in the same cases."""
        instrument = self.law.instruments[name]
        covers = instrument.covers
        return (name, instrument.no_term, covers and self.texts(covers, SymbolicActivation({})))

    def texts(self, expression: Expression, scope: SymbolicActivation) -> Any:
        """The same for two expressions that must have the same value in every profile on every day."""
        questions = self.encoder.questions
        return [(held, questions.of(expression.tree, scope, params)) for held, params in self.versions(expression)]

    # --- access

    def licensed(self, scope: SymbolicActivation) -> DualRail:
        """Whether the operator holds any instrument that a route leads to."""
        pool = self.space.pool
        found = []
        for name, there in self.access_days.items():
            has = self.held(scope, name)
            found.append(DualRail(pool.conjoin((there, has.true)), pool.disjoin((-there, has.false))))
        return self.encoder.some(found)

    def held(self, scope: SymbolicActivation, name: str, holder: str = "operator") -> DualRail:
        """Whether the holder has the instrument for this class and place on this day."""
        key = (self.question(scope, name), holder, dict(scope.subject).get("operator"))
        if key not in self.encoder.held:
            self.encoder.held[key] = has_instrument(self, scope, name, holder)
        return self.encoder.held[key]

    def question(self, scope: SymbolicActivation, name: str) -> Any:
        """The same for two questions whether an instrument is held that must have the same answer."""
        covers = self.law.instruments[name].covers
        subject = None
        if covers is not None:
            inner = scope.bind("licence", (), "")
            subject = self.texts(covers, inner)
        return self.encoder.questions.number([self.kind(name), subject])

    def route(self, scope: SymbolicActivation, rule: Rule) -> RouteRails:
        """What becomes of a route."""
        effect = rule.effect
        assert isinstance(effect, Route)
        pool = self.space.pool
        applies = self.holds(rule, scope)
        share = KNOWN_TRUE
        if effect.max_foreign_percent is not None and applies.false != TRUE:
            cap = self.value(effect.max_foreign_percent, scope)
            entity = scope.values.get("operator", ())
            percent = self.encoder.read(entity, "foreign_percent")
            share = self.encoder.comparison("<=", percent, cap)
        checks = [] if applies.false == TRUE else [self.ask(c.check, scope) for c in effect.conditions]
        whole = self.encoder.every((share, *checks))
        usable = pool.conjoin((-applies.false, -whole.false))
        opened = pool.conjoin((applies.true, whole.true))
        return RouteRails(applies, share, tuple(checks), usable, opened)

    # --- classes

    def classes(self, scope: SymbolicActivation) -> Classes:
        """What the classify rules say of a service."""
        pool = self.space.pool
        opinion = self.encoder.read(scope.values["service"], "class_opinion")
        assert not isinstance(opinion, DualRail)
        has_opinion = known(pool, opinion)
        named = self.encoder.read(opinion, "classes")
        assert not isinstance(named, DualRail)
        certain: dict[str, list[int]] = {}
        possible: dict[str, list[int]] = {}
        other: dict[str, list[int]] = {}
        spoke = []
        for rule in self.law.of("service", "classify"):
            effect = rule.effect
            assert isinstance(effect, Classify)
            holds = self.holds(rule, scope)
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
                for cls in sorted(words("class", self.space.schemas)):
                    by_opinion = pool.disjoin(
                        pool.conjoin((held, member(self.encoder, Const(cls), chosen))) for held, chosen in named
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

    def rules(self, each: str, scope: SymbolicActivation) -> Levels:
        """How strict the rules are on one subject."""
        pool = self.space.pool
        levels = []
        for rule in self.law.of(each, "deny"):
            holds = self.holds(rule, scope)
            levels.append(Levels((holds.true, holds.true), (-holds.false, -holds.false)))
        for rule in self.law.of(each, "need"):
            holds = self.holds(rule, scope)
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

    def access(self, scope: SymbolicActivation, to: str) -> Levels:
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

    applies: DualRail
    share: DualRail
    checks: tuple[DualRail, ...]
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
