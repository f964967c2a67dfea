"""What a profile states in part, evaluator and formulas read alike: the validity of a license, its kinds, a district.

A license that the profile calls valid, or not valid, is one with a last day that says so. Rules read the last day;
whoever states `valid` need not know it.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.support.assignments import Truths, assign, encode_shipped, period_of
from tests.support.partly_stated import CONFIRMED, DAY, SERVICES, holding, partly_stated
from tests.support.shipped import shipped_bundle
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.profile.profile import load_profile

SAME_AS = {"true": {"valid_until": "9999-12-31"}, "false": {"valid_until": "0001-01-01"}}
"""The last day that says the same as a word."""


def decisions(*cases: tuple[str, dict[str, Any], str]) -> list[Any]:
    bundle = shipped_bundle()
    return [evaluate(bundle, load_profile(holding(*case)), DAY) for case in cases]


def told(decision: Any) -> Any:
    """What a decision finds, apart from the words."""
    found = (*decision.denials, *decision.needs, *decision.duties, *decision.advice)
    return decision.range, {(one.rule.name, one.subject, one.state) for one in found}


@pytest.mark.parametrize("operated_by", ["company", "partner"])
@pytest.mark.parametrize("offer", SERVICES)
def test_a_word_says_what_a_last_day_says(offer: str, operated_by: str) -> None:
    for valid, same in ((True, SAME_AS["true"]), (False, SAME_AS["false"])):
        by_word, by_day = decisions((offer, {"valid": valid}, operated_by), (offer, same, operated_by))
        assert told(by_word) == told(by_day)
    ended, denied, unsaid = (
        told(one)
        for one in decisions(
            (offer, {"valid": True, "valid_until": "2026-11-23"}, operated_by),
            (offer, {"valid": False, "valid_until": DAY}, operated_by),
            (offer, {}, operated_by),
        )
    )
    assert ended == denied == told(decisions((offer, SAME_AS["false"], operated_by))[0])
    assert operated_by == "partner" or unsaid != ended


def test_formulas_read_what_is_written() -> None:
    """The facts are those that the profile states, without the last days that the reader adds."""
    every = copy.deepcopy([one.facts for one in partly_stated()])
    for facts, (_, stated, _) in zip(every, CONFIRMED, strict=False):
        for license in (one for holder in ("company", "partner") for one in facts.get(holder, {}).get("licenses", ())):
            license.pop("valid_until", None)
            license |= stated
    expected = [evaluate(shipped_bundle(), one, DAY).decision for one in partly_stated()]
    query, formulas = encode_shipped(period_of(shipped_bundle(), DAY))
    found = Truths(query, [assign(query, facts, DAY) for facts in every]).words(formulas)
    assert found == [[word] for word in expected]
    assert len(set(expected[: len(CONFIRMED)])) > 2
