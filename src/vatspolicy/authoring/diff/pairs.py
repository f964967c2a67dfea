"""A profile decided by both sides of a change, with as few of its rules as can make a difference."""

from __future__ import annotations

import functools
from bisect import bisect_right
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from vatspolicy.authoring.diff.rules import Differences
from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import Fact, walk
from vatspolicy.core.cel.interpreter import Evaluator
from vatspolicy.core.engine.classification import classify
from vatspolicy.core.engine.decision import Decision, Finding
from vatspolicy.core.engine.evaluator import BEARING, evaluate
from vatspolicy.core.engine.snapshot import Item, Key, compare_items, itemize
from vatspolicy.core.engine.subjects import product_activation, service_activation
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import KINDS, Duty, Expression, Route, Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile
from vatspolicy.proofs.transitions import DecidingRules, RelevantRules, days_in

Touching = list[Rule]
"""Versions of rules, of both sides."""


@dataclass(frozen=True, eq=False)
class _Versions:
    """Both versions of a rule that differ, under the same values of parameters."""

    old: Rule | None
    new: Rule | None
    conditions: tuple[Evaluator, Evaluator]
    """Functions that evaluate the conditions of both; that of a version that is not in force is always false."""
    same_effect: bool

    @property
    def rules(self) -> Iterator[Rule]:
        """The versions in force."""
        return (rule for rule in (self.old, self.new) if rule is not None)


class _Day(NamedTuple):
    """The rules that differ on a day."""

    versions: Mapping[str, frozenset[_Versions]]
    """Versions by the kind of subject that a version is about."""
    classifying: Hashable
    """Equal for days on which the base classifies by the same rules under the same values of parameters.

    The rules may still compare something with the day.
    """


class _Seen(NamedTuple):
    """The versions that were compared on one subject of a profile, and those that say something else of it."""

    compared: set[_Versions]
    touching: set[_Versions]
    answers: dict[frozenset[_Versions], set[_Versions]]
    """The versions among these that say something else of it, by the versions of a day."""


