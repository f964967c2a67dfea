"""Self-composition: two profiles that share all facts except those that a property is about.

`monotone`: one number is higher in the second profile. `more`: the company or the partner holds one more license, or a
list of a service has more words. `hidden`: the first profile omits some facts. A decision is the strictest of its parts
(the product and each service), so that a proof for the product with one service holds for all profiles.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.authoring.symbolic.decision_encoder import SymbolicOutcome, encode_decision
from vatspolicy.authoring.symbolic.domain import ProfileSpace, plain
from vatspolicy.authoring.symbolic.encoder import Encoder, SymbolicActivation
from vatspolicy.authoring.symbolic.formula import TRUE
from vatspolicy.authoring.symbolic.query import Query, assume_invariants
from vatspolicy.authoring.symbolic.relaxation import RelaxedRuleSet
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicRuleSet
from vatspolicy.authoring.symbolic.solver import Model
from vatspolicy.authoring.symbolic.values import (
    BoundedList,
    DualRail,
    EnumSet,
    KnownValue,
    LinearSum,
    SymbolicRecord,
    Unsupported,
)
from vatspolicy.authoring.symbolic.witness import opinions_of, profile_of, record_data
from vatspolicy.cel.ast import Fact, Node, Quantifier, walk
from vatspolicy.policies.bundle import Bundle

EXTRA_LICENSE = "{holder}.licenses.99"
"""Path of the license that only the second profile has."""

Profile = dict[str, Any]


@dataclass
class FreeEncoder(Encoder):
    """Encoder with free truths for quantifiers, equal in both profiles where these cannot differ."""

    changed_fact: str = ""
    """Name of the fact that differs; a quantifier that reads it has its own truth in each profile."""
    prefix: str = ""
    hiding: bool = False
    holder: str = "company"
    """Who holds one more license in the second profile."""

    def quantified(
        self, node: Quantifier, base: KnownValue, activation: SymbolicActivation, params: Mapping[str, Any]
    ) -> DualRail:
        """Return a free truth."""
        if not isinstance(base, BoundedList):
            return super().quantified(node, base, activation, params)
        if self.prefix and self.changed_fact == "licenses" and base.path == f"{self.holder}.licenses":
            before = free_truth(self.space, self._quantifier_name(node, base, activation, params), self.hiding)
            extra = free_truth(self.space, f"more {self._quantifier_name(node, base, activation, params)}", False)
            return (self.some if node.kind == "exists" else self.every)((before, extra))
        own = self.prefix if self.changed_fact and mentions(node.body, self.changed_fact) else ""
        return free_truth(self.space, own + self._quantifier_name(node, base, activation, params), self.hiding)

    def _quantifier_name(
        self, node: Quantifier, base: BoundedList, activation: SymbolicActivation, params: Mapping[str, Any]
    ) -> str:
        """Return the name of a quantifier over a list."""
        return f"{base.path} {self.keys.short(self.keys.of(node, activation, params))}"


class FreeRuleSet(RelaxedRuleSet):
    """Rule set with free truths for held instruments: more in the second profile, fewer known if facts are hidden."""

    def held(self, activation: Any, name: str, holder: str = "operator") -> DualRail:
        """Return a free truth, the same for questions that must have the same answer."""
        encoder, pool = self.encoder, self.space.pool
        assert isinstance(encoder, FreeEncoder)
        covers = self.history.instruments[name].covers
        if (
            encoder.changed_fact not in ("", "licenses")
            and covers is not None
            and mentions(covers.tree, encoder.changed_fact)
        ):
            raise Unsupported(f"when {name} is held depends on {encoder.changed_fact}")
        whole = f"held {self.license_key(activation, name)} {holder} {dict(activation.subject).get('operator', '')}"
        found = free_truth(self.space, whole, encoder.hiding)
        if encoder.changed_fact == "licenses" and encoder.prefix:
            more = free_truth(self.space, f"more {whole}", False)
            entity = activation.values.get(holder, ())
            ours = pool.disjoin(
                held for held, base in entity if isinstance(base, SymbolicRecord) and base.path == encoder.holder
            )
            found = encoder.some((found, DualRail(pool.conjoin((ours, more.true)), pool.disjoin((-ours, more.false)))))
        return found


def free_truth(space: ProfileSpace, name: str, hiding: bool) -> DualRail:
    """Return a free truth; in the profile with hidden facts it is the same or unknown."""
    pool = space.pool
    true, known = pool.flag(name), pool.flag(f"{name}?")
    said = pool.flag(f"said {name}") if hiding else TRUE
    return DualRail(pool.conjoin((known, true, said)), pool.conjoin((known, -true, said)))


def mentions(node: Node, name: str) -> bool:
    """Return whether an expression reads a fact of that name, whatever its owner."""
    names = {name, "licensed"} if name == "licenses" else {name}
    return any(isinstance(part, Fact) and not names.isdisjoint(part.names) for part in walk(node))


@dataclass
class ProfilePair:
    """Query over two profiles: their rule sets, and formulas about both."""

    query: Query
    first: SymbolicRuleSet
    second: SymbolicRuleSet
    relation: list[int]
    """Formulas that the two profiles are related as the property states."""
    profiles_of: Callable[[Model], tuple[Profile, Profile]] = field(repr=False)
    """Function from a model to the two profiles."""

    def outcomes(self) -> tuple[SymbolicOutcome, SymbolicOutcome]:
        """Return the outcomes of both profiles, for the product and one service."""
        first, second = (encode_decision(ruleset, _services(ruleset)[:1]) for ruleset in (self.first, self.second))
        return first, second

    def invariants(self) -> list[int]:
        """Return the invariants of both profiles."""
        return [
            *assume_invariants(self.first.space, self.first.encoder)[0],
            *assume_invariants(self.second.space, self.second.encoder)[0],
        ]

    def profiles(self, found: Model) -> tuple[Profile, Profile]:
        """Return the two profiles of a model."""
        return self.profiles_of(found)


def _services(ruleset: SymbolicRuleSet) -> list[Any]:
    """Return the services as the rule set sees them: some of their facts may be hidden."""
    [(_, slots)] = ruleset.space.roots["services"]  # type: ignore[misc]
    assert isinstance(slots, BoundedList)
    return slots.members


def _encode_both(
    query: Query, other: ProfileSpace, bundle: Bundle, relaxed: bool, changed_fact: str, hiding: bool = False
) -> Any:
    """Return the rule sets over the query's own space and over the other one."""
    if not relaxed:
        encoder = Encoder(other, keys=query.encoder.keys)
        second = SymbolicRuleSet(other, encoder, query.encode(bundle).history, ((TRUE, query.day),))
        return query.encode(bundle), second
    assert isinstance(query.encoder, FreeEncoder)
    query.encoder.changed_fact = changed_fact
    encoder = FreeEncoder(other, keys=query.encoder.keys)
    encoder.changed_fact, encoder.prefix, encoder.hiding = changed_fact, "second ", hiding
    encoder.holder = query.encoder.holder
    history = query.encode(bundle).history
    as_of = ((TRUE, query.day),)
    return FreeRuleSet(query.space, query.encoder, history, as_of), FreeRuleSet(other, encoder, history, as_of)


