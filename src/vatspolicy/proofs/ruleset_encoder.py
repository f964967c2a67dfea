"""Rule sets as formulas: rules, held licenses and routes over all profiles and the days of a period.

Mirrors `engine.subjects` and `engine.licensing`; tests hold them together on random profiles.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from vatspolicy.core.cel.ast import And, Or, Quantifier, walk
from vatspolicy.core.cel.interpreter import Params
from vatspolicy.core.policies.case_split import Case, find_cases
from vatspolicy.core.policies.model import Condition, Expression, Instrument, Route, Rule
from vatspolicy.proofs.domain import AS_OF, ProfileSpace, operator
from vatspolicy.proofs.encoder import Encoder, SymbolicActivation, structure_of
from vatspolicy.proofs.formula import FALSE, TRUE, FormulaPool
from vatspolicy.proofs.timeline import Days, RuleSetHistory, named_by
from vatspolicy.proofs.values import (
    KNOWN_FALSE,
    KNOWN_TRUE,
    UNKNOWN,
    BoundedList,
    Cases,
    DualRail,
    KnownValue,
    SymbolicRecord,
    SymbolicValue,
    Unsupported,
    constant,
    known,
)

Versions = tuple[tuple[int, Params], ...]
"""Parameter values by the formula of the days on which they apply."""


@dataclass(frozen=True)
class SymbolicClasses:
    """Classes of a service: the formula of each class that it applies."""

    certain: dict[str, int]
    possible: dict[str, int]
    """Classes that are certain or depend on a missing fact."""
    other: dict[str, int]
    """Classes under another reading of a contested rule."""
    spoke: int
    """Formula that at least one classify rule certainly applies."""
    unread: int
    """Formula that a classify rule on unverified law may apply and no opinion settles it. An opinion can set any class.
    """


@dataclass(frozen=True)
class SymbolicOutcome:
    """Range of an outcome: for each bound, the formulas that it is at least needs-license, and that it is deny."""

    low: tuple[int, int] = (FALSE, FALSE)
    """Mildest possible outcome."""
    high: tuple[int, int] = (FALSE, FALSE)
    """Strictest possible outcome."""


@dataclass(frozen=True)
class SymbolicRoute:
    """State of a route on one activity."""

    applies: DualRail
    share: DualRail
    """Truth of the check that the foreign share is within the cap of the route."""
    checks: tuple[DualRail, ...]
    """Truths of its conditions, in their order."""
    usable: int
    """Formula that the route is not closed."""
    opened: int
    """Formula that the route is certainly open."""
    cases: SymbolicCases
    """Formulas that it is open if a clause has the required truth (`core.policies.case_split`)."""


SUBJECTS, ACCESS = ("product", "service", "activity"), "access"

SymbolicCases = Mapping[tuple[Hashable, bool], int]
"""Formulas that a rule applies if a clause is true, or false, by the clause and its truth."""


@dataclass
class SymbolicRuleSet:
    """Rule sets of the days of a period, evaluated over one space."""

    space: ProfileSpace
    encoder: Encoder
    history: RuleSetHistory
    as_of: SymbolicValue
    _truths: dict[tuple[int, Hashable], DualRail] = field(default_factory=dict)
    _versions: dict[int, Versions] = field(default_factory=dict)
    classes: dict[Hashable, SymbolicClasses] = field(default_factory=dict, init=False)
    """Classes of services found so far, by subject (`decision_encoder`)."""
    outcomes: dict[str, dict[Hashable, SymbolicOutcome]] = field(init=False)
    """Outcomes found so far: of subjects by their kind, and of the access to an instrument, each by subject."""
    _activations: dict[str, SymbolicActivation] = field(default_factory=dict, init=False)
    _holds: dict[Hashable, DualRail] = field(default_factory=dict, init=False)
    _routes: dict[Hashable, SymbolicRoute] = field(default_factory=dict, init=False)
    _cases: dict[str, Mapping[str, tuple[Case, ...]]] = field(default_factory=dict, init=False)
    """Cases of the rules of a group, such as activity/route, by rule."""

    def __post_init__(self) -> None:
        self.outcomes = {kind: {} for kind in (*SUBJECTS, ACCESS)}

    def share(self, other: SymbolicRuleSet, changed: Iterable[Rule]) -> None:
        """Share what does not depend on the changed rules with a rule set over the same facts that has all others.

        `changed`: both versions of the rules that differ, if any instrument that they name is the same in both.
        """
        if self.history.replacements != other.history.replacements:
            return
        self._versions, self._truths, self._holds = other._versions, other._truths, other._holds
        self._activations = other._activations
        groups, kinds = {rule.group for rule in changed}, {rule.kind for rule in changed}
        if "classify" not in kinds:
            self.classes = other.classes
        if "route" in kinds:
            return
        self._routes, self.outcomes[ACCESS] = other._routes, other.outcomes[ACCESS]
        for each in SUBJECTS:
            if groups.isdisjoint((f"{each}/deny", f"{each}/need")):
                self.outcomes[each] = other.outcomes[each]

    # --- days

    def between(self, days: Days) -> int:
        """Return the formula that the day is one of these."""
        pool, (first, last) = self.space.pool, days
        return pool.conjoin((pool.at_most({AS_OF: 1}, last), -pool.at_most({AS_OF: 1}, first - 1)))

    def in_force(self, rule: Rule) -> int:
        """Return the formula that a rule is in force, and not replaced by another."""
        span = self.history.span(rule)
        if span is None:
            return FALSE
        replaced = (self.in_force(other) for other in self.history.replacements.get(rule.name, ()))
        return self.space.pool.conjoin((self.between(span), *(-there for there in replaced)))

    def versions(self, expression: Expression) -> Versions:
        """Return the parameter values of an expression, by the formula of their days."""
        version = self._versions.get(id(expression))
        if version is None:
            own = self.history.versions(expression)
            whole = len(own) == 1  # outside the days of its rule the expression does not matter
            version = tuple((TRUE if whole else self.between(days), params) for days, params in own)
            self._versions[id(expression)] = version
        return version

    # --- expressions

    def evaluate(self, expression: Expression, activation: SymbolicActivation) -> DualRail:
        """Return the truth of an expression. Raises Unsupported."""
        key = (id(expression), activation.subject)
        if key not in self._truths:
            self._truths[key] = self.encoder.choose(
                (held, self._truth(expression, activation, params)) for held, params in self.versions(expression)
            )
        return self._truths[key]

    def _truth(self, expression: Expression, activation: SymbolicActivation, params: Params) -> DualRail:
        tree = expression.tree
        try:
            truth = self.encoder.once(tree, activation, params, lambda: self.encoder.truth(tree, activation, params))
        except Unsupported:
            self._name_clause(expression, activation, params)
            raise
        assert isinstance(truth, DualRail)
        return truth

    def _name_clause(self, expression: Expression, activation: SymbolicActivation, params: Params) -> None:
        """Raise Unsupported with the text of an expression's clause that cannot be encoded."""
        tree = expression.tree
        for clause in tree.parts if isinstance(tree, And | Or) else (tree,):
            try:
                self.encoder.truth(clause, activation, params)
            except Unsupported as error:
                raise Unsupported(f"{error} in {expression.text[slice(*clause.span)]}") from None

    def holds(self, rule: Rule, activation: SymbolicActivation) -> DualRail:
        """Return the truth of a rule's condition, which is false on days without the rule."""
        key = id(rule), activation.subject
        if key not in self._holds:
            self._holds[key] = self._find_holds(rule, activation)
        return self._holds[key]

    def _find_holds(self, rule: Rule, activation: SymbolicActivation) -> DualRail:
        there = self.in_force(rule)
        if there == FALSE:
            return KNOWN_FALSE
        found, pool = self.evaluate(rule.when, activation), self.space.pool
        if rule.is_open and rule.kind in ("deny", "need", "route") and found.false != TRUE:
            found = self.encoder.every((found, self.status(rule, activation)))
        return DualRail(pool.conjoin((there, found.true)), pool.disjoin((-there, found.false)))

    def cases(self, rule: Rule, activation: SymbolicActivation, status: DualRail | None = None) -> SymbolicCases:
        """Return where a rule applies except for one clause with the opposite truth in another rule of its group.

        `status`: whether the rule applies by opinions, if it is not `self.status`.
        """
        group = self._cases.get(rule.group)
        if group is None:
            rules = self.history.rules_for(rule.each, rule.kind)
            group = self._cases[rule.group] = find_cases({one.name: one.when.tree for one in rules})
        if status is None:
            status = self.status(rule, activation) if rule.is_open else KNOWN_TRUE
        base = self.space.pool.conjoin((self.in_force(rule), status.true))
        return {
            (case.clause, case.truth): self.space.pool.conjoin((base, self._rest(case, rule.when, activation)))
            for case in group.get(rule.name, ())
        }

    def _rest(self, case: Case, when: Expression, activation: SymbolicActivation) -> int:
        """Return the formula that all clauses of a condition are true except that of the case."""
        found = []
        for held, params in self.versions(when):
            truths = [(self.encoder.truth(node, activation, params), wanted) for node, wanted in case.rest]
            whole = [truth.true if wanted else truth.false for truth, wanted in truths]
            found.append(self.space.pool.conjoin((held, *whole)))
        return self.space.pool.disjoin(found)

    # --- opinions

    def reading(self, activation: SymbolicActivation, rule: Rule, condition: Condition | None = None) -> DualRail:
        """Return whether a rule or its condition applies according to the opinion in force; unknown without one."""
        pool, about = self.space.pool, rule.name if condition is None else f"{rule.name}/{condition.id}"
        given, name = self.space.opinion(about, dict(activation.subject).get("service", ""), rule.since)
        applies = pool.flag(name)
        return DualRail(pool.conjoin((given, applies)), pool.conjoin((given, -applies)))

    def status(self, rule: Rule, activation: SymbolicActivation, settled: int = FALSE) -> DualRail:
        """Return whether an open rule applies. Without an opinion, unverified law is unknown and a contested rule true.

        `settled`: where another opinion settles the rule.
        """
        pool, reading = self.space.pool, self.reading(activation, rule)
        if rule.is_unread:
            return DualRail(pool.disjoin((reading.true, pool.conjoin((-reading.false, settled)))), reading.false)
        return DualRail(-reading.false, reading.false)

    def check(self, activation: SymbolicActivation, rule: Rule, condition: Condition) -> DualRail:
        """Return the truth of a route's condition. An unverified failing condition is unknown without an opinion."""
        found = self.evaluate(condition.check, activation)
        if not condition.is_unread:
            return found
        reading = self.reading(activation, rule, condition)
        if not condition.cite:  # its articles are those of its route
            pool, of_rule = self.space.pool, self.reading(activation, rule)
            reading = self.encoder.choose(
                (
                    (pool.disjoin((reading.true, reading.false)), reading),
                    (pool.conjoin((-reading.true, -reading.false)), of_rule),
                )
            )
        return self.encoder.some((found, DualRail(reading.false, reading.true)))

    # --- subjects

    def product_activation(self) -> SymbolicActivation:
        """Return the activation of product rules."""
        return SymbolicActivation({**self.space.roots, "as_of": self.as_of}, ())

    def service_activation(self, service: SymbolicRecord) -> SymbolicActivation:
        """Return the activation of service rules."""
        if service.path not in self._activations:
            self._activations[service.path] = self._make_service_activation(service)
        return self._activations[service.path]

    def _make_service_activation(self, service: SymbolicRecord) -> SymbolicActivation:
        values = {
            **self.product_activation().values,
            "service": ((TRUE, service),),
            "operator": operator(self.space, service),
        }
        return SymbolicActivation(values, (("service", service.path), ("operator", service.path)))

    def activity_activation(self, service: SymbolicRecord, cls: Cases, name: str) -> SymbolicActivation:
        """Return the activation of activity rules. `name` distinguishes the class in keys."""
        outer = self.service_activation(service)

        def without_licenses(field: str) -> SymbolicValue:
            return cls if field == "class" else UNKNOWN

        def with_licenses(field: str) -> SymbolicValue:
            return cls if field == "class" else self.licensed(inner)

        inner = outer.bind("activity", ((TRUE, SymbolicRecord("activity", {}, without_licenses)),), name)
        inner = inner.bind("licensed", (), "")
        found = outer.bind("activity", ((TRUE, SymbolicRecord("activity", {}, with_licenses)),), name)
        # whether an activity is licensed depends on the service, too: its operator holds the licenses
        return found.bind("licensed", (), f"{self.licensing_key} {service.path}")

    # --- keys: equal for rule sets, instruments and expressions that must have equal values

    @functools.cached_property
    def licensing_key(self) -> str:
        """Key of the instruments that license an activity, with their days."""
        instruments = [(there, self.instrument_key(name)) for name, there in self.access_instruments.items()]
        return self.encoder.keys.short(instruments)

    @functools.cached_property
    def access_instruments(self) -> dict[str, int]:
        """Instruments with routes, each with the formula of the days with a route."""
        pool = self.space.pool
        return {name: pool.disjoin(map(self.between, spans)) for name, spans in self.history.access.items()}

    def instrument_key(self, name: str) -> object:
        """Return a key of the cases in which an instrument is held."""
        instrument = self.history.instruments[name]
        covers = instrument.covers
        return (name, instrument.no_term, covers and self.expression_key(covers, SymbolicActivation({})))

    def expression_key(self, expression: Expression, activation: SymbolicActivation) -> object:
        """Return a key of the value of an expression, in every profile and on every day."""
        keys = self.encoder.keys
        return [(held, keys.of(expression.tree, activation, params)) for held, params in self.versions(expression)]

    def license_key(self, activation: SymbolicActivation, name: str) -> str:
        """Return a key for the question whether the operator holds the instrument for a subject."""
        covers = self.history.instruments[name].covers
        subject = None
        if covers is not None:
            subject = self.expression_key(covers, activation.bind("license", (), ""))
        return self.encoder.keys.short([self.instrument_key(name), subject])

    # --- licenses

    def licensed(self, activation: SymbolicActivation) -> DualRail:
        """Return whether the operator holds any instrument with a route."""
        pool = self.space.pool
        found = []
        for name, there in self.access_instruments.items():
            has = self.held(activation, name)
            found.append(DualRail(pool.conjoin((there, has.true)), pool.disjoin((-there, has.false))))
        return self.encoder.some(found)

    def held(self, activation: SymbolicActivation, name: str, holder: str = "operator") -> DualRail:
        """Return whether the holder has the instrument for this class and place on the day. Raises Unsupported."""
        key = (self.license_key(activation, name), holder, dict(activation.subject).get("operator"))
        if key not in self.encoder.held:
            self.encoder.held[key] = self._held(activation, name, holder)
        return self.encoder.held[key]

    def _held(self, activation: SymbolicActivation, name: str, holder: str) -> DualRail:
        pool, instrument = self.space.pool, self.history.instruments[name]
        entity = activation.values.get(holder, ())
        assert not isinstance(entity, DualRail)
        options = []
        for present, company in entity:
            assert isinstance(company, SymbolicRecord)
            lists = company.get("licenses")
            assert not isinstance(lists, DualRail)
            for stated, base in lists:
                assert isinstance(base, BoundedList)
                self.space.need_members(base.path, ("held", self.license_key(activation, name)))
                found = [(exists, self._covers(activation, instrument, held)) for exists, held in base.members]
                any_of = self.encoder.some(
                    DualRail(pool.conjoin((exists, value.true)), pool.disjoin((-exists, value.false)))
                    for exists, value in found
                )
                options.append((pool.conjoin((present, stated)), any_of))
        return self.encoder.choose(options)

    def _covers(self, activation: SymbolicActivation, instrument: Instrument, held: SymbolicRecord) -> DualRail:
        """Return whether one license in the profile is the instrument, valid and for this activity."""
        same = self.encoder.comparison("==", held.get("instrument"), constant(instrument.id))
        if same.true == FALSE:
            return same
        parts = [same, self._valid(instrument, held)]
        if instrument.covers is not None:
            parts.append(self.evaluate(instrument.covers, activation.bind("license", ((TRUE, held),), held.path)))
        return self.encoder.every(parts)

    def _valid(self, instrument: Instrument, held: SymbolicRecord) -> DualRail:
        """Return whether a license is valid, based on its last day or else on the profile's statement."""
        pool = self.space.pool
        stated, last = held.get("valid"), held.get("valid_until")
        assert isinstance(stated, DualRail) and not isinstance(last, DualRail)
        if instrument.no_term:
            stated = DualRail(-stated.false, stated.false)
        by_day = self.encoder.comparison(">=", last, self.as_of)
        by_day = DualRail(pool.conjoin((-stated.false, by_day.true)), pool.disjoin((stated.false, by_day.false)))
        has_last = known(pool, last)
        return self.encoder.choose(((has_last, by_day), (-has_last, stated)))

    # --- routes

    def route(self, activation: SymbolicActivation, rule: Rule) -> SymbolicRoute:
        """Return the state of a route on an activity."""
        key = id(rule), activation.subject
        if key not in self._routes:
            self._routes[key] = self._find_route(rule, activation)
        return self._routes[key]

    def _find_route(self, rule: Rule, activation: SymbolicActivation) -> SymbolicRoute:
        effect = rule.effect
        assert isinstance(effect, Route)
        pool = self.space.pool
        applies = self.holds(rule, activation)
        share = KNOWN_TRUE
        if effect.share_cap is not None and applies.false != TRUE:
            share = self.check(activation, rule, effect.share_cap)
        checks = [] if applies.false == TRUE else [self.check(activation, rule, c) for c in effect.conditions]
        whole = self.encoder.every((share, *checks))
        usable = pool.conjoin((-applies.false, -whole.false))
        opened = pool.conjoin((applies.true, whole.true))
        cases = {} if applies.false == TRUE else self.cases(rule, activation)
        open_in = {side: pool.conjoin((where, whole.true)) for side, where in cases.items()}
        return SymbolicRoute(applies, share, tuple(checks), usable, opened, open_in)


