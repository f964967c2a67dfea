"""Classification: which classes of the Telecommunications Catalogue a service is of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vatspolicy.policies.model import Classify, Rule
from vatspolicy.policies.ruleset import Matches, RuleSet

if TYPE_CHECKING:
    from typing import Any

Interpretations = Mapping[tuple[str, str], str]
"""Readings other than the rules' own: (rule name, service id) to a class or `none`."""


@dataclass(frozen=True)
class Classification:
    """What the classify rules said of one service."""

    classes: Mapping[str, Rule]
    """Classes found, each with the first rule that found it."""
    possible: Mapping[str, Rule]
    """Further classes that a missing fact leaves open."""
    rules: tuple[Rule, ...]
    """Rules that spoke, those that say it is not telecommunications included."""
    undecided: tuple[Rule, ...]
    contested: tuple[Rule, ...]
    """Contested rules that spoke and that no dated opinion settles."""

    @property
    def state(self) -> str:
        """classified, not-telecom, partly-classified (a fact is missing) or unclassified (no rule speaks)."""
        if self.undecided:
            return "partly-classified"
        if self.classes:
            return "classified"
        return "not-telecom" if self.rules else "unclassified"


def classify(
    law: RuleSet, env: Mapping[str, Any], readings: Interpretations, spoken: Matches | None = None
) -> Classification:
    """Classify the service in `env`. An opinion in the profile settles contested rules; `readings` choose others.

    `spoken`: the classify rules that speak, with whether they hold, where that is known.
    """
    service = env["service"]
    opinion = service.get("class_opinion")
    classes: dict[str, Rule] = {}
    possible: dict[str, Rule] = {}
    spoke: list[Rule] = []
    undecided: list[Rule] = []
    contested: list[Rule] = []
    if spoken is None:
        spoken = law.match("service", ("classify",), env).rules(0)
    for rule, holds in spoken:
        effect = rule.effect
        assert isinstance(effect, Classify)
        if rule.contested and opinion is not None:
            found = tuple(opinion["classes"])
        else:
            reading = readings.get((rule.name, service["id"])) if readings else None
            found = effect.classes if reading is None else () if reading == "none" else (reading,)
            if rule.contested and holds:
                contested.append(rule)
        (spoke if holds else undecided).append(rule)
        for cls in found:
            (classes if holds else possible).setdefault(cls, rule)
    return Classification(
        classes,
        {cls: rule for cls, rule in possible.items() if cls not in classes} if possible else possible,
        tuple(spoke),
        tuple([rule for rule in undecided if any(cls not in classes for cls in _classes(rule)) or not spoke]),
        tuple(contested),
    )


def _classes(rule: Rule) -> tuple[str, ...]:
    return rule.effect.classes if isinstance(rule.effect, Classify) else ()
