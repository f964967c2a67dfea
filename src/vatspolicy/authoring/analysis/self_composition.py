"""Self-composition: two profiles that share all facts except those that a property concerns.

A conjunction or disjunction of formulas that can only become true can only become true, and the negation of one can
only become false. So the direction of a formula follows from those of its atoms, without a solver.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vatspolicy.core.cel.ast import Fact, Node, Quantifier, walk
from vatspolicy.core.cel.interpreter import Params
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Expression
from vatspolicy.core.profile.vocabulary import presumptions
from vatspolicy.proofs.decision_encoder import encode_decision
from vatspolicy.proofs.domain import ProfileSpace, plain
from vatspolicy.proofs.encoder import Encoder, SymbolicActivation
from vatspolicy.proofs.formula import FALSE, TRUE, Bound, FormulaPool
from vatspolicy.proofs.query import Query, assume_invariants
from vatspolicy.proofs.ruleset_encoder import RelaxedRuleSet, SymbolicOutcome, SymbolicRuleSet
from vatspolicy.proofs.solver import Model
from vatspolicy.proofs.values import (
    BoundedList,
    DualRail,
    EnumSet,
    KnownValue,
    LinearSum,
    SymbolicRecord,
    SymbolicValue,
)
from vatspolicy.proofs.witness import opinions_of, profile_of, record_data


@dataclass
class Directions:
    """Directions of the formulas of a pool, from the first of two profiles to the second.

    Atoms that are not named here are the same in both profiles.
    """

    pool: FormulaPool
    number: str = ""
    """Variable that is higher in the second profile."""
    rising: set[int] = field(default_factory=set)
    """Formulas that hold of the second profile where they hold of the first."""
    unrelated: set[int] = field(default_factory=set)
    """Formulas that may have any truth in the second profile."""
    _rises: list[bool] = field(default_factory=lambda: [True, True])
    _falls: list[bool] = field(default_factory=lambda: [True, True])

    def add(self, rising: Iterable[int] = (), unrelated: Iterable[int] = ()) -> None:
        """Record formulas that rise, and formulas with an unknown direction. They must be new to the pool."""
        self.rising.update(rising)
        self.unrelated.update(map(abs, unrelated))

    def rises(self, formula: int) -> bool:
        """Return True if the formula holds of the second profile wherever it holds of the first."""
        if abs(formula) >= len(self._rises):
            self._extend()
        return self._rises[formula] if formula > 0 else self._falls[-formula]

    def falls(self, formula: int) -> bool:
        """Return True if the formula holds of the first profile wherever it holds of the second."""
        return self.rises(-formula)

    def settle(self, formula: int) -> None:
        """Record that a formula provably rises."""
        (self._rises if formula > 0 else self._falls)[abs(formula)] = True

    def renew(self, number: int) -> None:
        """Update the directions of a formula after those of its operands change."""
        rises, falls = self._of(number)
        self._rises[number] |= rises
        self._falls[number] |= falls

    def _extend(self) -> None:
        """Find the directions of new formulas in the pool. Operands precede the formulas that contain them."""
        for number in range(len(self._rises), len(self.pool.parts)):
            rises, falls = self._of(number)
            self._rises.append(rises)
            self._falls.append(falls)

    def _of(self, number: int) -> tuple[bool, bool]:
        """Return whether a formula rises, and whether it falls, by its parts."""
        rises, falls = self._rises, self._falls
        if number in self.unrelated:
            return False, False
        if number in self.rising or -number in self.rising:
            return number in self.rising, -number in self.rising
        part = self.pool.parts[number]
        if isinstance(part, tuple):
            return (
                all(rises[p] if p > 0 else falls[-p] for p in part),
                all(falls[p] if p > 0 else rises[-p] for p in part),
            )
        factor = dict(part.terms).get(self.number, 0) if isinstance(part, Bound) else 0
        return factor <= 0, factor >= 0  # a sum stays below its limit less often, the higher its parts are

    def without_rising(self, formula: int) -> int:
        """Return the part of a disjunction that does not rise. The rest also holds for the second profile."""
        if self.rises(formula):
            return FALSE
        part = self.pool.parts[abs(formula)]
        if not isinstance(part, tuple):
            return formula
        if formula < 0:
            return self.pool.disjoin([self.without_rising(-operand) for operand in part])
        left = [operand for operand in part if not self.rises(operand)]
        if len(left) > 1 or left[0] > 0:
            return formula
        return self.pool.conjoin([*(operand for operand in part if operand not in left), self.without_rising(left[0])])


# --- self-composition: two profiles that share all facts except those that a property is about
#
# `monotone`: one number is higher in the second profile. `more`: the company or the partner holds one more license, or
# a list of a service has more words. `hidden`: the first profile omits some facts. A decision is the strictest of its
# parts (the product and each service), so that a proof for the product with one service holds for all profiles.


EXTRA_LICENSE = "{holder}.licenses.99"
"""Path of the license that only the second profile has."""

SAID = "said "
"""Prefix of the flags for facts that the first profile also states."""

ANY_LICENSE = "any license"
"""Path of the license whose covered activities the property compares."""


@dataclass
class Difference:
    """The difference between two profiles, for both encoders."""

    fact: str = ""
    """Name of the fact that differs."""
    holder: str = "company"
    """Who holds one more license in the second profile."""
    directions: Directions | None = None
    """Directions of the formulas of the first profile; None if unused."""
    held: dict[str, str] = field(default_factory=dict)
    """Direction (`rises`, `falls` or `stays`) of holding an instrument that may cover more or less, by the question."""

    def concerns(self, node: Node, schemas: SchemaSet) -> bool:
        """Return whether the truth of an expression may differ between profiles, because it reads a differing fact."""
        return bool(self.fact) and mentions(node, self.fact, schemas)


@dataclass
class FreeEncoder(Encoder):
    """Encoder with free truths for quantifiers. Both profiles share those that cannot differ."""

    difference: Difference = field(default_factory=Difference)
    prefix: str = ""
    """Prefix of the truths that only the second profile has."""
    hiding: bool = False

    def quantified(
        self, node: Quantifier, base: KnownValue, activation: SymbolicActivation, params: Params
    ) -> DualRail:
        """Return a free truth: a separate one for each profile if the quantifier reads a differing fact."""
        if not isinstance(base, BoundedList):
            return super().quantified(node, base, activation, params)
        name = f"{base.path} {self.keys.short(self.keys.of(node, activation, params))}"
        difference = self.difference
        if self.prefix and difference.fact == "licenses" and base.path == f"{difference.holder}.licenses":
            before, extra = self.free(name), free_truth(self.space, f"more {name}", False)
            return (self.some if node.kind == "exists" else self.every)((before, extra))
        if not difference.concerns(node.body, self.space.schemas):
            return self.free(name)
        found = self.free(self.prefix + name)
        if difference.directions is not None:
            difference.directions.add(unrelated=(found.true, found.false))
        return found

    def free(self, name: str) -> DualRail:
        """Return a free truth of that name."""
        return free_truth(self.space, name, self.hiding)


class FreeRuleSet(RelaxedRuleSet):
    """Rule set with free truths for held instruments. The second profile may hold more; hidden facts make truths
    unknown.
    """

    def held(self, activation: SymbolicActivation, name: str, holder: str = "operator") -> DualRail:
        """Return a free truth, shared by questions that must have the same answer."""
        encoder, pool = self.encoder, self.space.pool
        assert isinstance(encoder, FreeEncoder)
        difference, covers = encoder.difference, self.history.instruments[name].covers
        whole = f"held {self.license_key(activation, name)} {holder} {dict(activation.subject).get('operator', '')}"
        if difference.fact == "licenses" and encoder.prefix:
            more = free_truth(self.space, f"more {whole}", False)
            entity = activation.values.get(holder, ())
            assert not isinstance(entity, DualRail)
            ours = pool.disjoin(
                held for held, base in entity if isinstance(base, SymbolicRecord) and base.path == difference.holder
            )
            extra = DualRail(pool.conjoin((ours, more.true)), pool.disjoin((-ours, more.false)))
            return encoder.some((encoder.free(whole), extra))
        if difference.fact == "licenses" or covers is None or not difference.concerns(covers.tree, self.space.schemas):
            return encoder.free(whole)
        if encoder.prefix:
            return self._held_after(whole)
        return self._held_before(whole, activation, covers)

    def _held_before(self, whole: str, activation: SymbolicActivation, covers: Expression) -> DualRail:
        """Return whether the first profile holds an instrument that may cover more or less in the second.

        An instrument is held if one license covers the activity: so the answer moves as `covers` does of any license.
        """
        encoder = self.encoder
        assert isinstance(encoder, FreeEncoder)
        moves = encoder.difference.directions
        if moves is None:
            return encoder.free(whole)
        schema = self.space.resolve(self.space.schemas.load("profile")["properties"]["company"])
        item = self.space.resolve(self.space.resolve(schema["properties"]["licenses"])["items"])
        license = self.space.record(item, ANY_LICENSE, TRUE)
        truth = self.evaluate(covers, activation.bind("license", ((TRUE, license),), ANY_LICENSE))
        rises = moves.rises(truth.true) and moves.falls(truth.false)
        falls = moves.falls(truth.true) and moves.rises(truth.false)
        held = encoder.free(whole)
        if rises and falls:
            encoder.difference.held[whole] = "stays"
        elif rises or falls:
            encoder.difference.held[whole] = "rises" if rises else "falls"
            moves.add(rising=(held.true, -held.false) if rises else (-held.true, held.false))
        else:
            moves.add(unrelated=(held.true, held.false))
        return held

    def _held_after(self, whole: str) -> DualRail:
        """Return whether the second profile holds it."""
        encoder = self.encoder
        assert isinstance(encoder, FreeEncoder)
        own, before = encoder.free(f"{encoder.prefix}{whole}"), encoder.free(whole)
        match encoder.difference.held.get(whole):
            case "stays":
                return before
            case "rises":
                return encoder.some((before, own))
            case "falls":
                return encoder.every((before, own))
        return own


def free_truth(space: ProfileSpace, name: str, hiding: bool) -> DualRail:
    """Return a free truth, which is the same or unknown in the profile with hidden facts."""
    pool = space.pool
    true, known = pool.flag(name), pool.flag(f"{name}?")
    said = pool.flag(f"{SAID}{name}") if hiding else TRUE
    return DualRail(pool.conjoin((known, true, said)), pool.conjoin((known, -true, said)))


def mentions(node: Node, name: str, schemas: SchemaSet) -> bool:
    """Return whether an expression reads a fact of that name, or a fact presumed from it, of any owner."""
    names = {name, "licensed"} if name == "licenses" else {name, *presumed_from(name, schemas)}
    return any(isinstance(part, Fact) and not names.isdisjoint(part.names) for part in walk(node))


def presumed_from(name: str, schemas: SchemaSet) -> list[str]:
    """Return the lists of a service that count as empty, if omitted, for some values of the named fact."""
    return [other for other, (fact, _) in presumptions(schemas).items() if fact == name]


@dataclass
class ProfilePair:
    """Query over two profiles: their rule sets, and formulas about both."""

    query: Query
    first: SymbolicRuleSet
    second: SymbolicRuleSet
    relation: list[int]
    """Formulas for the relation between the two profiles that the property states."""
    profiles: Callable[[Model], tuple[Facts, Facts]] = field(repr=False)
    """Function from a model to the two profiles."""
    directions: Directions | None = None
    """Directions of the first profile's formulas that follow from this relation."""

    def outcomes(self) -> tuple[SymbolicOutcome, SymbolicOutcome]:
        """Return the outcomes of both profiles, for the product and one service."""
        first, second = (encode_decision(ruleset, ruleset.space.services[:1]) for ruleset in (self.first, self.second))
        return first, second

    def invariants(self) -> list[int]:
        """Return the invariants of both profiles."""
        return [
            *assume_invariants(self.first.space, self.first.encoder)[0],
            *assume_invariants(self.second.space, self.second.encoder)[0],
        ]