def in_each_case(pool: FormulaPool, rules: Iterable[SymbolicCases]) -> int:
    """Return the formula that rules apply in both cases of some clause."""
    sides: dict[Hashable, dict[bool, list[int]]] = {}
    for cases in rules:
        for (clause, truth), where in cases.items():
            sides.setdefault(clause, {True: [], False: []})[truth].append(where)
    return pool.disjoin(pool.conjoin(map(pool.disjoin, found.values())) for found in sides.values())


# --- over-approximations of rule sets: an excluded outcome is impossible, an allowed one may be impossible too


@dataclass(frozen=True)
class Exact:
    """The exactly encoded parts of rules, which determine list lengths. Other parts may have any value."""

    quantifiers: frozenset[bytes] = frozenset()
    """Structures of quantifiers over lists of objects."""
    instruments: frozenset[str] = frozenset()
    """Instruments whose possession depends on the licenses in a profile."""
    all_quantifiers: bool = False

    def __bool__(self) -> bool:
        return bool(self.quantifiers or self.instruments or self.all_quantifiers)

    def __or__(self, other: Exact) -> Exact:
        quantifiers = self.quantifiers | other.quantifiers
        return Exact(quantifiers, self.instruments | other.instruments, self.all_quantifiers or other.all_quantifiers)

    def with_all_quantifiers(self) -> Exact:
        """Return the same with every quantifier."""
        return replace(self, quantifiers=frozenset(), all_quantifiers=True)