def _copy(space: ProfileSpace) -> ProfileSpace:
    """Return a space over the same variables whose facts can be replaced: its operators are made anew."""
    other = copy.copy(space)
    other.operators = {}
    return other


def _with_company(
    query: Query, changed: Mapping[str, Any], root: str = "company"
) -> tuple[ProfileSpace, SymbolicRecord]:
    """Return the space in which some facts of a company differ, and the company."""
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
    first, second = _encode_both(query, other, bundle, relaxed, name)

    def profiles_of(found: Model) -> tuple[Profile, Profile]:
        one = profile_of(space, found)
        two = copy.deepcopy(one)
        amount = pool.number_of(f"{fact}'", found)
        two[root][name] = int(amount) if amount == int(amount) else float(amount)
        return one, two

    rises = pool.at_most({fact: 1, f"{fact}'": -1}, 0, strict=True)
    return ProfilePair(query, first, second, [present, rises], profiles_of)


def encode_more_licenses(query: Query, bundle: Bundle, relaxed: bool, holder: str = "company") -> ProfilePair:
    """Return the pair in which the holder (company or partner) has one more license in the second profile."""
    space = query.space
    [(_, company)] = space.roots[holder]  # type: ignore[misc]
    assert isinstance(company, SymbolicRecord)
    [(held, slots)] = company.get("licenses")  # type: ignore[misc]
    assert isinstance(slots, BoundedList)
    schema = space.resolve(space.schemas.load("profile")["properties"][holder]["properties"]["licenses"])
    extra = space.record(space.resolve(schema["items"]), EXTRA_LICENSE.format(holder=holder), TRUE)
    longer = BoundedList(slots.path, lambda: [*slots.members, (TRUE, extra)])
    other, _ = _with_company(query, {"licenses": ((held, longer),)}, holder)
    if isinstance(query.encoder, FreeEncoder):
        query.encoder.holder = holder
    first, second = _encode_both(query, other, bundle, relaxed, "licenses")

    def profiles_of(found: Model) -> tuple[Profile, Profile]:
        one = profile_of(space, found)
        two = copy.deepcopy(one)
        two[holder].setdefault("licenses", []).append(record_data(space, extra, found))
        return one, two

    return ProfilePair(query, first, second, [held], profiles_of)


