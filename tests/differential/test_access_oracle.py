"""Decisions against the access rules as a small oracle knows them, over random profiles and days of change.

None is milder, and none is stricter without a reason in a list.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.access_oracle import OUTCOMES, judge
from tests.support.access_profiles import days_around, draw_profiles
from tests.support.effort import SEED, trials
from tests.support.shipped import shipped_bundle
from tests.support.stricter_than_oracle import unreasoned
from vatspolicy.core.documents import Document, parse_document
from vatspolicy.core.engine.evaluator import evaluate, possible_outcomes
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import Profile, load_profile, trust_profile

COUNT = trials(100_000)
"""How many profiles are decided: 20,000 in `make test`; VATSPOLICY_FUZZ=5 takes 500,000."""
SHARES = 10
CHECKED = 20
"""One profile in so many is checked by schema and invariants; drawing and reading cost more than deciding."""
_NOWHERE = parse_document("{}", "<drawn>.json").root


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return shipped_bundle()


@pytest.mark.parametrize("share", range(SHARES))
def test_no_decision_is_milder_than_the_oracle_or_stricter_without_a_reason(share: int, shipped: Bundle) -> None:
    """Each share has days of its own, so that each rule set is made for one of them."""
    milder, stricter = [], []
    days = days_around(shipped.boundaries)
    own = days[share * len(days) // SHARES : (share + 1) * len(days) // SHARES]
    for number, (data, day) in enumerate(draw_profiles(COUNT // SHARES, (SEED - 1) * SHARES + share, own)):
        outcome, reasons = judge(data, day)
        ruleset = shipped.on(day)
        profile = (load_profile(data) if number % CHECKED == 0 else _trust(data)).grant_all()
        mildest, strictest = possible_outcomes(ruleset, profile, day, asking=False).range
        decided = mildest if mildest == strictest else strictest  # an open decision passes nothing
        if OUTCOMES.index(decided) < outcome:
            milder.append(f"{day} {decided} where the oracle says {OUTCOMES[outcome]}: {reasons}\n{json.dumps(data)}")
        if OUTCOMES.index(mildest) > outcome:
            decision = evaluate(shipped, profile, day, compare=False, explain=False, ruleset=ruleset)
            stricter += [f"{day} {rule}\n{json.dumps(data)}" for rule in unreasoned(decision, data, day)]
    assert not milder, f"{len(milder)} of {COUNT // SHARES}\n" + "\n".join(milder[:3])
    assert not stricter, f"{len(stricter)} of {COUNT // SHARES}\n" + "\n".join(stricter[:3])


def _trust(data: Mapping[str, Any]) -> Profile:
    return trust_profile(Document("<drawn>", data, "", _NOWHERE))