def read_by(rules: Iterable[Rule]) -> Exact:
    """Return the quantifiers and instruments that the given rules read."""
    rules = tuple(rules)
    nodes = (node for rule in rules for expression in rule.compiled for node in walk(expression.tree))
    quantifiers = frozenset(structure_of(node).digest for node in nodes if isinstance(node, Quantifier))
    return Exact(quantifiers, frozenset[str]().union(*map(named_by, rules)))


@dataclass
class RelaxedRuleSet(SymbolicRuleSet):
    """Rule set in which the operator may hold any instruments, independent of the profile's licenses."""

    exact: frozenset[str] = frozenset()
    """Instruments whose possession depends on the licenses in a profile."""
    beside: RelaxedRuleSet | None = None
    """Another rule set over the same profiles. Whoever holds a narrower instrument there also holds the wider one here.
    """
    free: dict[str, str] = field(default_factory=dict)
    """The other instruments, by the name of the variable for their possession."""
    holdings: dict[Hashable, DualRail] = field(default_factory=dict)
    """Truths of their possession, by instrument, holder and subject."""

    def held(self, activation: SymbolicActivation, name: str, holder: str = "operator") -> DualRail:
        """Return a free truth, shared by questions that must have the same answer."""
        if name in self.exact:
            return super().held(activation, name, holder)
        operator = dict(activation.subject).get("operator", "")
        truth = f"held {self.license_key(activation, name)} {holder} {operator}"
        if truth in self.free:
            return self._rails(truth)
        self.free[truth] = self.free[f"{truth}?"] = name
        subject = tuple(pair for pair in activation.subject if pair[0] != "licensed")
        rails = self.holdings[name, holder, subject] = self._rails(truth)
        if self.beside is not None:
            self._relate(name, self.beside, rails, self.beside.holdings.get((name, holder, subject)))
        return rails

    def _rails(self, truth: str) -> DualRail:
        true, known = self.space.pool.flag(truth), self.space.pool.flag(f"{truth}?")
        return DualRail(self.space.pool.conjoin((known, true)), self.space.pool.conjoin((known, -true)))

    def _relate(self, name: str, other: RelaxedRuleSet, own: DualRail, others: DualRail | None) -> None:
        """Add the formulas that every holder of a narrower instrument also holds the wider one."""
        sides = (self, own), (other, others)
        for (wide, more), (narrow, less) in (sides, sides[::-1]):
            if more is not None and less is not None and more != less and wide.covers_all_of(narrow, name):
                self.space.axioms.append(self.space.pool.disjoin((-less.true, more.true)))
                self.space.axioms.append(self.space.pool.disjoin((-more.false, less.false)))

    def covers_all_of(self, other: RelaxedRuleSet, name: str) -> bool:
        """Return True if, by the texts, an instrument covers at least as much as under another rule set."""
        own, others = (side.history.instruments[name] for side in (self, other))
        if own.no_term != others.no_term:
            return False
        if own.covers is None or others.covers is None:
            return own.covers is None
        if any("licensed" in structure_of(one.covers.tree).names for one in (own, others) if one.covers is not None):
            return False
        return other._alternatives(others.covers) <= self._alternatives(own.covers)

    def _alternatives(self, covers: Expression) -> set[str]:
        """Return keys of the operands of a disjunction, or of an expression that is none."""
        tree, keys = covers.tree, self.encoder.keys
        parts = tree.parts if isinstance(tree, Or) else (tree,)
        versions = self.versions(covers)
        return {
            keys.short([(held, keys.of(part, SymbolicActivation({}), p)) for held, p in versions]) for part in parts
        }


@dataclass
class RelaxedEncoder(Encoder):
    """Encoder with free quantifiers over object lists, so that list lengths do not matter."""

    exact: frozenset[bytes] = frozenset()
    """Structures of the exactly encoded quantifiers."""
    free: dict[str, bytes] = field(default_factory=dict)
    """Structures of the other quantifiers over object lists, by the name of the variable for their truth."""

    def quantified(
        self, node: Quantifier, base: KnownValue, activation: SymbolicActivation, params: Params
    ) -> DualRail:
        """Return a free truth, shared by questions that must have the same answer."""
        if not isinstance(base, BoundedList) or structure_of(node).digest in self.exact:
            return super().quantified(node, base, activation, params)
        pool = self.space.pool
        name = f"{base.path} {self.keys.short(self.keys.of(node, activation, params))}"
        self.free[name] = self.free[f"{name}?"] = structure_of(node).digest
        true, known = pool.flag(name), pool.flag(f"{name}?")
        return DualRail(pool.conjoin((known, true)), pool.conjoin((known, -true)))
