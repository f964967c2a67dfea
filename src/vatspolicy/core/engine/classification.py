"""Classification: the classes of the Telecommunications Catalog that a service belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.engine.opinions import OPINION, reading_of, settling
from vatspolicy.core.policies.model import NOT_TELECOM, Classify, Rule
from vatspolicy.core.policies.ruleset import Match, RuleSet
from vatspolicy.core.profile.vocabulary import CLASS

Interpretations = Mapping[tuple[str, str], str]
"""Alternative interpretations: (rule name, service id) to a class or `not-telecommunications`."""
NO_INTERPRETATIONS: Interpretations = MappingProxyType({})


class Classification(NamedTuple):
    """Result of the classify rules for one service."""

    classes: Mapping[str, Rule]
    """Classes found, each with the first rule that found it."""
    possible: Mapping[str, Rule]
    """Further classes that a missing fact leaves open."""
    rules: tuple[Rule, ...]
    """Rules that hold, including rules that find no class."""
    undecided: tuple[Match, ...]
    """Matches that a missing fact leaves undecided and that may add something."""
    unread: frozenset[Rule]
    """Rules on unread law that hold or may hold and that no opinion settles: an opinion may name any class."""
    contested: tuple[Rule, ...]
    """Contested rules that hold and that no dated opinion settles."""
    spoke: bool
    """True if some rule holds, whatever the missing facts are: one that holds now, or in each case of a clause."""

    @property
    def state(self) -> str:
        """classified, not-telecom, partly-classified (a fact is missing) or unclassified (no rule holds)."""
        if self.undecided:
            return "partly-classified"
        if self.classes:
            return "classified"
        return "not-telecom" if self.rules else "unclassified"


def classify(
    ruleset: RuleSet,
    activation: Activation,
    interpretations: Interpretations = NO_INTERPRETATIONS,
    matches: Iterable[Match] | None = None,
) -> Classification:
    """Classify a service. An opinion settles a rule that is contested, or that rests on unread law.

    `matches` are the classify rules that match, if they are known already.
    """
    if matches is None:
        matches = ruleset.match("service", activation, ("classify",))
    readings = [one for match in matches if (one := _read(match, activation, interpretations)) is not None]
    classes: dict[str, Rule] = {}
    possible: dict[str, Rule] = {}
    for one in readings:
        for cls in one.classes:
            (classes if one.holds else possible).setdefault(cls, one.rule)
    firing = tuple([reading.rule for reading in readings if reading.holds])
    return Classification(
        classes,
        {cls: rule for cls, rule in possible.items() if cls not in classes},
        firing,
        tuple(
            [reading.match for reading in readings if not reading.holds and (not firing or reading.may_add(classes))]
        ),
        frozenset([reading.rule for reading in readings if reading.is_unread]),
        tuple([reading.rule for reading in readings if reading.is_contested]),
        bool(firing) or _speaks_in_each_case(ruleset, activation, readings),
    )


def _speaks_in_each_case(ruleset: RuleSet, activation: Activation, readings: Iterable[_Reading]) -> bool:
    """Return whether a single clause leaves some rule undecided, in either of its cases."""
    sides = {
        side
        for reading in readings
        if not reading.holds and not reading.is_unread
        for side in ruleset.possible_cases(reading.rule, activation)
    }
    return any((clause, not truth) in sides for clause, truth in sides)


class _Reading(NamedTuple):
    """Reading of a service by a classify rule, and whether it is unread or contested."""

    match: Match
    classes: tuple[str, ...]
    """Classes that it finds: its own, those of the opinion that settles it, or that of another interpretation."""
    is_unread: bool = False
    """True if the law is unread and no opinion settles it."""
    is_contested: bool = False
    """True if the rule holds, is contested, and no opinion settles it."""

    @property
    def rule(self) -> Rule:
        """The rule."""
        return self.match[0]

    @property
    def holds(self) -> bool:
        """True if the rule applies; False if a missing fact or opinion leaves it undecided."""
        return self.match[1]

    def may_add(self, classes: Mapping[str, Rule]) -> bool:
        """Return whether the rule, once decided, may add a class to these."""
        return self.is_unread or any(cls not in classes for cls in _classes(self.rule))


def _read(match: Match, activation: Activation, interpretations: Interpretations) -> _Reading | None:
    """Return how a rule counts for a service; None if it does not apply, by an opinion."""
    rule, holds, _ = match
    applies = reading_of(activation, rule) if rule.is_open else True
    if applies is False:
        return None
    if applies:
        return _Reading(match, _classes(rule))
    opinion = settling(activation, rule, CLASS)
    if opinion is not None:
        return _Reading(match, tuple(opinion["classes"]))
    interpretation = interpretations.get((rule.name, activation["service"]["id"]))
    classes = _classes(rule) if interpretation is None else () if interpretation == NOT_TELECOM else (interpretation,)
    if rule.is_unread:
        return _Reading((rule, False, (OPINION,)) if holds else match, classes, is_unread=True)
    return _Reading(match, classes, is_contested=rule.contested and holds)


def _classes(rule: Rule) -> tuple[str, ...]:
    assert isinstance(rule.effect, Classify)
    return rule.effect.classes
