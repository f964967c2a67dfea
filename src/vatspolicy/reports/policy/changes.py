"""What a day changes: the calendar of a bundle as data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Edition, Policy, Rule


@dataclass(frozen=True)
class Changes:
    """What one day changes in one policy."""

    policy: Policy
    begins: int | None
    """How many rules begin with the policy; None on any other day."""
    ends: int | None
    """How many rules end with the policy; None on any other day."""
    editions: tuple[Edition, ...]
    rules: tuple[tuple[Rule, bool], ...]
    """Rules that begin (True) or end (False) in a policy that stays."""
    values: tuple[tuple[str, Any, Any], ...]
    """Parameters with the value before and the value from the day on."""

    def __bool__(self) -> bool:
        return self.begins is not None or self.ends is not None or bool(self.editions or self.rules or self.values)


def days_of_change(bundle: Bundle) -> Iterator[tuple[str, list[Changes]]]:
    """Days on which decisions change, newest first, with what changes in each policy."""
    for day in reversed(bundle.boundaries):
        changes = [found for policy in bundle.policies.values() if (found := changes_of(policy, day))]
        if changes:
            yield day, changes


def changes_of(policy: Policy, day: str) -> Changes:
    """What a day changes in one policy; nothing (false) for most."""
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
            (name, before.value, after.value)
            for name, parameter in policy.parameters.items()
            for before, after in zip(parameter.values, parameter.values[1:], strict=False)
            if after.since == day
        ),
    )


def members_changed(before: Any, after: Any) -> tuple[list[str], list[str]] | None:
    """Members (as JSON) that come and that go between two lists; None for anything but lists."""
    if not isinstance(before, list) or not isinstance(after, list):
        return None
    old, new = ([json.dumps(member, ensure_ascii=False) for member in value] for value in (before, after))
    return [member for member in new if member not in old], [member for member in old if member not in new]