def _encode_both(
    query: Query, other: ProfileSpace, bundle: Bundle, relaxed: bool, difference: Difference, hiding: bool = False
) -> tuple[SymbolicRuleSet, SymbolicRuleSet]:
    """Return the rule sets over the query's own space and over the other one."""
    if not relaxed:
        encoder = Encoder(other, keys=query.encoder.keys)
        second = SymbolicRuleSet(other, encoder, query.encode(bundle).history, ((TRUE, query.day),))
        return query.encode(bundle), second
    assert isinstance(query.encoder, FreeEncoder)
    query.encoder.difference = difference
    encoder = FreeEncoder(other, keys=query.encoder.keys)
    encoder.difference, encoder.prefix, encoder.hiding = difference, "second ", hiding
    history = query.encode(bundle).history
    as_of = ((TRUE, query.day),)
    return FreeRuleSet(query.space, query.encoder, history, as_of), FreeRuleSet(other, encoder, history, as_of)


def _copy(space: ProfileSpace) -> ProfileSpace:
    """Return a space over the same variables with new operators, so that its facts can be replaced."""
    other = copy.copy(space)
    other.operators = {}
    return other


def _with_company(
    query: Query, changed: Mapping[str, SymbolicValue], root: str = "company"
) -> tuple[ProfileSpace, SymbolicRecord]:
    """Return the space in which the given facts of a company differ, and the company."""
    space = query.space
    [(held, own)] = space.roots[root]  # type: ignore[misc]
    assert isinstance(own, SymbolicRecord)
    other = _copy(space)
    twin = SymbolicRecord(own.path, own.schema, lambda name: changed[name] if name in changed else own.get(name))
    other.roots = {**space.roots, root: ((held, twin),)}
    return other, own


