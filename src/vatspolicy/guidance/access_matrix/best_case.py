"""Best case of a business on a day: the facts under which a route is open, and the highest foreign share.

Nothing about regimes is known here. Routes, their caps and conditions, the classes of offers, the shares that the law
compares with and the places that it distinguishes come from the bundle; every answer comes from its expressions.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import Compare, Fact, Literal, Node, Param, walk
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine.classification import classify
from vatspolicy.core.engine.subjects import activity_activation, service_activation
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Condition, Deny, Expression, Route, Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import facts_of
from vatspolicy.core.profile.vocabulary import describe, words
from vatspolicy.guidance.access_matrix.locations import Site, find_locations

STEP = 0.01
"""Distance in percentage points to further shares beside a threshold of the law."""


@dataclass(frozen=True)
class Business:
    """One offer, classified as one class."""

    offer: str
    cls: str


@dataclass(frozen=True)
class BestCase:
    """Facts under which a route is open; ordinary values where possible."""

    share: float
    """Foreign share, in percent."""
    location: Site
    choice: Facts = field(repr=False)
    """Chosen facts by axis."""


@dataclass(frozen=True)
class RouteFinding:
    """Result of one route rule for one business at some locations."""

    business: Business
    rule: Rule
    case: BestCase | None
    """Best case; None if the route is closed under all facts."""
    barred: tuple[Rule, ...] = ()
    """Prohibitions that apply at every foreign share at which the route is open."""
    failing: tuple[Condition, ...] = ()
    """Conditions that fail in every case, if the route is closed."""


class BestCaseSearch:
    """Search for best cases under the law of one day."""

    def __init__(self, bundle: Bundle, day: str) -> None:
        """Build the search. Raises ValueError for a day that the bundle does not cover."""
        self.bundle, self.day, self.schemas = bundle, day, bundle.schemas
        self.ruleset: RuleSet = bundle.on(day)
        routes = [rule for rule in self.ruleset.rules_for("activity", "route") if not rule.is_unread]
        self.routes = tuple(routes)
        prohibitions = [rule for each in ("service", "activity") for rule in self.ruleset.rules_for(each, "deny")]
        self.rules = (*self.ruleset.rules_for("service", "classify"), *self.routes, *prohibitions)
        strings = frozenset(strings_of([*self.ruleset.params.values(), *self._literals()]))
        self.locations = find_locations(strings, self.schemas)
        self.origins = _origins(strings, self.schemas)
        self.flags = _flags(self.schemas)
        self._barring_by_choice: dict[tuple[object, ...], tuple[Rule, ...]] = {}
        self._starts_by_business: dict[tuple[str, Business], tuple[list[Facts], Iterator[Facts]]] = {}
        read = [rule for rule in prohibitions if not rule.is_unread]
        bars = [rule for rule in read if isinstance(rule.effect, Deny) and not rule.effect.curable]
        self.nationwide_bars = [rule for rule in bars if not self.reads(rule.when) & _PLACES]
        self.local_bars = [rule for rule in bars if self.reads(rule.when) & _PLACES]

    # --- what the law speaks of

    @functools.cached_property
    def businesses(self) -> tuple[Business, ...]:
        """Every offer with its classes under the first reading of the law, in the order of the vocabulary."""
        businesses = [
            Business(offer, cls)
            for offer in describe(("services", 0, "offers", 0), self.schemas)["enum"]
            for cls in classify(self.ruleset, self.service(offer, self.first_choice())).classes
        ]
        of_opinions = describe(("opinions", 0, "classes", 0), self.schemas).get("enum")
        classes = list(of_opinions or sorted(words("class", self.schemas)))
        return tuple(sorted(businesses, key=lambda business: classes.index(business.cls)))

    @functools.cached_property
    def shares(self) -> tuple[float, ...]:
        """Foreign shares to try, highest first: the thresholds of the law, and one step to each side."""
        named = {0.0, 100.0}
        for rule in self.rules:
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
            value = part.value if isinstance(part, Literal) else None
            value = self.ruleset.params[part.key] if isinstance(part, Param) else value
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield float(value)

    def _literals(self) -> Iterator[Tree]:
        for rule in self.rules:
            for expression in rule.expressions:
                yield from (node.value for node in walk(expression.tree) if isinstance(node, Literal))

    @functools.cache  # noqa: B019 - a probe lives as long as one table
    def reads(self, expression: Expression) -> frozenset[str]:
        """Return the axes that an expression reads."""
        names = {(*node.names, node.root)[0] for node in walk(expression.tree) if isinstance(node, Fact)}
        return frozenset(_AXES.get(name, name) for name in names)

    # --- facts

    def first_choice(self) -> dict[str, Tree]:
        """Return the ordinary case: a foreign company at the first location, serving the whole mainland."""
        return {"location": self.locations[0], "area": 0, "origin": self.origins[0], "share": 100.0}

    def service(self, offer: str, choice: Facts) -> Activation:
        """Return the activation of service rules in a case: favorable facts; unknown places without a location."""
        location: Site | None = choice["location"]
        places: dict[str, Tree] = {}
        if location:
            places = {"area": location.areas[choice["area"]], "facilities": choice.get("facilities", [location.site])}
        company = {
            **self._base["company"],
            "foreign_percent": choice["share"],
            "supplier_percent": choice["share"],
            "investor_origin": choice["origin"] if choice["share"] else ["CN"],
            **({"registered": location.site} if location else {}),
            "mainland_entity": True,
            "certificates": choice.get("certificates", self._base["company"]["certificates"]),
        }
        service = {
            **self._base["services"][0],
            "offers": [offer],
            **places,
            **{name: value for name, value in choice.items() if name not in _OWN_AXES},
        }
        facts = {**self._base, "company": company, "services": [service]}
        return service_activation({**facts, "as_of": self.day}, service)

    def activity(self, business: Business, choice: Facts) -> Activation:
        """Return the activation of activity rules in a case."""
        return {**self.service(business.offer, choice), "activity": self.unlicensed[business.cls]}

    @functools.cached_property
    def unlicensed(self) -> Facts:
        """Activity of each class if no license is held."""
        activation = self.service("other", self.first_choice())
        classes = sorted(words("class", self.schemas))
        return {cls: activity_activation(self.ruleset, activation, cls)["activity"] for cls in classes}

    @functools.cached_property
    def _base(self) -> dict[str, Tree]:
        return dict(facts_of(self._profile(), self.ruleset.schemas))

    def _profile(self) -> dict[str, Tree]:
        company = {
            "legal_form": "limited-company",
            "foreign_percent_basis": "ultimate",
            "registered_capital_rmb": 10**12,
            "lacking_means": [],
            "discredited": [],
            "investor_track_record": True,
            "certificates": list(describe(("company", "certificates", 0), self.schemas)["enum"]),
        }
        service = {"id": "service", "operated_by": "company", "customer_contract": "company", "audience": "public"}
        lists: dict[str, list[str]] = {"charges": ["users"], "content": [], "features": [], "sells": []}
        service |= {"hosting": "mainland", "channels": ["website"], **lists}  # type: ignore[dict-item]
        return {"schema": 2, "product": {"id": "product"}, "company": company, "services": [service]}

    def profile(self, business: Business, case: BestCase) -> dict[str, Tree]:
        """Return the case as a profile that can be evaluated."""
        made = self._profile()
        chosen, location = case.choice, case.location
        made["company"] |= {
            "foreign_percent": case.share,
            "supplier_percent": case.share,
            "investor_origin": chosen["origin"] if case.share else ["CN"],
            "registered": location.written,
            "mainland_entity": True,
        }
        made["services"][0] |= {
            "offers": [business.offer],
            "area": location.written_areas[chosen["area"]],
            "facilities": [location.written],
            **{name: value for name, value in chosen.items() if name not in _OWN_AXES},
        }
        return made

    # --- best cases

    def best(self, rule: Rule, business: Business, locations: Iterable[Site]) -> RouteFinding | None:
        """Return the best result of a route at any of some locations, or None if it does not apply to the business.

        The highest share comes first, then the ordinary facts before the special ones, in the order of the axes.
        """
        locations, cap = tuple(locations), rule.route.max_foreign_percent
        hopeless: set[str] = set()
        """Investor origins for which the route is closed at every share."""
        barred: tuple[Rule, ...] = ()
        failures: list[set[str]] = []
        shared = any("foreign_percent" in self.reads(condition.check) for condition in rule.conditions)
        for start in self._starts(rule, business):
            if str(start["origin"]) in hopeless:
                continue
            case, failed = self._open(rule, business, locations, start)
            if case is None:
                failures += failed
                hopeless |= {str(start["origin"])} if failed and not shared else set()
            elif cap is not None and not case.share <= self.ruleset.evaluate(cap, self.activity(business, case.choice)):
                failures = failures or [set()]
            elif barred := self.barring(business, case):
                continue  # at the end, the prohibitions at the lowest share
            else:
                return RouteFinding(business, rule, case)
        if not barred and not failures:
            return None
        failing = set() if barred else set.intersection(*failures)
        return RouteFinding(business, rule, None, barred, tuple(c for c in rule.conditions if c.id in failing))

    def _starts(self, rule: Rule, business: Business) -> Iterator[Facts]:
        """Yield the shares and origins at which a route may apply somewhere. Cached for all places."""
        key = (rule.name, business)
        if key not in self._starts_by_business:
            self._starts_by_business[key] = ([], self._find_starts(rule, business))
        kept, rest = self._starts_by_business[key]
        yield from kept
        for start in rest:
            kept.append(start)
            yield start

    def _find_starts(self, rule: Rule, business: Business) -> Iterator[Facts]:
        origins = self.origins if "origin" in self.reads(rule.when) else self.origins[:1]
        for share, origin in itertools.product(self.shares, origins):
            start = {"location": None, "area": 0, "origin": origin, "share": share}
            if self._applies(rule, business, start) is not False:
                yield start

    def _applies(self, rule: Rule, business: Business, choice: Facts) -> bool | None:
        """Return whether a route is about a business in a case; None if an unknown fact leaves it open."""
        holds: bool | None = self.ruleset.evaluate(rule.when, self.activity(business, choice))
        return holds

    def _open(
        self, rule: Rule, business: Business, locations: tuple[Site, ...], start: Facts
    ) -> tuple[BestCase | None, list[set[str]]]:
        """Return the first case in which every condition is met, and the conditions that failed in each case before."""
        conditions, variable = rule.conditions, self.flags | {"area"}
        axes = self.reads(rule.when).union(*(self.reads(condition.check) for condition in conditions))
        flags = sorted(axes & self.flags)
        local = [condition for condition in conditions if not self.reads(condition.check) & variable]
        rest = [condition for condition in conditions if condition not in local]
        failures: list[set[str]] = []
        for location in locations if axes & _PLACES else locations[:1]:
            areas = range(len(location.areas) if "area" in axes else 1)
            choices: list[dict[str, Tree]] = [{**start, "location": location, "area": area} for area in areas]
            choices = [choice for choice in choices if self._applies(rule, business, choice)]
            if not choices:
                continue
            if wrong := self._failing(local, business, choices[0]):
                failures.append(wrong)  # no choice of the service area or of other facts can help
                if not any(self.reads(condition.check) & _PLACES for condition in local if condition.id in wrong):
                    break
                continue
            for area, values in itertools.product(choices, itertools.product((True, False), repeat=len(flags))):
                choice = {**area, **dict(zip(flags, values, strict=True))}
                wrong = self._failing(rest, business, choice)
                if not wrong and self._applies(rule, business, choice):
                    return BestCase(start["share"], location, choice), failures
                failures.append(wrong)
        return None, failures

    def _failing(self, conditions: Iterable[Condition], business: Business, choice: Facts) -> set[str]:
        """Return the ids of the conditions that are not met in a case."""
        activation = self.activity(business, choice)
        return {condition.id for condition in conditions if not self.ruleset.evaluate(condition.check, activation)}

    def open_locations(
        self, rule: Rule, business: Business, case: BestCase, locations: Iterable[Site]
    ) -> Iterator[Site]:
        """Yield the locations at which a route is also open, at the share of a case."""
        for location in locations:
            choice = {**case.choice, "location": location, "area": 0, "share": case.share}
            if self._applies(rule, business, choice):
                best, _ = self._open(rule, business, (location,), choice)
                if best is not None and not self.barring(business, best):
                    yield location

    def barring(self, business: Business, case: BestCase) -> tuple[Rule, ...]:
        """Return the permanent prohibitions that apply in a case."""
        service = self.service(business.offer, case.choice)
        activity = {**service, "activity": self.unlicensed[business.cls]}
        activations = {"service": service, "activity": activity}
        key = (
            business,
            *(repr(value) for axis, value in sorted(case.choice.items()) if axis not in ("location", "area")),
        )
        if key not in self._barring_by_choice:
            self._barring_by_choice[key] = self._matching(self.nationwide_bars, activations)
        return self._barring_by_choice[key] + self._matching(self.local_bars, activations)

    def _matching(self, rules: Iterable[Rule], activations: Mapping[str, Activation]) -> tuple[Rule, ...]:
        return tuple(rule for rule in rules if self.ruleset.evaluate(rule.when, activations[rule.each]))

    def is_nationwide(self, rule: Rule) -> bool:
        """Return True if the `when` of a route does not depend on the place."""
        return not self.reads(rule.when) & _PLACES

    def at(self, finding: RouteFinding, location: Site) -> RouteFinding | None:
        """Return a finding for another location, or None if the route depends on places or is prohibited there."""
        if finding.case is None or any(self.reads(expression) & _PLACES for expression in finding.rule.expressions):
            return None
        case = BestCase(finding.case.share, location, {**finding.case.choice, "location": location})
        return replace(finding, case=case) if not self.barring(finding.business, case) else None

    def binding(self, rule: Rule, business: Business, case: BestCase) -> tuple[Condition, ...]:
        """Return the conditions of a route that a single change of the case violates."""
        violated: set[str] = set()
        for choice in self._changes(case):
            activation = self.activity(business, choice)
            violated |= {c.id for c in rule.conditions if self.ruleset.evaluate(c.check, activation) is False}
        return tuple(condition for condition in rule.conditions if condition.id in violated)

    def _changes(self, case: BestCase) -> Iterator[dict[str, Tree]]:
        """Yield the case with one fact changed."""
        base = dict(case.choice)
        for location in self.locations:
            yield {**base, "location": location, "area": 0}
            yield {**base, "facilities": [location.site]}
        yield from ({**base, "area": area} for area in range(len(case.location.areas)))
        yield {**base, "certificates": []}
        for name in ("content", "features"):
            yield {**base, name: list(describe(("services", 0, name, 0), self.schemas)["enum"])}
        yield from ({**base, name: not value} for name, value in base.items() if isinstance(value, bool))


_AXES = {"registered": "location", "facilities": "facilities", "area": "area", "investor_origin": "origin"}
_PLACES = frozenset(["location", "facilities", "area"])
_OWN_AXES = frozenset(["location", "area", "origin", "share", "certificates", "facilities"])
"""Axes that `service` and `profile` write themselves."""


def _flags(schemas: SchemaSet) -> frozenset[str]:
    """Return the boolean facts of a service."""
    properties = describe(("services", 0), schemas)["properties"]
    return frozenset(name for name in properties if describe(("services", 0, name), schemas).get("type") == "boolean")


def _origins(strings: frozenset[str], schemas: SchemaSet) -> tuple[list[str], ...]:
    """Return the investor origins to try: a country not mentioned by the law, then each country mentioned."""
    foreign = sorted(words("country", schemas) - {"CN"})
    ordinary = next((country for country in foreign if country not in strings), foreign[0])
    return ([ordinary], *([country] for country in foreign if country in strings))


def strings_of(value: Tree) -> Iterator[str]:
    """Yield every string in parameters and literals."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for child in value.values():
            yield from strings_of(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from strings_of(child)
