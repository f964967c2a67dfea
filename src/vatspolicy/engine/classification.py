"""Classification: the classes of the Telecommunications Catalog that a service belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from vatspolicy.cel.activation import Activation
from vatspolicy.engine.opinions import OPINION, reading_of, settling
from vatspolicy.policies.model import NOT_TELECOM, Classify, Rule
from vatspolicy.policies.ruleset import Match, RuleSet
from vatspolicy.profile.vocabulary import CLASS

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
    """Classify a service. An opinion settles a rule that is contested, or that rests on law that nobody has read.

    `matches` are the classify rules that match, if they are known already.
    """
    service = activation["service"]
    classes: dict[str, Rule] = {}
    possible: dict[str, Rule] = {}
    firing: list[Rule] = []
    undecided: list[Match] = []
    unread: set[Rule] = set()
    contested: list[Rule] = []
    for match in ruleset.match("service", activation, ("classify",)) if matches is None else matches:
        rule, holds, _ = match
        found = _classes(rule)
        applies = reading_of(activation, rule) if rule.is_open else True
        if applies is False:
            continue
        opinion = settling(activation, rule, CLASS) if applies is None else None
        if opinion is not None:
            found = tuple(opinion["classes"])
        elif applies is None:
            if rule.is_unread:
                unread.add(rule)
                if holds:
                    holds, match = False, (rule, False, (OPINION,))
            reading = interpretations.get((rule.name, service["id"]))
            found = found if reading is None else () if reading == NOT_TELECOM else (reading,)
            if rule.contested and holds:
                contested.append(rule)
        if holds:
            firing.append(rule)
        else:
            undecided.append(match)
        for cls in found:
            (classes if holds else possible).setdefault(cls, rule)
    return Classification(
        classes,
        {cls: rule for cls, rule in possible.items() if cls not in classes},
        tuple(firing),
        tuple(
            one
            for one in undecided
            if not firing or one[0] in unread or any(cls not in classes for cls in _classes(one[0]))
        ),
        frozenset(unread),
        tuple(contested),
    )


def _classes(rule: Rule) -> tuple[str, ...]:
    assert isinstance(rule.effect, Classify)
    return rule.effect.classes