def encode_monotone(query: Query, bundle: Bundle, fact: str, relaxed: bool) -> ProfilePair:
    """Return the pair in which a number such as company.foreign_percent is higher in the second profile."""
    root, _, name = fact.partition(".")
    space, pool = query.space, query.space.pool
    [(_, company)] = space.roots[root]  # type: ignore[misc]
    assert isinstance(company, SymbolicRecord)
    value = company.get(name)
    assert not isinstance(value, DualRail)
    [(present, number)] = value
    assert isinstance(number, LinearSum)
    pool.ranges[f"{fact}'"] = pool.ranges[fact]
    higher = LinearSum(((f"{fact}'", 1),), 0)
    other, _ = _with_company(query, {name: ((present, higher),)}, root)
    directions = Directions(pool, fact)
    first, second = _encode_both(query, other, bundle, relaxed, Difference(name, directions=directions))

    def profiles(found: Model) -> tuple[Facts, Facts]:
        one = profile_of(space, found)
        two = copy.deepcopy(one)
        amount = pool.number_of(f"{fact}'", found)
        two[root][name] = int(amount) if amount == int(amount) else float(amount)
        return one, two

    rises = pool.at_most({fact: 1, f"{fact}'": -1}, 0, strict=True)
    return ProfilePair(query, first, second, [present, rises], profiles, directions)


