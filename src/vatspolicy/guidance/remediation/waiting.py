"""Postponement: the first later day on which the known law reaches the goal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Deny, Need, Route, Rule
from vatspolicy.core.profile.profile import Profile
from vatspolicy.guidance.remediation.change import Change, FactEdit, apply_changes, mutable_facts
from vatspolicy.i18n.words import FRAMES, both

DAYS = 40
"""Maximum number of later days that are evaluated."""


def postpone_launch(
    bundle: Bundle, profile: Profile, decision: Decision, goal: Iterable[str], days: int = DAYS
) -> Iterator[tuple[Change, Profile, Decision]]:
    """Yield the change of the launch to the first such day, the profile and the decision, if any."""
    mutability = mutable_facts(bundle.schemas)["product", "launch"]
    for day in _days(bundle, decision)[:days]:
        # a launch planned for even later is not moved: only the day of the law moves
        edits = () if day <= (profile.launch or "") else (FactEdit(("product", "launch"), day),)
        phrase = both(FRAMES, "detail", text=mutability.phrase, detail={"en": f"on {day}", "zh": day})
        change = Change("launch", (day,), mutability.cost, edits, frozenset(), phrase)
        changed = apply_changes(profile, [change])
        result = evaluate(bundle, changed, day)
        if result.decision in goal:
            yield change, changed, result
            return


def _days(bundle: Bundle, decision: Decision) -> list[str]:
    """Return the later days on which a rule behind an obstacle or a route begins or ends, or its parameter changes.

    Every route counts, since one that opens nothing yet may not match on the day of the decision.
    """
    rules: dict[Rule, None] = {finding.rule: None for finding in (*decision.denials, *decision.needs)}
    routes = [rule for policy in bundle.policies.values() for rule in policy.rules if isinstance(rule.effect, Route)]
    keys = {key for rule in (*rules, *routes) for key in rule.parameters}
    days = {rule.until for rule in rules}
    for policy in bundle.policies.values():
        for parameter in policy.parameters.values():
            if parameter.key in keys:
                days |= {value.since for value in parameter.values}
        days |= {rule.until for rule in policy.rules if isinstance(rule.effect, Deny | Need)}
    days |= {rule.since for rule in routes}
    return sorted(day for day in days if decision.as_of < day < "9999")
