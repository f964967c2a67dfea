"""Conditional answers: facts that would settle an open decision if they were true.

A few values of each missing fact are tried (`possible_values`), the most decisive fact first, until the mildest word
that is possible is the only one. Each answer is then decided again as a whole profile. Nothing else is claimed: where
the search finds no answer, there may still be one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from vatspolicy.core.documents import Path
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.documents.validation import is_valid
from vatspolicy.core.engine.decision import WORDS, Decision, MissingFact
from vatspolicy.core.engine.evaluator import PossibleOutcomes, possible_outcomes
from vatspolicy.core.engine.opinions import OPINION
from vatspolicy.core.engine.possible_values import place_code, possible_answers
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.edits import get_fact, set_fact
from vatspolicy.core.profile.invariants import broken_invariant
from vatspolicy.core.profile.profile import Profile, trust_profile

TRIALS = 48
"""Maximum number of evaluations for one answer."""
LONGEST = 3
"""Maximum number of facts in an answer; more would describe a different product."""

Settings = tuple[tuple[Path, Tree], ...]
"""Facts with their values."""


class Conditional(NamedTuple):
    """Facts that settle a decision, and the decision with them."""

    decision: str
    settings: Settings
    profile: Facts
    """The profile with these facts, as data."""


def find_conditional(bundle: Bundle, profile: Profile, decision: Decision) -> Conditional | None:
    """Return missing facts with values under which an open decision becomes its mildest possible word.

    None if no tried values do this, or while the classification of a service is open, because that is not a condition.
    """
    is_open = any(service.state not in ("classified", "not-telecom") for service in decision.services)
    if is_open or decision.range[0] == decision.range[1]:
        return None
    return _ConditionalSearch(bundle, profile, decision).find()


class _ConditionalSearch:
    def __init__(self, bundle: Bundle, profile: Profile, decision: Decision) -> None:
        self.bundle, self.profile, self.day = bundle, profile, decision.as_of
        self.ruleset = bundle.on(decision.as_of)
        self.wanted = decision.range[0]
        classes = (activity.cls for service in decision.services for activity in service.activities)
        self.classes = list(dict.fromkeys(classes))
        self.trials = 0

    def find(self) -> Conditional | None:
        settings: Settings = ()
        outcomes = self.outcomes(settings)
        while outcomes is not None and not self.is_settled(outcomes):
            better = self.best_value(settings, outcomes)
            if better is None or len(settings) == LONGEST:
                return None
            settings, outcomes = better
        needed = self.without_idle(settings)
        return Conditional(self.wanted, needed, self.data(needed)) if self.is_valid(needed) else None

    def is_settled(self, outcomes: PossibleOutcomes | None) -> bool:
        """Return whether only the wanted decision is left."""
        return outcomes is not None and outcomes.range == (self.wanted, self.wanted)

    def best_value(self, settings: Settings, outcomes: PossibleOutcomes) -> tuple[Settings, PossibleOutcomes] | None:
        """Return the settings with one more fact, the value that leaves the least open, and the remaining outcomes."""
        for fact in outcomes.missing:
            trials: list[tuple[Tree, PossibleOutcomes]] = []
            for value in self.values(self.data(settings), fact):
                if self.trials == TRIALS:
                    return None
                after = self.outcomes((*settings, (fact.path, value)))
                if after is not None and after.range[0] == self.wanted:
                    trials.append((value, after))
                    if self.is_settled(after):
                        break
            if trials:
                value, after = min(trials, key=lambda trial: (WORDS.index(trial[1].range[1]), trial[1].open))
                return (*settings, (fact.path, value)), after
        return None

    def values(self, data: Facts, fact: MissingFact) -> Iterator[Tree]:
        """Yield the values to try for a fact; for a held license, first the values that the services need."""
        path = fact.path
        if path == (OPINION.root,):
            return
        if "licenses" in path[:-1] and path[-1] == "area" and (places := self.served(data)):
            yield places
        if "licenses" in path[:-1] and path[-1] == "classes" and self.classes:
            yield self.classes
        rules = [name for name in fact.rules if "/" in name]
        yield from possible_answers(self.bundle, self.ruleset, data, path, rules, self.day)

    def served(self, data: Facts) -> list[Tree]:
        """Return the places that the services reach."""
        areas = [(get_fact(data, ("product", "area")) or [])]
        areas += [service.get("area") or [] for service in data["services"]]
        return list(dict.fromkeys(place_code(place) for area in areas for place in area))

    def without_idle(self, settings: Settings) -> Settings:
        """Return only the settings necessary for the answer."""
        for setting in settings[:-1]:
            fewer = tuple(kept for kept in settings if kept is not setting)
            if self.is_valid(fewer) and self.is_settled(self.outcomes(fewer)):
                settings = fewer
        return settings

    def is_valid(self, settings: Settings) -> bool:
        """Return whether the profile with some facts fits the schema: a member may need a fact that is omitted."""
        return is_valid(self.data(settings), "profile", self.bundle.schemas)

    def data(self, settings: Settings) -> Facts:
        """Return the profile with some facts."""
        data: Facts = self.profile.document.data
        for path, value in settings:
            data = set_fact(data, path, value)
        return data

    def outcomes(self, settings: Settings) -> PossibleOutcomes | None:
        """Return the possible outcomes with some facts; None for contradictory facts."""
        self.trials += 1
        document = replace(self.profile.document, data=self.data(settings))
        profile = trust_profile(document, self.bundle.schemas).grant(self.profile.granted)
        if broken_invariant(profile.facts, self.bundle.schemas):
            return None
        return possible_outcomes(self.ruleset, profile, self.day)