def encode_more_licenses(query: Query, bundle: Bundle, relaxed: bool, holder: str = "company") -> ProfilePair:
    """Return the pair in which the holder (company or partner) has one more license in the second profile."""
    space = query.space
    [(_, company)] = space.roots[holder]  # type: ignore[misc]
    assert isinstance(company, SymbolicRecord)
    [(held, slots)] = company.get("licenses")  # type: ignore[misc]
    assert isinstance(slots, BoundedList)
    schema = space.resolve(space.schemas.load("profile")["properties"][holder]["properties"]["licenses"])
    extra = space.record(space.resolve(schema["items"]), EXTRA_LICENSE.format(holder=holder), TRUE)
    longer = BoundedList(
        slots.path,
        lambda: [*slots.members, (TRUE, extra)],
        lambda: replace(slots.count(), constant=1),
    )
    other, _ = _with_company(query, {"licenses": ((held, longer),)}, holder)
    first, second = _encode_both(query, other, bundle, relaxed, Difference("licenses", holder))

    def profiles(found: Model) -> tuple[Facts, Facts]:
        one = profile_of(space, found)
        two = copy.deepcopy(one)
        two[holder].setdefault("licenses", []).append(record_data(space, extra, found))
        return one, two

    return ProfilePair(query, first, second, [held], profiles)