class Untouched:
    """The rules that differ, day by day, for the question whether they concern a profile.

    It remembers the answers for one profile at a time: most rules are the same on many days.
    """

    def __init__(self, differences: Differences) -> None:
        self.sides = (differences.base, differences.head)
        self.differences = differences
        self._days: dict[str, _Day | None] = {}
        self._versions: dict[Hashable, _Versions] = {}
        self._sets: dict[frozenset[_Versions], frozenset[_Versions]] = {}
        """Versions of a day: equal sets are one, so that they are told apart fast."""
        self._profile: Profile | None = None
        self._seen: dict[tuple[str, int, str], _Seen] = {}
        """Comparisons by subject of the profile in hand: kind, place of the service, class."""
        self._classes: dict[tuple[int, Hashable], Collection[str]] = {}
        """Classes by place of the service, and the rules that classify it."""
        self._compared = DecidingRules(differences.base.bundle, ("classify",)).days_compared
        self._turns: list[str] = []
        """Days from which a comparison of a classifying rule with the day may turn out otherwise, of this profile."""

    def __contains__(self, found: tuple[Profile, str]) -> bool:
        """Return True if no rule that differs on a day states anything of a profile, or all state the same.

        Both sides must read the profile under the same schemas.
        """
        return self.touching(*found) == []

    def touching(self, profile: Profile, day: str) -> Touching | None:
        """Return the versions of rules that state something else of a profile on a day.

        None if any rule may, since an opinion names it or other instruments license an activity. Both sides must read
        the profile under the same schemas.
        """
        if day not in self._days:
            self._days[day] = self._rules_on(day)
        rules = self._days[day]
        if rules is None or profile.facts["opinions"]:
            return None
        if self._profile is not profile:
            self._profile = profile
            self._seen.clear()
            self._classes.clear()
            self._turns = sorted(self._compared.union(days_in([profile.facts])))
        before = self.sides[0].bundle.on(day)
        found: set[_Versions] = set()
        classifying = rules.classifying, bisect_right(self._turns, day)
        for key, one in self._subjects(before, product_activation(profile, day), classifying):
            seen = self._seen.get(key)
            if seen is None:
                seen = self._seen[key] = _Seen(set(), set(), {})
            versions = rules.versions[key[0]]
            if versions not in seen.answers:
                new = versions - seen.compared
                seen.touching.update(pair for pair in new if not _say_the_same(pair, one))
                seen.compared.update(new)
                seen.answers[versions] = seen.touching & versions
            found |= seen.answers[versions]
        return [rule for pair in found for rule in pair.rules]

    def _rules_on(self, day: str) -> _Day | None:
        """Return the rules that differ on a day.

        None if other instruments license an activity, since rules that are the same depend on these.
        """
        found: dict[str, set[_Versions]] = {"product": set(), "service": set(), "activity": set()}
        rulesets = [side.bundle.on(day) for side in self.sides]
        for name in sorted(self.differences.on(day)):
            old, new = (side.in_force(name, day) for side in self.sides)
            both = old is not None and new is not None and old.each == new.each
            if any(rule is not None and isinstance(rule.effect, Route) for rule in (old, new)):
                licenses = [side.licenses_on(name, day) for side in self.sides] if both else [old, new]
                if licenses[0] != licenses[1]:
                    return None
            same = name not in self.differences.effects_on(day) and self._reads_the_same(old, new, day)
            values = [_read_by(rule, one, day) for rule, one in zip((old, new), rulesets, strict=True)]
            versions = self._versions.get((name, same, *values))
            if versions is None:
                conditions = _condition(rulesets[0], old), _condition(rulesets[1], new)
                versions = self._versions[name, same, *values] = _Versions(old, new, conditions, same)
            for rule in versions.rules:
                found[rule.each].add(versions)
        base = rulesets[0]
        classifying = tuple([_read_by(rule, base, "") for rule in base.rules_for("service", "classify")])
        sets = {each: frozenset(versions) for each, versions in found.items()}
        return _Day({each: self._sets.setdefault(own, own) for each, own in sets.items()}, classifying)

    def _subjects(
        self, ruleset: RuleSet, product: Activation, classifying: Hashable
    ) -> Iterator[tuple[tuple[str, int, str], Activation]]:
        """Yield the subjects of a profile: activities last, which both sides find if no rule on services differs.

        Whether an activity is licensed is left open.
        """
        yield ("product", 0, ""), product
        services = [service_activation(product, service) for service in product["services"]]
        for place, service in enumerate(services):
            yield ("service", place, ""), service
        for place, service in enumerate(services):
            classes = self._classes.get((place, classifying))
            if classes is None:
                result = classify(ruleset, service)
                others = {cls for rule in result.contested for cls in rule.other_readings}
                classes = self._classes[place, classifying] = {*result.classes, *result.possible, *others}
            for cls in classes:
                yield ("activity", place, cls), {**service, "activity": {"class": cls}}

    def _reads_the_same(self, old: Rule | None, new: Rule | None, day: str) -> bool:
        """Return True if the conditions of two versions of a route, if it is one, read the same values on a day."""
        if old is None or new is None or not isinstance(old.effect, Route):
            return True
        before, after = (side.bundle.on(day).params for side in self.sides)
        keys = {*old.parameters, *new.parameters}
        return all(key in before and key in after and repr(before[key]) == repr(after[key]) for key in keys)


def _read_by(rule: Rule | None, ruleset: RuleSet, day: str) -> Hashable:
    """Return a key that is equal for days on which a rule is in force and its condition reads the same.

    Values are told by their identity: the bundle holds them.
    """
    if rule is None:
        return None
    values = tuple([id(ruleset.params[key]) for key in rule.when.parameters])
    return rule.name, values, day if _reads_the_day(rule.when) else None


@functools.cache
def _reads_the_day(expression: Expression) -> bool:
    return any(isinstance(node, Fact) and node.root == "as_of" for node in walk(expression.tree))


def _condition(ruleset: RuleSet, rule: Rule | None) -> Evaluator:
    """Return the function that evaluates the condition of a rule."""
    return _is_false if rule is None else ruleset.evaluator.function(rule.when)


def _is_false(_: Activation) -> bool:
    """Return that a rule which is not in force is false of a subject."""
    return False


