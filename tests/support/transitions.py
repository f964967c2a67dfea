"""Attacks on what the solver says of changes of the decision word."""

from __future__ import annotations

import random
from typing import Any

from tests.support.effort import LONG
from tests.support.random_inputs import Profiles, hints_of, near_days
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import load_granted
from vatspolicy.errors import InvalidInput
from vatspolicy.proofs import RuleVerdict, Transitions
from vatspolicy.proofs.decision_encoder import rule_states
from vatspolicy.proofs.domain import iso, ordinal
from vatspolicy.proofs.timeline import END, find_rule
from vatspolicy.proofs.verdicts import PAIRS
from vatspolicy.proofs.witness import decision_of, places, without


def checked(base: Bundle, head: Bundle, found: Transitions, attackers: int = 40) -> Transitions:
    """Every witness is decided as it says and cannot be made smaller; no random profile shows what is impossible."""
    assert [(t.before, t.after) for t in found.found] == list(PAIRS)
    for transition in found.possible:
        assert transition.witness is not None
        assert transition.as_of is not None
        assert transition.first_day is not None
        profile = load_granted(dict(transition.witness))
        words = tuple(evaluate(bundle, profile, transition.as_of).decision for bundle in (base, head))
        assert words == (transition.before, transition.after)
        assert transition.first_day <= transition.as_of <= (transition.last_day or END)
        days = [transition.first_day, *([transition.last_day] if transition.last_day else [])]
        assert all(decision_of(base, profile, day) != decision_of(head, profile, day) for day in days)
        outside = [iso(ordinal(transition.first_day) - 1)] if transition.first_day > base.covers_from else []
        outside += [iso(ordinal(transition.last_day) + 1)] if transition.last_day else []
        assert all(decision_of(base, profile, day) == decision_of(head, profile, day) for day in outside)
        for place in places(dict(transition.witness)):
            assert not still(base, head, without(transition.witness, place), transition.as_of, words), place
    draw = random.Random(5)
    made = Profiles(draw, hints_of(head))
    impossible = {transition.name for transition in found.impossible}
    for _ in range(attackers if LONG else attackers // 3):
        profile, day = made.profile(), max(near_days(draw, head.boundaries), base.covers_from, head.covers_from)
        assert f"{decision_of(base, profile, day)}->{decision_of(head, profile, day)}" not in impossible
    return found


def confirm(base: Bundle, head: Bundle, verdict: RuleVerdict) -> None:
    """A witness shows what the verdict on a rule says; a verdict without one says so."""
    if verdict.witness is None:
        assert verdict.verdict not in ("witness", "masked")
        return
    assert verdict.as_of is not None
    profile = load_granted(dict(verdict.witness))
    assert evaluate(base, profile, verdict.as_of).decision == verdict.before
    told = [rule_states(side, find_rule(side, verdict.rule), profile, verdict.as_of) for side in (base, head)]
    assert told[0] != told[1] or verdict.transitions
    if verdict.transitions:
        assert f"{verdict.before}->{verdict.after}" in verdict.transitions


def still(base: Bundle, head: Bundle, data: dict[str, Any] | None, day: str, words: tuple[str, ...]) -> bool:
    if data is None:
        return False
    try:
        profile = load_granted(data)
    except InvalidInput:
        return False
    return tuple(evaluate(bundle, profile, day).decision for bundle in (base, head)) == words


def names(found: Transitions) -> set[str]:
    return {transition.name for transition in found.possible}
