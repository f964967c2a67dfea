"""The best case of a business on a day: under which facts a route is open, and up to which foreign share.

Nothing about regimes is known here. Routes, their caps and conditions, the classes of offers, the shares that the law
compares with and the places that it tells apart are all read from the bundle; every answer comes from its expressions.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vatspolicy.cel.activation import Activation
from vatspolicy.cel.ast import Compare, Fact, Literal, Node, Param, walk
from vatspolicy.documents.schemas import SchemaSet
from vatspolicy.engine.classification import classify
from vatspolicy.engine.subjects import activity_activation, service_activation
from vatspolicy.guidance.access_matrix.locations import Location, find_locations
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Condition, Deny, Expression, Route, Rule
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.profile.profile import facts_of
from vatspolicy.profile.vocabulary import describe, words

STEP = 0.01
"""How far beside a share that the law names the law is asked too, in percent."""


@dataclass(frozen=True)
class Business:
    """One offer seen as one class."""

    offer: str
    cls: str


@dataclass(frozen=True)
class BestCase:
    """Facts under which a route is open, the ordinary ones as far as it goes."""

    share: float
    """Foreign share, in percent."""
    spot: Location
    choice: Mapping[str, Any] = field(repr=False)
    """The facts that were chosen, by axis."""


@dataclass(frozen=True)
class Finding:
    """What became of one route rule for one business at some places."""

    business: Business
    rule: Rule
    case: BestCase | None
    """The best case; None where the route is closed whatever the facts are."""
    barred: tuple[Rule, ...] = ()
    """Prohibitions that stand beyond the route at every foreign share at which it is open."""
    failing: tuple[Condition, ...] = ()
    """Conditions that fail in every case, where the route is closed."""


class BestCaseSearch:
    """The law of a day, asked for best cases."""

    def __init__(self, bundle: Bundle, day: str) -> None:
        """Raises ValueError for a day that the bundle does not cover."""
        self.bundle, self.day, self.schemas = bundle, day, bundle.schemas
        self.law: RuleSet = bundle.on(day)
        self.routes = tuple(rule for rule in self.law.rules_for("activity", "route") if isinstance(rule.effect, Route))
        prohibitions = [rule for each in ("service", "activity") for rule in self.law.rules_for(each, "deny")]
        self.asked = (*self.law.rules_for("service", "classify"), *self.routes, *prohibitions)
        strings = frozenset(_strings([*self.law.params.values(), *self._literals()]))
        self.spots = find_locations(strings, self.schemas)
        self.origins = _origins(strings, self.schemas)
        self.flags = _flags(self.schemas)
        self._barred: dict[Any, tuple[Rule, ...]] = {}
        bars = [(rule, rule.each) for rule in prohibitions if isinstance(rule.effect, Deny) and not rule.effect.curable]
        self.bars = [(rule, each) for rule, each in bars if not self.reads(rule.when) & _PLACES]
        self.local_bars = [(rule, each) for rule, each in bars if self.reads(rule.when) & _PLACES]

    # --- what the law speaks of

    @functools.cached_property
    def businesses(self) -> tuple[Business, ...]:
        """Every offer with every class that the law gives it without dispute, in the order of the vocabulary."""
        order = list(describe(("services", 0, "offers", 0), self.schemas)["enum"])
        found = []
        for offer in order:
            env = self.service(offer, self.first_choice())
            classes = classify(self.law, env).classes
            found += [Business(offer, cls) for cls, rule in classes.items() if not rule.contested]
        known = list(
            describe(("services", 0, "class_opinion", "classes", 0), self.schemas).get(
                "enum", sorted(words("class", self.schemas))
            )
        )
        return tuple(sorted(found, key=lambda one: (known.index(one.cls), order.index(one.offer))))

    @functools.cached_property
    def shares(self) -> tuple[float, ...]:
        """Foreign shares to try, highest first: what the law compares a share with, and a step beside it."""
        named = {0.0, 100.0}
        for rule in self.asked:
            for expression in rule.expressions:
                for node in walk(expression.tree):
                    if isinstance(node, Compare):
                        named |= set(self._share_beside(node.left, node.right))
                        named |= set(self._share_beside(node.right, node.left))
            if isinstance(rule.effect, Route) and rule.effect.max_foreign_percent is not None:
                named |= set(self._constants(rule.effect.max_foreign_percent.tree))
        near = {round(share + step, 6) for share in named for step in (-STEP, 0.0, STEP)}
        return tuple(sorted((share for share in near if 0 <= share <= 100), reverse=True))

    def _share_beside(self, fact: Node, other: Node) -> Iterator[float]:
        if isinstance(fact, Fact) and fact.names[-1:] == ("foreign_percent",):
            yield from self._constants(other)

    def _constants(self, node: Node) -> Iterator[float]:
        for part in walk(node):
            value = (
                part.value
                if isinstance(part, Literal)
                else self.law.params[part.key]
                if isinstance(part, Param)
                else None
            )
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield float(value)

    def _literals(self) -> Iterator[Any]:
        for rule in self.asked:
            for expression in rule.expressions:
                yield from (node.value for node in walk(expression.tree) if isinstance(node, Literal))

    @functools.cache  # noqa: B019 - a probe lives as long as one table
    def reads(self, expression: Expression) -> frozenset[str]:
        """The axes that an expression reads."""
        found = set()
        for node in walk(expression.tree):
            if isinstance(node, Fact):
                name = node.names[0] if node.names else node.root
                found.add(_AXES.get(name, name))
        return frozenset(found)

    # --- facts

    def first_choice(self) -> dict[str, Any]:
        """The ordinary case: a foreign company at the first place that serves the whole mainland."""
        return {"spot": self.spots[0], "area": 0, "origin": self.origins[0], "share": 100.0}

    def service(self, offer: str, choice: Mapping[str, Any]) -> Activation:
        """Variables of service rules in a case: nothing stands in the way but what the choice says."""
        spot: Location = choice["spot"]
        company = {
            **self._base["company"],
            "foreign_percent": choice["share"],
            "investor_origin": choice["origin"] if choice["share"] else ["CN"],
            "registered": spot.site,
            "mainland_entity": True,
            "certificates": choice.get("certificates", self._base["company"]["certificates"]),
        }
        service = {
            **self._base["services"][0],
            "offers": [offer],
            "area": spot.areas[choice["area"]],
            "facilities": choice.get("facilities", [spot.site]),
            **{name: value for name, value in choice.items() if name not in _OWN_AXES},
        }
        facts = {**self._base, "company": company, "services": [service]}
        return service_activation({**facts, "as_of": self.day}, service)

    def activity(self, business: Business, choice: Mapping[str, Any]) -> Activation:
        """Variables of activity rules in a case."""
        return {**self.service(business.offer, choice), "activity": self._unlicensed[business.cls]}

    @functools.cached_property
    def _unlicensed(self) -> Mapping[str, Any]:
        """The activity of each class where nothing is held."""
        env = self.service("other", self.first_choice())
        return {
            cls: activity_activation(self.law, env, cls)["activity"] for cls in sorted(words("class", self.law.schemas))
        }

    @functools.cached_property
    def _base(self) -> dict[str, Any]:
        return dict(facts_of(self._profile(), self.law.schemas))

    def _profile(self) -> dict[str, Any]:
        company = {
            "legal_form": "limited-company",
            "foreign_percent_basis": "ultimate",
            "registered_capital_rmb": 10**12,
            "operating_means_ready": True,
            "discredited": [],
            "investor_track_record": True,
            "certificates": list(describe(("company", "certificates", 0), self.schemas)["enum"]),
        }
        service = {"id": "service", "operated_by": "company", "customer_contract": "company", "audience": "public"}
        lists: dict[str, list[str]] = {"charges": ["users"], "content": [], "features": [], "sells": []}
        service |= {"hosting": "mainland", "channels": ["website"], **lists}  # type: ignore[dict-item]
        return {"schema": 1, "product": {"id": "product"}, "company": company, "services": [service]}

    def profile(self, business: Business, case: BestCase) -> dict[str, Any]:
        """The case as a profile that anybody can decide."""
        made = self._profile()
        chosen, spot = case.choice, case.spot
        made["company"] |= {
            "foreign_percent": case.share,
            "investor_origin": chosen["origin"] if case.share else ["CN"],
            "registered": spot.written,
            "mainland_entity": True,
        }
        made["services"][0] |= {
            "offers": [business.offer],
            "area": spot.written_areas[chosen["area"]],
            "facilities": [spot.written],
            **{name: value for name, value in chosen.items() if name not in _OWN_AXES},
        }
        return made

    # --- best cases

    def best(self, rule: Rule, business: Business, spots: Iterable[Location]) -> Finding | None:
        """What becomes of a route at its best at one of some places; None where the rule is not about the business.

        The highest share comes first, then the ordinary facts before the special ones, in the order of the axes.
        """
        spots = tuple(spots)
        effect = rule.effect
        assert isinstance(effect, Route)
        applies = False
        hopeless: set[str] = set()
        """Origins with which no choice of places and facts opens it, at any share."""
        barred: tuple[Rule, ...] | None = None
        failing: set[str] | None = None
        shared = any("foreign_percent" in self.reads(condition.check) for condition in effect.conditions)
        for share in self.shares:
            for choice in self._choices(rule.when, spots if self.reads(rule.when) & _PLACES else spots[:1], share):
                if str(choice["origin"]) in hopeless:
                    continue
                env = self.activity(business, choice)
                if not self.law.evaluate(rule.when, env):
                    continue
                applies = True
                if effect.max_foreign_percent is not None and not share <= self.law.evaluate(
                    effect.max_foreign_percent, env
                ):
                    continue
                case, failed = self._open(rule, business, spots, choice)
                if case is None:
                    failing = failed if failing is None else failing & failed
                    hopeless |= set() if shared else {str(choice["origin"])}
                    continue
                stands = self.barring(business, case)
                if not stands:
                    return Finding(business, rule, case)
                barred = stands  # in the end, what stands at the lowest share
        if not applies:
            return None
        if barred is not None:
            return Finding(business, rule, None, barred)
        return Finding(business, rule, None, (), tuple(one for one in effect.conditions if one.id in (failing or ())))

    def _open(
        self, rule: Rule, business: Business, spots: tuple[Location, ...], start: Mapping[str, Any]
    ) -> tuple[BestCase | None, set[str]]:
        """The first case in which every condition holds; else the conditions that failed in every case."""
        effect = rule.effect
        assert isinstance(effect, Route)
        axes: frozenset[str] = frozenset().union(*(self.reads(condition.check) for condition in effect.conditions))
        flags = sorted(axes & self.flags)
        local = [one for one in effect.conditions if not self.reads(one.check) & (self.flags | {"area"})]
        rest = [one for one in effect.conditions if one not in local]
        failed: set[str] | None = None
        for spot in spots if axes & _PLACES else spots[:1]:
            wrong = self._failing(local, business, {**start, "spot": spot, "area": 0})
            if wrong:  # no choice of the service area or of other facts can mend it
                failed = wrong if failed is None else failed & wrong
                if not any(self.reads(one.check) & _PLACES for one in local if one.id in wrong):
                    break
                continue
            for area in range(len(spot.areas) if "area" in axes else 1):
                for values in itertools.product((True, False), repeat=len(flags)):
                    choice = {**start, "spot": spot, "area": area, **dict(zip(flags, values, strict=True))}
                    wrong = self._failing(rest, business, choice)
                    if not wrong and self.law.evaluate(rule.when, self.activity(business, choice)):
                        return BestCase(start["share"], spot, choice), set()
                    failed = wrong if failed is None else failed & wrong
        return None, failed or set()

    def _failing(self, conditions: Iterable[Condition], business: Business, choice: Mapping[str, Any]) -> set[str]:
        """Ids of the conditions that do not hold in a case."""
        env = self.activity(business, choice)
        return {condition.id for condition in conditions if not self.law.evaluate(condition.check, env)}

    def _choices(self, when: Expression, spots: tuple[Location, ...], share: float) -> Iterator[dict[str, Any]]:
        """The cases that the first condition of a route, what it is about, can tell apart; the ordinary one first."""
        axes = self.reads(when)
        for origin in self.origins if "origin" in axes else self.origins[:1]:
            for spot in spots:
                for area in range(len(spot.areas) if "area" in axes else 1):
                    yield {"spot": spot, "area": area, "origin": origin, "share": share}

    def open_spots(
        self, rule: Rule, business: Business, case: BestCase, spots: Iterable[Location]
    ) -> Iterator[Location]:
        """The places at which a route is open too, at the share of a case."""
        for spot in spots:
            choice = {**case.choice, "spot": spot, "area": 0, "share": case.share}
            if self.law.evaluate(rule.when, self.activity(business, choice)):
                found, _ = self._open(rule, business, (spot,), choice)
                if found is not None and not self.barring(business, found):
                    yield spot

    def barring(self, business: Business, case: BestCase) -> tuple[Rule, ...]:
        """Prohibitions that no applicant can mend, in a case."""
        service = self.service(business.offer, case.choice)
        activity = {**service, "activity": self._unlicensed[business.cls]}
        envs = {"service": service, "activity": activity}
        key = (business, *(repr(value) for axis, value in sorted(case.choice.items()) if axis not in ("spot", "area")))
        if key not in self._barred:
            self._barred[key] = tuple(rule for rule, each in self.bars if self.law.evaluate(rule.when, envs[each]))
        return self._barred[key] + tuple(
            rule for rule, each in self.local_bars if self.law.evaluate(rule.when, envs[each])
        )

    def anywhere(self, rule: Rule) -> bool:
        """Whether what a route is about is the same in every place."""
        return not self.reads(rule.when) & _PLACES

    def at(self, finding: Finding, spot: Location) -> Finding | None:
        """A finding about a route that asks nothing of places, for another place; None where it has to be sought."""
        effect = finding.rule.effect
        assert isinstance(effect, Route)
        if finding.case is None or any(self.reads(one) & _PLACES for one in finding.rule.expressions):
            return None
        case = BestCase(finding.case.share, spot, {**finding.case.choice, "spot": spot})
        return replace(finding, case=case) if not self.barring(finding.business, case) else None

    def binding(self, rule: Rule, business: Business, case: BestCase) -> tuple[Condition, ...]:
        """The conditions of a route that can fail for this business: each fails under some one change of the case."""
        effect = rule.effect
        assert isinstance(effect, Route)
        found: set[str] = set()
        for choice in self._changes(case):
            env = self.activity(business, choice)
            found |= {one.id for one in effect.conditions if self.law.evaluate(one.check, env) is False}
        return tuple(condition for condition in effect.conditions if condition.id in found)

    def _changes(self, case: BestCase) -> Iterator[dict[str, Any]]:
        """The case with one fact changed."""
        base = dict(case.choice)
        for spot in self.spots:
            yield {**base, "spot": spot, "area": 0}
            yield {**base, "facilities": [spot.site]}
        yield from ({**base, "area": area} for area in range(len(case.spot.areas)))
        yield {**base, "certificates": []}
        for name in ("content", "features"):
            yield {**base, name: list(describe(("services", 0, name, 0), self.schemas)["enum"])}
        yield from ({**base, name: not value} for name, value in base.items() if isinstance(value, bool))


_AXES = {"registered": "spot", "facilities": "facilities", "area": "area", "investor_origin": "origin"}
_PLACES = frozenset(["spot", "facilities", "area"])
_OWN_AXES = frozenset(["spot", "area", "origin", "share", "certificates", "facilities"])
"""Axes that `service` and `profile` write themselves."""


def _flags(schemas: SchemaSet) -> frozenset[str]:
    """Truth facts of a service."""
    properties = describe(("services", 0), schemas)["properties"]
    return frozenset(name for name in properties if describe(("services", 0, name), schemas).get("type") == "boolean")


def _origins(strings: frozenset[str], schemas: SchemaSet) -> tuple[list[str], ...]:
    """Where investors may come from: a country that the law does not name, then each that it names."""
    foreign = sorted(words("country", schemas) - {"CN"})
    ordinary = next((country for country in foreign if country not in strings), foreign[0])
    return ([ordinary], *([country] for country in foreign if country in strings))


def _strings(value: Any) -> Iterator[str]:
    """Every text in parameters and literals."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for child in value.values():
            yield from _strings(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _strings(child)