def encode_more_words(query: Query, bundle: Bundle, fact: str, relaxed: bool) -> ProfilePair:
    """Return the pair in which a word list of the service is longer in the second profile."""
    name = fact.removeprefix("services.*.")
    space, pool = query.space, query.space.pool
    (exists, service), *rest = query.services
    [(present, listed)] = service.cases(name)
    assert isinstance(listed, EnumSet)
    assert isinstance(service, SymbolicRecord)

    def more(word: str) -> str:
        return f"more {listed.path}={word}"

    def has(word: str) -> int:
        return pool.disjoin((listed.has(word), pool.conjoin((present, pool.flag(more(word))))))

    longer = EnumSet(listed.path, listed.words, has, listed.longest)
    presumed = presumed_from(name, query.schemas)

    def make(key: str) -> SymbolicValue:
        if key == name:
            return ((present, longer),)
        if key in presumed:  # of a list that is left out, something else may be presumed
            stated = space.value(service.schema["properties"][key], f"{service.path}.{key}", exists, False)
            found: SymbolicValue = space.empty_behind(key, stated, twin, exists)
            return found
        return service.get(key)

    twin = SymbolicRecord(service.path, service.schema, make)
    other = _copy(space)
    [(held, slots)] = space.roots["services"]  # type: ignore[misc]
    assert isinstance(slots, BoundedList)
    services = BoundedList(slots.path, lambda: [(exists, twin), *rest], slots.count)
    other.roots = {**space.roots, "services": ((held, services),)}
    directions = Directions(pool, rising={listed.has(word) for word in listed.words})
    first, second = _encode_both(query, other, bundle, relaxed, Difference(name, directions=directions))

    def profiles(found: Model) -> tuple[Facts, Facts]:
        one = profile_of(space, found)
        two = copy.deepcopy(one)
        words = two["services"][0].setdefault(name, [])
        words += [word for word in listed.words if found.get(more(word)) and word not in words]
        return one, two

    return ProfilePair(query, first, second, [present], profiles, directions)


class PartlyHiddenSpace(ProfileSpace):
    """Space with the same facts, some of them hidden. `kept`: names or paths of facts that must stay visible."""

    kept: frozenset[str] = frozenset()

    def flag(self, name: str, owner: int = TRUE) -> int:
        """Return whether a fact is given. List members and their words are the same in both profiles."""
        shared = self.pool.flag(name)
        path = name.removesuffix("?")
        last = path.rpartition(".")[2]
        is_kept = last in self.kept or plain(path) in self.kept
        if path == name or last.isdigit() or is_kept or (path in self.opinions and "opinions" in self.kept):
            return shared
        return self.pool.conjoin((shared, self.pool.flag(f"{SAID}{name}")))

    def empty_behind(self, name: str, stated: SymbolicValue, service: SymbolicRecord, owner: int) -> SymbolicValue:
        """Return a list of a service without the words that only the other profile has."""
        found = super().empty_behind(name, stated, service, owner)
        assert not isinstance(stated, DualRail) and not isinstance(found, DualRail)
        ((own, _),), ((present, listed),) = stated, found
        assert isinstance(listed, EnumSet)

        def has(word: str) -> int:
            return self.pool.conjoin((own, listed.has(word)))

        return ((present, EnumSet(listed.path, listed.words, has, listed.longest)),)


def encode_hidden(query: Query, bundle: Bundle, kept: Sequence[str], relaxed: bool) -> ProfilePair:
    """Return the pair in which the first profile omits facts. `kept`: names or paths of facts to keep visible."""
    space = query.space
    other = PartlyHiddenSpace.__new__(PartlyHiddenSpace)
    other.__dict__.update(space.__dict__)
    other.kept = frozenset(kept)
    other.roots, other.read, other.operators = {}, set(), {}
    other.__post_init__()
    full, less = _encode_both(query, other, bundle, relaxed, Difference(), hiding=True)

    def profiles(found: Model) -> tuple[Facts, Facts]:
        two = profile_of(space, found)
        one = copy.deepcopy(two)
        for name, value in sorted(found.items(), reverse=True):  # the longest paths first
            if value and name.endswith("?") and not name.startswith(SAID) and " " not in name:
                path = name.removesuffix("?")
                last = path.rpartition(".")[2]
                always = last.isdigit() or last in kept or plain(path) in kept
                if not always and not found.get(f"{SAID}{name}"):
                    _remove(one, path.split("."))
        if "opinions" not in kept and "opinions" in two:
            one["opinions"] = opinions_of(space, found, two, lambda name: not found.get(f"{SAID}{name}"))
        return one, two

    return ProfilePair(query, less, full, [], profiles)


def _remove(data: Tree, path: list[str]) -> None:
    for step in path[:-1]:
        try:
            data = data[int(step)] if isinstance(data, list) else data[step]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(data, dict):
        data.pop(path[-1], None)
