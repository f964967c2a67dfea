"""Items of some rules that the decisions of two bundles list differently."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection, Sequence
from typing import NamedTuple

from vatspolicy.authoring.symbolic.mixed_bundle import find_rule
from vatspolicy.core.engine.evaluator import BEARING, evaluate
from vatspolicy.core.engine.snapshot import Item, Key, compare_items, itemize
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Advise, Duty
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile

Items = dict[Key, tuple[Item | None, Item | None]]
"""Items that differ, by their keys: before and after."""


class Shown(NamedTuple):
    """The kind of items that are looked at."""

    settled: bool = False
    """True if a decision in which a missing fact leaves one of the rules undetermined shows nothing."""
    readings: bool = True
    """True if other readings of contested rules count, which takes many times as long."""


EVERYTHING = Shown()
TELLING_FIRST = (Shown(True, False), Shown(True, True), Shown(False, False), Shown(False, True))


class ListedItems:
    """The items of some rules (policy/rule) that the decisions of two bundles list differently on a day."""

    def __init__(self, base: Bundle, head: Bundle, names: Collection[str], as_of: str) -> None:
        self.sides, self.names, self.as_of = (base, head), frozenset(names), as_of

    def differing(self, profile: Profile, shown: Shown = EVERYTHING) -> Items:
        """Return the items of the rules that differ for a profile."""
        whole = shown.readings or bool(profile.facts["opinions"])  # an opinion may name any rule
        rulesets = [None, None] if whole else self._rulesets
        decisions = [
            evaluate(bundle, profile, self.as_of, shown.readings, explain=False, ruleset=ruleset)
            for bundle, ruleset in zip(self.sides, rulesets, strict=True)
        ]
        if shown.settled and any(found.rule.name in self.names for one in decisions for found in one.undetermined):
            return {}
        before, after = (itemize(one, bundle) for one, bundle in zip(decisions, self.sides, strict=True))
        return {
            key: pair
            for key, pair in compare_items(before, after).items()
            if any(item is not None and item.rule in self.names for item in pair)
        }

    def find_shown(self, profile: Profile) -> Shown | None:
        """Return the most telling kind of items that differ for a profile; None if none does."""
        return next((shown for shown in TELLING_FIRST if self.differing(profile, shown)), None)

    @functools.cached_property
    def _rulesets(self) -> Sequence[RuleSet]:
        """The rule sets of both sides, without rules on which no item of the rules depends.

        Duties and notes bear on nothing else, and depend on no rule but those that classify a service.
        """
        rules = [find_rule(bundle, name) for name in self.names for bundle in self.sides]
        decides = not all(rule is None or isinstance(rule.effect, Duty | Advise) for rule in rules)
        kinds = BEARING if decides else ("classify",)
        found = []
        for whole in (bundle.on(self.as_of) for bundle in self.sides):
            kept = {
                group: tuple([rule for rule in own if rule.kind in kinds or rule.name in self.names])
                for group, own in whole.rules.items()
            }
            found.append(dataclasses.replace(whole, rules=kept, indexed=False))
        return found
