"""No decision is milder than the access rules as a small oracle knows them, over random profiles."""

from __future__ import annotations

import json

import pytest

from tests.support.access_oracle import OUTCOMES, judge
from tests.support.access_profiles import draw_profiles
from tests.support.effort import trials
from tests.support.shipped import shipped_bundle
from vatspolicy.core.engine.evaluator import possible_outcomes
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import load_profile

COUNT = trials(20_000)
"""How many profiles are decided; VATSPOLICY_FUZZ=10 takes 200,000."""
SHARES = 10


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return shipped_bundle()


@pytest.mark.parametrize("share", range(SHARES))
def test_no_decision_is_milder_than_the_oracle(share: int, shipped: Bundle) -> None:
    milder = []
    for profile, day in draw_profiles(COUNT // SHARES, seed=share):
        outcome, reasons = judge(profile, day)
        mildest, strictest = possible_outcomes(shipped.on(day), load_profile(profile), day, asking=False).range
        decided = mildest if mildest == strictest else strictest  # an open decision passes nothing
        if OUTCOMES.index(decided) < outcome:
            milder.append(
                f"{day} {decided} where the oracle says {OUTCOMES[outcome]}: {reasons}\n{json.dumps(profile)}"
            )
    assert not milder, f"{len(milder)} of {COUNT // SHARES}\n" + "\n".join(milder[:3])
