"""Services that state the same: the range of a decision is that of any one of them."""

from __future__ import annotations

import copy

from tests.support.access_profiles import days_around, draw_profiles
from tests.support.effort import SEED, trials
from tests.support.shipped import shipped_bundle
from vatspolicy.core.engine.evaluator import possible_outcomes
from vatspolicy.core.profile.profile import load_profile


def test_a_range_counts_services_that_state_the_same_once() -> None:
    bundle = shipped_bundle()
    days = days_around(bundle.boundaries)[-2:]
    for data, day in draw_profiles(trials(200), SEED, days):
        several = copy.deepcopy(dict(data))
        several["services"] = [{**one, "id": f"{one['id']}-{copied}"} for one in data["services"] for copied in "abc"]
        profile = load_profile(several).grant_all()
        ranges = [possible_outcomes(bundle.on(day), profile, day, asking=asking).range for asking in (True, False)]
        assert ranges[0] == ranges[1], several
