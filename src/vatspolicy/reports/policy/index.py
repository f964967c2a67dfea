"""Pages over all policies as data: the index by topic and by authority, and the calendar of changes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import NEVER, Edition, Instrument, Policy, Rule
from vatspolicy.i18n import LocalizedText, Phrase

Pages = dict[str, str]
"""Text of pages by file name."""
MARK = "<!-- Made by `vatspolicy docs build`; change the policies and build again. -->"
"""First line of every page that the command may overwrite or remove."""

TOPICS: Mapping[str, LocalizedText] = {
    "telecom": Phrase("Telecommunications"),
    "foreign-investment": Phrase("Foreign investment"),
    "zones": Phrase("Zones and pilots"),
    "cross-border": Phrase("Cross-border supply and data"),
    "partner": Phrase("Partners"),
    "internet-filing": Phrase("Internet filings"),
    "content": Phrase("Content"),
    "platforms": Phrase("Platforms"),
    "cybersecurity": Phrase("Cybersecurity"),
    "data": Phrase("Data and personal information"),
    "ai": Phrase("Algorithms and AI"),
    "vehicles": Phrase("Vehicles"),
    "devices": Phrase("Devices"),
    "health": Phrase("Health"),
    "finance": Phrase("Finance"),
    "sectors": Phrase("Other sectors"),
    "deals": Phrase("Deals"),
    "definitions": Phrase("Shared definitions"),
}
"""Names of topics, in the order of the index: access first."""


def policies_by_topic(bundle: Bundle) -> dict[str, list[Policy]]:
    """Return the policies of every topic that has any; those no longer in force come last."""
    found = {topic: [one for one in bundle.policies.values() if topic in one.topics] for topic in TOPICS}
    return {
        topic: sorted(members, key=lambda one: (one.until != NEVER, one.id))
        for topic, members in found.items()
        if members
    }


def instruments_by_authority(bundle: Bundle) -> dict[str, list[tuple[Instrument, bool]]]:
    """Return the instruments of every authority that has any, each with whether it handles all cases."""
    found = {}
    for body in SchemaSet.shipped().load("vocabulary")["$defs"]["authority"]["enum"]:
        handled = [one for one in bundle.instruments.values() if any(body in names for _, names in one.authority)]
        if handled:
            found[body] = [
                (one, all(body in names for _, names in one.authority))
                for one in sorted(handled, key=lambda one: one.id)
            ]
    return found


@dataclass(frozen=True)
class ValueChange:
    """A new value of a parameter, as JSON."""

    name: str
    before: str
    after: str
    members: tuple[list[str], list[str]] | None
    """Members added and removed between two lists; None for values that are not lists."""


@dataclass(frozen=True)
class Changes:
    """Changes of one day in one policy."""

    policy: Policy
    begins: int | None
    """Number of rules that begin with the policy; None on any other day."""
    ends: int | None
    """Number of rules that end with the policy; None on any other day."""
    editions: tuple[Edition, ...]
    rules: tuple[tuple[Rule, bool], ...]
    """Rules that begin (True) or end (False) in a policy that stays."""
    changed_values: tuple[ValueChange, ...]

    def __bool__(self) -> bool:
        return (
            self.begins is not None or self.ends is not None or bool(self.editions or self.rules or self.changed_values)
        )


def days_of_change(bundle: Bundle) -> Iterator[tuple[str, list[Changes]]]:
    """Yield the days on which decisions change, newest first, with the changes in each policy."""
    for day in reversed(bundle.boundaries):
        changes = [found for policy in bundle.policies.values() if (found := changes_of(policy, day))]
        if changes:
            yield day, changes


def changes_of(policy: Policy, day: str) -> Changes:
    """Return the changes of a day in one policy; they are false for most days."""
    begins, ends = policy.since == day, policy.until == day
    rules: list[tuple[Rule, bool]] = []
    for rule in policy.rules:
        if rule.since == day and not begins:
            rules.append((rule, True))
        if rule.until == day and not ends:
            rules.append((rule, False))
    return Changes(
        policy,
        sum(rule.since == day for rule in policy.rules) if begins and policy.rules else None,
        sum(rule.until == day for rule in policy.rules) if ends and policy.rules else None,
        tuple(edition for edition in policy.editions if edition.since == day),
        tuple(rules),
        tuple(
            _compare(name, before.value, after.value)
            for name, parameter in policy.parameters.items()
            for before, after in zip(parameter.values, parameter.values[1:], strict=False)
            if after.since == day
        ),
    )


def _compare(name: str, before: object, after: object) -> ValueChange:
    old, new = (json.dumps(value, ensure_ascii=False) for value in (before, after))
    if not isinstance(before, list) or not isinstance(after, list):
        return ValueChange(name, old, new, None)
    gone, come = ([json.dumps(member, ensure_ascii=False) for member in value] for value in (before, after))
    members = ([member for member in come if member not in gone], [member for member in gone if member not in come])
    return ValueChange(name, old, new, members)