def encode_more_words(query: Query, bundle: Bundle, fact: str, relaxed: bool) -> ProfilePair:
    """Return the pair in which a list of words of the service has more of them in the second profile."""
    name = fact.removeprefix("services.*.")
    space, pool = query.space, query.space.pool
    (exists, service), *rest = query.services
    [(present, stated)] = service.get(name)
    assert isinstance(stated, EnumSet)

    def more(word: str) -> str:
        return f"more {stated.path}={word}"

    def has(word: str) -> int:
        return pool.disjoin((stated.has(word), pool.conjoin((present, pool.flag(more(word))))))

    longer = EnumSet(stated.path, stated.words, has, stated.longest)
    changed = {name: ((present, longer),)}
    twin = SymbolicRecord(
        service.path, service.schema, lambda key: changed[key] if key in changed else service.get(key)
    )
    other = _copy(space)
    [(held, slots)] = space.roots["services"]  # type: ignore[misc]
    assert isinstance(slots, BoundedList)
    other.roots = {**space.roots, "services": ((held, BoundedList(slots.path, lambda: [(exists, twin), *rest])),)}
    first, second = _encode_both(query, other, bundle, relaxed, name)

    def profiles_of(found: Model) -> tuple[Profile, Profile]:
        one = profile_of(space, found)
        two = copy.deepcopy(one)
        words = two["services"][0].setdefault(name, [])
        words += [word for word in stated.words if found.get(more(word)) and word not in words]
        return one, two

    return ProfilePair(query, first, second, [present], profiles_of)


class PartlyHiddenSpace(ProfileSpace):
    """Space with the same facts, some of them hidden. `kept`: names or paths of facts that are never hidden."""

    kept: frozenset[str] = frozenset()

    def flag(self, name: str, owner: int = TRUE) -> int:
        """Return whether a fact is given; members of lists and words in them are the same in both profiles."""
        shared = self.pool.flag(name)
        path = name.removesuffix("?")
        last = path.rpartition(".")[2]
        is_kept = last in self.kept or plain(path) in self.kept
        if path == name or last.isdigit() or is_kept or (path in self.opinions and "opinions" in self.kept):
            return shared
        return self.pool.conjoin((shared, self.pool.flag(f"said {name}")))


def encode_hidden(query: Query, bundle: Bundle, kept: Sequence[str], relaxed: bool) -> ProfilePair:
    """Return the pair in which the first profile omits facts. `kept`: names or paths of facts that are never hidden."""
    space = query.space
    other = PartlyHiddenSpace.__new__(PartlyHiddenSpace)
    other.__dict__.update(space.__dict__)
    other.kept = frozenset(kept)
    other.roots, other.read, other.operators = {}, set(), {}
    other.__post_init__()
    full, less = _encode_both(query, other, bundle, relaxed, "", hiding=True)

    def profiles_of(found: Model) -> tuple[Profile, Profile]:
        two = profile_of(space, found)
        one = copy.deepcopy(two)
        for name, value in sorted(found.items(), reverse=True):  # the longest paths first
            if value and name.endswith("?") and not name.startswith("said ") and " " not in name:
                path = name.removesuffix("?")
                last = path.rpartition(".")[2]
                always = last.isdigit() or last in kept or plain(path) in kept
                if not always and not found.get(f"said {name}"):
                    _remove(one, path.split("."))
        if "opinions" not in kept and "opinions" in two:
            one["opinions"] = opinions_of(space, found, two, lambda name: not found.get(f"said {name}"))
        return one, two

    return ProfilePair(query, less, full, [], profiles_of)


def _remove(data: Any, path: list[str]) -> None:
    for step in path[:-1]:
        try:
            data = data[int(step)] if isinstance(data, list) else data[step]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(data, dict):
        data.pop(path[-1], None)