def _say_the_same(versions: _Versions, subject: Activation) -> bool:
    """Return whether both versions of a rule say the same of a subject.

    Both are false of it; or they have the same effect, and both are true or wait for the same facts. Versions that wait
    may still differ in whether an activity is licensed, so both cases must agree then.
    """
    old, new = versions.conditions
    before, after = old(subject), new(subject)
    if before is False and after is False:
        return True
    if not versions.same_effect or before != after:
        return False
    if before is True or "activity" not in subject:
        return True
    cases = [{**subject, "activity": {**subject["activity"], "licensed": licensed}} for licensed in (True, False)]
    return all(old(case) == new(case) for case in cases)


# --- a profile decided by both sides of a change, with as few of its rules as can make a difference
#
# A rule that no side changed states the same of a profile on both sides, unless the profile is of other classes or
# licensed otherwise. So most notes and duties need not be evaluated to see that they are the same.


Side = tuple[Bundle, Profile]
"""A bundle and the profile as it reads it."""


class DecidedPair(NamedTuple):
    """The decisions of both sides, perhaps without findings that are the same, and the items that differ."""

    before: Decision
    after: Decision
    items: Mapping[Key, tuple[Item | None, Item | None]]


class PairEvaluator:
    """Evaluator of one profile after another by both sides.

    Days on which the rules that can bear on the profile are the same are decided once.
    """

    def __init__(self) -> None:
        self._rules: dict[int, DecidingRules] = {}
        """The rules of each bundle, by its identity: the base may be loaded twice, under different schemas."""
        self._profile: _ProfileInHand | None = None

    def compare(
        self, sides: tuple[Side, Side], day: str, differing: Collection[str], touching: Touching | None
    ) -> DecidedPair:
        """Decide a profile by both sides on a day.

        `differing`: names of the rules that have another effect on that day. `touching`: rules that state something
        else of this profile; None if they are not known, or if further ones may because of them. The decisions may be
        of another day on which they are the same.
        """
        if any(profile.facts["opinions"] for _, profile in sides):  # an opinion may name any rule
            return _pair(sides, [evaluate(*side, day, explain=False) for side in sides], differing)
        if self._profile is None or self._profile.sides != sides:
            self._profile = _ProfileInHand(sides, [self._rules_of(bundle) for bundle, _ in sides])
        decide = self._profile.decide
        if touching is not None and not any(rule.kind == "classify" or rule.contested for rule in touching):
            names = frozenset(rule.name for rule in touching)
            if all(_is_apart(rule) for rule in touching):
                return decide(day, differing, _Selection(("classify",), names))
            pair = decide(day, differing, _Selection(BEARING, names, compare=True))
            if pair.before.range == pair.after.range and _readings(pair.before) == _readings(pair.after):
                return pair
            # duties that were left out can make the difference whether a reading changes anything
        return decide(day, differing, _Selection(KINDS, compare=True))

    def _rules_of(self, bundle: Bundle) -> DecidingRules:
        if id(bundle) not in self._rules:
            self._rules[id(bundle)] = DecidingRules(bundle, KINDS)
        return self._rules[id(bundle)]


class _Selection(NamedTuple):
    """Rules that are wanted: those of some kinds, and those of some names."""

    kinds: tuple[str, ...]
    names: frozenset[str] = frozenset()
    compare: bool = False
    """True if the decision says what other readings of contested rules change."""

    def has(self, rule: Rule) -> bool:
        return rule.kind in self.kinds or rule.name in self.names


@dataclass
class _Selected:
    """The rules of a profile that a selection has."""

    names: Sequence[Sequence[str]]
    """Names of the rules of each side."""
    every: frozenset[str]
    last: tuple[str, Collection[str], DecidedPair] | None = None
    """The last day on which the profile was decided by them, the rules with another effect, and the decisions."""


