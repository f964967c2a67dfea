"""Waiting: the first later day on which the law that the bundle knows already decides as wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vatspolicy.engine.decision import Decision
from vatspolicy.engine.evaluator import evaluate
from vatspolicy.guidance.remediation.change import Change, Edit, apply, marks
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Deny, Need, Route, Rule
from vatspolicy.profile.profile import Profile

DAYS = 12
"""How many later days are looked at, at most."""


def launch_later(
    bundle: Bundle, profile: Profile, decision: Decision, goal: Iterable[str], days: int = DAYS
) -> Iterator[tuple[Change, Profile, Decision]]:
    """The move to the first such day, the profile and the decision; nothing when no day is known."""
    mark = marks(bundle.schemas)["product", "launch"]
    for day in _days(bundle, decision)[:days]:
        # a launch that is planned for later still is not moved: only the day of the law is
        edits = () if day <= (profile.launch or "") else (Edit(("product", "launch"), day),)
        phrase = {"en": f"{mark.phrase['en']}: on {day}", "zh": f"{mark.phrase['zh']}：{day}"}
        move = Change("launch", (day,), mark.cost, edits, frozenset(), phrase)
        changed = apply(profile, [move])
        result = evaluate(bundle, changed, day)
        if result.decision in goal:
            yield move, changed, result
            return


def _days(bundle: Bundle, decision: Decision) -> list[str]:
    """Later days on which a rule begins or ends, or a parameter changes, that what stands in the way hangs on."""
    rules: dict[Rule, None] = {finding.rule: None for finding in (*decision.denials, *decision.needs)}
    rules |= {state.rule: None for finding in decision.denials for state in finding.routes}
    keys = {key for rule in rules for key in rule.parameters}
    days = {rule.until for rule in rules}
    for policy in bundle.policies.values():
        for parameter in policy.parameters.values():
            if parameter.key in keys:
                days |= {value.since for value in parameter.values}
        days |= {rule.since for rule in policy.rules if isinstance(rule.effect, Route)}
        days |= {rule.until for rule in policy.rules if isinstance(rule.effect, Deny | Need)}
    return sorted(day for day in days if decision.as_of < day < "9999")