class _ProfileInHand:
    """A profile that both sides decide on many days: rules that are false of it on every day are tried once."""

    def __init__(self, sides: tuple[Side, Side], rules: Sequence[DecidingRules]) -> None:
        self.sides = sides
        self.relevant = [RelevantRules(own, profile) for own, (_, profile) in zip(rules, sides, strict=True)]
        days = {day for _, profile in sides for day in days_in([profile.facts])}
        self.days = sorted(days.union(*(own.days_compared for own in rules)))
        """Days from which a comparison with the day of the decision may turn out otherwise."""
        self._selected: dict[_Selection, _Selected] = {}
        self._decided: dict[Hashable, DecidedPair] = {}

    def decide(self, day: str, differing: Collection[str], selection: _Selection) -> DecidedPair:
        """Decide the profile on a day by the selected rules."""
        selected = self._selected.get(selection)
        if selected is None:
            found = [[rule.name for rule in one.rules if selection.has(rule)] for one in self.relevant]
            every = frozenset(name for names in found for name in names)
            selected = self._selected[selection] = _Selected(found, every)
        last = selected.last
        known = last is not None and self._are_alike(selected.every, last[:2], (day, differing))
        pair = last[2] if last is not None and known else self._decide(day, differing, selection, selected)
        selected.last = day, differing, pair
        return pair

    def _are_alike(
        self, every: frozenset[str], one: tuple[str, Collection[str]], other: tuple[str, Collection[str]]
    ) -> bool:
        """Return True if nothing about some rules differs between two days, which is told fast."""
        (before, differing), (after, differing_then) = one, other
        changes = [own.side.changes_between(before, after) for own in self.relevant]
        return (
            all(names is not None and names.isdisjoint(every) for names in changes)
            and bisect_right(self.days, before) == bisect_right(self.days, after)
            and every.intersection(differing) == every.intersection(differing_then)
        )

    def _decide(self, day: str, differing: Collection[str], selection: _Selection, selected: _Selected) -> DecidedPair:
        """Decide the profile by rules in states in which it has perhaps been decided before."""
        states: list[Hashable] = []
        for one, own in zip(self.relevant, selected.names, strict=True):
            rules, instruments = one.side.states_on(day)
            states += [tuple(map(rules.get, own)), instruments]
        key = selection, bisect_right(self.days, day), selected.every.intersection(differing), tuple(states)
        if key not in self._decided:
            decisions = [
                evaluate(bundle, profile, day, selection.compare, explain=False, ruleset=one.on(day, selection.has))
                for (bundle, profile), one in zip(self.sides, self.relevant, strict=True)
            ]
            self._decided[key] = _pair(self.sides, decisions, differing)
        return self._decided[key]


def _pair(sides: tuple[Side, Side], decisions: Sequence[Decision], differing: Collection[str]) -> DecidedPair:
    before, after = decisions
    shorter = drop_shared(before, after, differing)
    items = compare_items(*(itemize(one, side[0], differing) for one, side in zip(shorter, sides, strict=True)))
    return DecidedPair(before, after, items)


def _is_apart(rule: Rule) -> bool:
    """Return True if a rule bears neither on the outcome nor on what another reading of a rule changes."""
    return rule.kind == "advise" or (isinstance(rule.effect, Duty) and rule.each != "activity")


def _readings(decision: Decision) -> set[tuple[str, str, str, str]]:
    """Return the readings of contested rules that change anything."""
    return {(one.rule.name, one.reading, one.subject.service or "", one.subject.cls or "") for one in decision.readings}


def drop_shared(before: Decision, after: Decision, differing: Collection[str]) -> tuple[Decision, Decision]:
    """Return both decisions without the met needs, duties and notes that are the same.

    Those of rules among `differing` are kept. Items of the others follow from rule, subject, state and authorities.
    """

    def rest(own: Iterable[Finding], others: Iterable[Finding]) -> tuple[Finding, ...]:
        same = {_content(one) for one in others}
        return tuple([one for one in own if one.rule.name in differing or _content(one) not in same])

    one, other = (
        replace(
            own,
            met=rest(own.met, others.met),
            duties=rest(own.duties, others.duties),
            advice=rest(own.advice, others.advice),
            undetermined=rest(own.undetermined, others.undetermined),
        )
        for own, others in ((before, after), (after, before))
    )
    return one, other


def _content(finding: Finding) -> tuple[object, ...]:
    return finding.rule.name, finding.subject, finding.state, finding.authority
